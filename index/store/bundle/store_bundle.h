/*
 * A bundle: a store in one file, written once from front to back and then only
 * read. docs/format-bundle.md describes the bytes.
 *
 *     create -> put ... put -> finish        open -> get, list
 *
 * One value at a time is on its way in: a second put() waits until the first
 * writer ends, so one thread must not hold two. Values can be read as soon as they
 * are committed; the file is a bundle, and durable, only after finish. Nothing can
 * be removed.
 */
#ifndef ZLLM_STORE_BUNDLE_H
#define ZLLM_STORE_BUNDLE_H

struct err;
struct store;

/* Begins a bundle in the empty file `fd`, open for reading and writing, which stays
 * the caller's and outlives the store. `name` is for messages. */
int store_bundle_create(int fd, const char *name, struct store **out, struct err *err);

/* Writes the table: the last call before the store is closed. No writer is open. */
int store_bundle_finish(struct store *s, struct err *err);

/* Opens the bundle in the file `fd`, which stays the caller's. Everything but the
 * values themselves is checked. ERR_INPUT when it is no bundle, ERR_DAMAGED,
 * ERR_FORMAT. */
int store_bundle_open(int fd, const char *name, struct store **out, struct err *err);

#endif
