#include "agent/moving/import_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/where/base_cache.h"
#include "codec/common/buf.h"
#include "index/batch/batch.h"

enum { LINE_MAX_BYTES = 256, SETTLED_SECONDS = 2, MEMORY_MAX = 64 << 20 /* bytes */ };

/* What a file is known by. */
static int format_key(const struct batch_file *f, char *out, size_t n)
{
	return snprintf(out, n,
	                "%" PRIuMAX " %" PRIuMAX " %" PRIu64 " %lld.%09ld %lld.%09ld",
	                (uintmax_t)f->device, (uintmax_t)f->inode, f->size,
	                (long long)f->modified.tv_sec, f->modified.tv_nsec,
	                (long long)f->changed.tv_sec, f->changed.tv_nsec);
}

/* ---------------------------------------------------------------- reading */

struct line {
	char text[LINE_MAX_BYTES]; /* the key, and behind a NUL nothing */
	struct oid oid;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

/* "<key> <oid>\n"; what is no such line, or only a part of one, is passed over. */
static bool parse_line(const char *text, struct line *out)
{
	size_t n = strlen(text);
	char hex[SHA256_HEX + 1];

	if (n < SHA256_HEX + 2 || n >= LINE_MAX_BYTES || text[n - 1] != '\n' ||
	    text[n - SHA256_HEX - 2] != ' ')
		return false;
	memcpy(hex, text + n - SHA256_HEX - 1, SHA256_HEX);
	hex[SHA256_HEX] = 0;
	memcpy(out->text, text, n - SHA256_HEX - 2);
	out->text[n - SHA256_HEX - 2] = 0;
	return oid_parse(hex, &out->oid);
}

static void read_lines(FILE *file, struct buf *out)
{
	char text[LINE_MAX_BYTES];
	struct line line;

	while (fgets(text, sizeof(text), file))
		if (parse_line(text, &line))
			buf_add(out, &line, sizeof(line));
}

static void fill_in(const struct buf *lines, struct batch *b)
{
	size_t count = lines->size / sizeof(struct line);

	for (size_t i = 0; i < batch_file_count(b); i++) {
		struct batch_file *file = batch_file(b, i);
		struct line wanted;
		format_key(file, wanted.text, sizeof(wanted.text));
		const struct line *found =
			file->known == BATCH_UNKNOWN && count
				? bsearch(&wanted, lines->data, count, sizeof(wanted),
		                          by_text)
				: NULL;
		if (!found)
			continue;
		file->oid = found->oid;
		file->known = BATCH_REMEMBERED;
	}
}

/* ---------------------------------------------------------------- the file */

static FILE *open_file(const char *folder)
{
	struct buf path = BUF_INIT;
	struct stat st;
	FILE *file = NULL;

	buf_addf(&path, "%s/imports", folder);
	if (mkdir(folder, 0700) && errno == ENOENT) {
		char *above = strdup(folder);
		char *slash = above ? strrchr(above, '/') : NULL;
		if (slash && slash != above) {
			*slash = 0;
			mkdir(above, 0700);
			mkdir(folder, 0700);
		}
		free(above);
	}
	int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	int fd = path.failed ? -1 : open(buf_text(&path), flags, 0600);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > MEMORY_MAX &&
	    ftruncate(fd, 0)) /* it begins anew */
		errno = 0;
	if (fd >= 0)
		file = fdopen(fd, "a+");
	if (fd >= 0 && !file)
		close(fd);
	buf_wipe(&path);
	return file;
}

void import_memory_open(struct import_memory *m, const struct lfs_config *config,
                        struct batch *b)
{
	char *folder = base_cache_folder(config);
	struct buf lines = BUF_INIT;

	m->file = folder ? open_file(folder) : NULL;
	free(folder);
	if (!m->file)
		return;
	rewind(m->file);
	read_lines(m->file, &lines);
	size_t count = lines.size / sizeof(struct line);
	if (count)
		qsort(lines.data, count, sizeof(struct line), by_text);
	fill_in(&lines, b);
	buf_wipe(&lines);
}

void import_memory_close(struct import_memory *m)
{
	if (m->file)
		fclose(m->file);
	m->file = NULL;
}

void import_memory_add(struct import_memory *m, const struct batch_file *file)
{
	char key[LINE_MAX_BYTES], hex[SHA256_HEX + 1];
	struct timespec now;

	if (!m->file || clock_gettime(CLOCK_REALTIME, &now) ||
	    now.tv_sec - file->modified.tv_sec < SETTLED_SECONDS ||
	    now.tv_sec - file->changed.tv_sec < SETTLED_SECONDS)
		return;
	int n = format_key(file, key, sizeof(key));
	if (n < 0 || (size_t)n + SHA256_HEX + 2 >= sizeof(key))
		return;
	oid_format(&file->oid, hex);
	fprintf(m->file, "%s %s\n", key, hex);
	fflush(m->file);
}
