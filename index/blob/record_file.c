#include "index/blob/record_file.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/record_check.h"
#include "index/blob/transfer.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"

/* Holds the head of most records. */
enum { FIRST_READ = 64 * 1024 };

static int find_starts(struct record_file *f, struct err *err)
{
	uint64_t at = 0;

	f->starts = malloc(((size_t)f->head.frame_count + 1) * sizeof(*f->starts));
	if (!f->starts)
		return err_nomem(err, "a table of frames");
	for (uint32_t i = 0; i < f->head.frame_count; i++) {
		f->starts[i] = at;
		at += f->head.frames[i].stored;
	}
	f->starts[f->head.frame_count] = at;
	return 0;
}

/* How much of a record to fetch at once: all of it, if it is not too much. A record
 * is hardly larger than its content, and a base as large as what it predicts. */
static size_t first_want(const struct transfer *t, uint64_t size)
{
	size_t most = transfer_first_read(t);

	return size < most - FIRST_READ ? (size_t)size + FIRST_READ : most;
}

void record_file_close(struct record_file *f)
{
	store_reader_close(f->file);
	record_head_wipe(&f->head);
	free(f->starts);
	f->file = NULL;
	f->starts = NULL;
}

/* A record that lies under another's name is known by its head, before anything of it is
 * decoded. */
static int check_head(const struct record_file *f, const struct record_want *want,
                      struct err *err)
{
	if (want->size != UINT64_MAX && f->head.size != want->size)
		return err_set(
			err, ERR_DAMAGED, "holds %llu bytes where %llu are expected",
			(unsigned long long)f->head.size, (unsigned long long)want->size);
	if (want->sum && !xxh128_equal(&f->head.sum, want->sum))
		return err_set(
			err, ERR_DAMAGED,
			"its checksum is not the one that the manifest has for it");
	return 0;
}

/* 1 when there is none. */
static int open_in(struct record_file *f, struct store *from,
                   const struct record_want *want, struct err *err)
{
	int rc = store_get(from, f->key, first_want(f->transfer, want->guess), &f->file,
	                   err);

	if (rc)
		return rc;
	rc = record_head_read(f->file, FIRST_READ, &f->head, &f->head_size, err);
	if (!rc)
		rc = check_head(f, want, err);
	if (!rc)
		rc = find_starts(f, err);
	if (rc)
		err_context(err, "record %s", f->key);
	return rc;
}

bool record_file_worth_another(const struct record_file *f, int rc)
{
	return f->transfer->store->remote && (rc == ERR_DAMAGED || rc == ERR_FORMAT);
}

static int open_in_store(struct record_file *f, const struct record_want *want,
                         struct err *err)
{
	int rc = open_in(f, f->transfer->store, want, err);

	if (!record_file_worth_another(f, rc))
		return rc;
	record_file_close(f);
	return open_in(f, f->transfer->store, want, err);
}

int record_file_reopen(struct record_file *f, struct err *err)
{
	struct record_file fresh = { .transfer = f->transfer, .cached = f->cached };
	const struct record_want want = { .size = f->head.size,
		                          .guess = f->head.size,
		                          .sum = &f->head.sum };

	strcpy(fresh.key, f->key);
	int rc = open_in_store(&fresh, &want, err);
	if (!rc && (fresh.head.frame_size != f->head.frame_size ||
	            !record_basis_equal(&fresh.head.basis, &f->head.basis)))
		rc = err_set(err, ERR_DAMAGED, "record %s: has other frames", f->key);
	record_file_close(rc ? &fresh : f);
	if (!rc)
		*f = fresh;
	return rc;
}

int record_file_leave_cache(struct record_file *f, struct err *err)
{
	f->cached = false;
	store_cache_drop(f->transfer->cache, f->key);
	return record_file_reopen(f, err);
}

int record_file_open(struct record_file *f, const struct record_want *want,
                     struct err *err)
{
	struct err why = ERR_INIT;

	strcpy(f->key, want->key);
	if (!f->cached)
		return open_in_store(f, want, err);
	int rc = open_in(f, f->transfer->cache, want, &why);
	if (rc == ERR_DAMAGED || rc == ERR_FORMAT) {
		f->cached = false;
		store_cache_drop(f->transfer->cache, f->key);
		record_file_close(f);
		return open_in_store(f, want, err);
	}
	if (rc)
		*err = why;
	return rc;
}

size_t record_file_stored(const struct record_file *f, uint32_t first, uint32_t count)
{
	return (size_t)(f->starts[first + count] - f->starts[first]);
}

int record_file_read(const struct record_file *f, uint32_t first, uint32_t count,
                     uint8_t *dst, struct err *err)
{
	int rc = store_read(f->file, f->head_size + f->starts[first], dst,
	                    record_file_stored(f, first, count), err);

	return rc ? err_context(err, "record %s", f->key) : 0;
}
