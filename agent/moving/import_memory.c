#include "agent/moving/import_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/where/base_cache.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/batch/batch.h"
#include "index/work/file_range.h"

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

/* Of `n` bytes; a line that does not end is another process's that is being written. */
static void read_lines(const char *text, size_t n, struct buf *out)
{
	const char *end = text + n, *newline;
	char one[LINE_MAX_BYTES];
	struct line line;

	for (; (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1) {
		size_t length = (size_t)(newline - text) + 1;
		if (length >= sizeof(one))
			continue;
		memcpy(one, text, length);
		one[length] = 0;
		if (parse_line(one, &line))
			buf_add(out, &line, sizeof(line));
	}
}

static void read_all(int fd, struct buf *lines)
{
	struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size &&
	    buf_reserve(&text, (size_t)st.st_size) &&
	    !file_range_read(fd, 0, text.data, (size_t)st.st_size, &ignored))
		read_lines((const char *)text.data, (size_t)st.st_size, lines);
	buf_wipe(&text);
}

static void fill_in(const struct buf *lines, struct batch *b)
{
	size_t count = lines->size / sizeof(struct line);

	for (size_t i = 0; i < batch_file_count(b); i++) {
		struct batch_file *file = batch_file(b, i);
		struct line wanted;
		format_key(file, wanted.text, sizeof(wanted.text));
		const struct line *found = file->known == BATCH_UNKNOWN && count
		                                   ? bsearch(&wanted, lines->data, count,
		                                             sizeof(wanted), by_text)
		                                   : NULL;
		if (!found)
			continue;
		file->oid = found->oid;
		file->known = BATCH_REMEMBERED;
	}
}

/* ---------------------------------------------------------------- the file */

static int open_file(const char *folder)
{
	struct buf path = BUF_INIT;
	struct stat st;

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
	buf_wipe(&path);
	return fd;
}

void import_memory_open(struct import_memory *m, const struct lfs_config *config,
                        struct batch *b)
{
	char *folder = base_cache_folder(config);
	struct buf lines = BUF_INIT;

	m->fd = folder ? open_file(folder) : -1;
	free(folder);
	if (m->fd < 0)
		return;
	read_all(m->fd, &lines);
	size_t count = lines.size / sizeof(struct line);
	if (count)
		qsort(lines.data, count, sizeof(struct line), by_text);
	fill_in(&lines, b);
	buf_wipe(&lines);
}

void import_memory_close(struct import_memory *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

void import_memory_add(struct import_memory *m, const struct batch_file *file)
{
	char key[LINE_MAX_BYTES], hex[SHA256_HEX + 1];
	struct timespec now;

	if (m->fd < 0 || clock_gettime(CLOCK_REALTIME, &now) ||
	    now.tv_sec - file->modified.tv_sec < SETTLED_SECONDS ||
	    now.tv_sec - file->changed.tv_sec < SETTLED_SECONDS)
		return;
	int n = format_key(file, key, sizeof(key));
	if (n < 0 || (size_t)n + SHA256_HEX + 2 >= sizeof(key))
		return;
	oid_format(&file->oid, hex);
	key[n++] = ' ';
	memcpy(key + n, hex, SHA256_HEX);
	key[n + SHA256_HEX] = '\n';
	/* In one piece, so that lines of several processes do not mix; one that could not
	 * be written is not remembered. */
	if (write(m->fd, key, (size_t)n + SHA256_HEX + 1) < 0)
		errno = 0;
}
