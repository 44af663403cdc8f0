/*
 * A store for copying one value while it is read and decoded: what is read of `key`,
 * from its beginning to its end, is also appended to a writer.
 *
 *     get key    ->  the far store, and every byte of it into the copy
 *     get other  ->  the near store, else the far one
 *     list       ->  the far store
 *
 * So a record's base comes from the near store, where it was copied before.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_STORE_TEE_H
#define ZLLM_STORE_TEE_H

#include <stdint.h>

struct err;
struct store;
struct store_writer;

/* What is copied, from where to where. */
struct store_tee_ends {
	struct store *far, *near;
	const char *key;
	struct store_writer *copy;
};

/* All that is given stays the caller's and outlives the store. Reading `key` out of
 * order is ERR_INPUT: whoever decodes a record reads it from front to back. Nothing can
 * be put or removed. */
int store_tee_new(const struct store_tee_ends *ends, struct store **out, struct err *err);

/* Bytes in the copy; the whole when `size` of the opened key says so too, which is 0
 * before it was opened. */
uint64_t store_tee_copied(const struct store *tee, uint64_t *size);

#endif
