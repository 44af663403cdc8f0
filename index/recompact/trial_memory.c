#include "index/recompact/trial_memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/common/xxh128.h"
#include "index/work/file_range.h"
#include "index/work/file_replace.h"

enum {
	PLACES = 2 * TRIAL_MEMORY_MAX, /* open addressing, at most half full */
	FIRST_PLACES = 1024,
	ID_PART = 16,
	ENTRY = 2 * ID_PART + 4,
	MAGIC = 8,
	HEAD = MAGIC + 16,
	SUM = 16,
	FILE_MAX = HEAD + TRIAL_MEMORY_MAX * ENTRY + SUM
};

static const char magic[MAGIC] = "ZLLMTRI";

struct trial {
	uint8_t blob[ID_PART], base[ID_PART];
	uint32_t permille;
	bool used;
};

struct trial_memory {
	pthread_mutex_t lock; /* guards the rest */
	struct trial *list;
	size_t places; /* a power of two */
	size_t count;
};

int trial_memory_new(struct trial_memory **out, struct err *err)
{
	struct trial_memory *m = calloc(1, sizeof(*m));

	if (m)
		m->list = calloc(FIRST_PLACES, sizeof(*m->list));
	if (!m || !m->list) {
		free(m);
		return err_nomem(err, "a memory of trials");
	}
	m->places = FIRST_PLACES;
	pthread_mutex_init(&m->lock, NULL);
	*out = m;
	return 0;
}

void trial_memory_free(struct trial_memory *m)
{
	if (!m)
		return;
	pthread_mutex_destroy(&m->lock);
	free(m->list);
	free(m);
}

/* ---------------------------------------------------------------- finding */

static struct trial *place_of(struct trial *list, size_t places, const uint8_t *blob,
                              const uint8_t *base)
{
	size_t at = (size_t)(le64_load(blob) ^ le64_load(base) * 3) & (places - 1);

	while (list[at].used && (memcmp(list[at].blob, blob, ID_PART) != 0 ||
	                         memcmp(list[at].base, base, ID_PART) != 0))
		at = (at + 1) & (places - 1);
	return &list[at];
}

/* Where there is no memory for more, no more is remembered. */
static bool has_room(struct trial_memory *m)
{
	size_t places = 2 * m->places;

	if (m->count >= TRIAL_MEMORY_MAX)
		return false;
	if (2 * (m->count + 1) <= m->places || m->places == PLACES)
		return true;
	struct trial *larger = calloc(places, sizeof(*larger));
	if (!larger)
		return false;
	for (size_t i = 0; i < m->places; i++)
		if (m->list[i].used)
			*place_of(larger, places, m->list[i].blob,
			          m->list[i].base) = m->list[i];
	free(m->list);
	m->list = larger;
	m->places = places;
	return true;
}

static void add(struct trial_memory *m, const uint8_t *blob, const uint8_t *base,
                uint32_t permille)
{
	struct trial *at = place_of(m->list, m->places, blob, base);

	if (!at->used) {
		if (!has_room(m))
			return;
		at = place_of(m->list, m->places, blob, base);
		m->count++;
	}
	memcpy(at->blob, blob, ID_PART);
	memcpy(at->base, base, ID_PART);
	at->permille = permille;
	at->used = true;
}

bool trial_memory_find(struct trial_memory *m, const struct oid *blob,
                       const struct oid *base, uint32_t *permille)
{
	if (!m)
		return false;
	pthread_mutex_lock(&m->lock);
	const struct trial *at = place_of(m->list, m->places, blob->bytes, base->bytes);
	bool found = at->used;
	if (found)
		*permille = at->permille;
	pthread_mutex_unlock(&m->lock);
	return found;
}

void trial_memory_add(struct trial_memory *m, const struct oid *blob,
                      const struct oid *base, uint32_t permille)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	add(m, blob->bytes, base->bytes, permille);
	pthread_mutex_unlock(&m->lock);
}

size_t trial_memory_count(struct trial_memory *m)
{
	pthread_mutex_lock(&m->lock);
	size_t count = m->count;
	pthread_mutex_unlock(&m->lock);
	return count;
}

/* ---------------------------------------------------------------- the file */

static void add_head(struct buf *out)
{
	struct xxh128 version = xxh128_of(ZLLM_VERSION, strlen(ZLLM_VERSION));

	buf_add(out, magic, MAGIC);
	buf_add(out, version.bytes, sizeof(version.bytes));
}

void trial_memory_parse(struct trial_memory *m, const uint8_t *bytes, size_t n)
{
	struct buf head = BUF_INIT;

	add_head(&head);
	bool ours = !head.failed && n >= HEAD + SUM && n <= FILE_MAX &&
	            (n - HEAD - SUM) % ENTRY == 0 && memcmp(bytes, head.data, HEAD) == 0;
	if (ours) {
		struct xxh128 sum = xxh128_of(bytes, n - SUM);
		ours = memcmp(sum.bytes, bytes + n - SUM, SUM) == 0;
	}
	buf_wipe(&head);
	pthread_mutex_lock(&m->lock);
	for (size_t at = HEAD; ours && at + SUM < n; at += ENTRY)
		add(m, bytes + at, bytes + at + ID_PART,
		    le32_load(bytes + at + 2 * (size_t)ID_PART));
	pthread_mutex_unlock(&m->lock);
}

void trial_memory_load(struct trial_memory *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct err ignored = ERR_INIT;
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX) {
		uint8_t *bytes = malloc((size_t)st.st_size + 1);
		if (bytes && !file_range_read(fd, 0, bytes, (size_t)st.st_size, &ignored))
			trial_memory_parse(m, bytes, (size_t)st.st_size);
		free(bytes);
	}
	close(fd);
}

static void format(struct trial_memory *m, struct buf *out)
{
	add_head(out);
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->places; i++) {
		const struct trial *t = &m->list[i];
		if (!t->used)
			continue;
		buf_add(out, t->blob, ID_PART);
		buf_add(out, t->base, ID_PART);
		buf_add_u32(out, t->permille);
	}
	pthread_mutex_unlock(&m->lock);
	if (out->failed)
		return;
	struct xxh128 sum = xxh128_of(out->data, out->size);
	buf_add(out, sum.bytes, SUM);
}

int trial_memory_save(struct trial_memory *m, const char *path, struct err *err)
{
	struct file_replace f = FILE_REPLACE_INIT;
	struct buf bytes = BUF_INIT;
	int rc;

	format(m, &bytes);
	rc = bytes.failed ? err_nomem(err, "a memory of trials")
	                  : file_replace_begin(path, &f, err);
	if (!rc)
		rc = file_range_write(f.fd, 0, bytes.data, bytes.size, err);
	if (!rc)
		rc = file_replace_commit(&f, err);
	else
		file_replace_abort(&f);
	buf_wipe(&bytes);
	return rc;
}
