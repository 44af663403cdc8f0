/*
 * A record in a store, opened: its head is read and checked, its frames' stored bytes
 * can be read. What was damaged on the way is fetched once more, and what a cache of
 * bases has wrong comes from the store.
 * Thread rule: one thread at a time for each.
 */
#ifndef ZLLM_RECORD_FILE_H
#define ZLLM_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/record.h"
#include "index/store/store_keys.h"

struct err;
struct store_reader;
struct transfer;

struct record_file {
	const struct transfer *transfer;
	struct store_reader *file;
	char key[KEY_MAX];
	bool cached; /* it may come from the cache */
	struct record_head head;
	size_t head_size;
	uint64_t *starts; /* of each frame's stored bytes, from the head's end */
};

/* What the record should be. */
struct record_want {
	const char *key;
	uint64_t size;            /* of its content, bytes; UINT64_MAX: not known */
	uint64_t guess;           /* what it may be where it is not known */
	const struct xxh128 *sum; /* of its content; NULL: not known */
};

/* Opens it; `f` has its transfer and `cached`, and zeros else. 1 when there is none;
 * ERR_DAMAGED also where its head says that it is the record of another content. The
 * caller closes in any case. */
int record_file_open(struct record_file *f, const struct record_want *want,
                     struct err *err);
void record_file_close(struct record_file *f);

/* Opens it again, in the store. It must look as before: its bases are open, and the caller
 * is within its frames. Where that fails `f` is as it was. */
int record_file_reopen(struct record_file *f, struct err *err);

/* Leaves the cache, whose entry is wrong, for the store itself. */
int record_file_leave_cache(struct record_file *f, struct err *err);

/* Whether the store should be asked once more after `rc`: what is damaged on the way, by
 * a proxy or a line without TLS, is whole where it lies. What is damaged there comes
 * damaged again. */
bool record_file_worth_another(const struct record_file *f, int rc);

/* Bytes of the stored frames [first, first + count). */
size_t record_file_stored(const struct record_file *f, uint32_t first, uint32_t count);

/* Reads them into `dst`. */
int record_file_read(const struct record_file *f, uint32_t first, uint32_t count,
                     uint8_t *dst, struct err *err);

#endif
