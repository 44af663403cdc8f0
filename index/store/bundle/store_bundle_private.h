/* What the two halves of the bundle share: what is in it, and the layout. */
#ifndef ZLLM_STORE_BUNDLE_PRIVATE_H
#define ZLLM_STORE_BUNDLE_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/store/store.h"

enum {
	BUNDLE_VERSION = 1,
	BUNDLE_HEAD_SIZE = 16,
	BUNDLE_TAIL_SIZE = 32,
	BUNDLE_TABLE_MAX = 1 << 30, /* bytes */
	BUNDLE_ENTRIES_MAX = 1 << 24,
	BUNDLE_ENTRY_MIN = 10 /* bytes of an entry with a key of one */
};

struct bundle_entry {
	char *key; /* owned */
	uint64_t offset, size;
};

/* The lock guards entries, end and busy; fd, name and the bytes of what is
 * committed do not change. */
struct bundle {
	struct store base;
	char *name; /* owned */
	int fd;
	bool sealed; /* no more values: opened, or finished */
	pthread_mutex_t lock;
	pthread_cond_t idle;          /* no writer is open */
	bool busy;                    /* one is */
	uint64_t end;                 /* where the next value begins */
	struct bundle_entry *entries; /* in byte order of the keys */
	size_t count, cap;
};

/* A bundle with no entries, on the way to be opened or created. */
int bundle_new(int fd, const char *name, struct bundle **out, struct err *err);
void bundle_free(struct bundle *b);

/* Where `key` is or would be; under the lock, as the next. */
size_t bundle_entry_at(const struct bundle *b, const char *key);
bool bundle_has(const struct bundle *b, const char *key);

/* Reads and writes the file exactly, with the bundle's name in the errors. A file
 * that ends early is ERR_DAMAGED. */
int bundle_pread(const struct bundle *b, uint64_t at, void *dst, size_t n,
                 struct err *err);
int bundle_pwrite(const struct bundle *b, uint64_t at, const void *src, size_t n,
                  struct err *err);

/* The put() of the store. */
int bundle_put(struct store *s, const char *key, size_t head_size,
               struct store_writer **out, struct err *err);

/* The first bytes of every bundle. */
extern const uint8_t bundle_head[BUNDLE_HEAD_SIZE];

#endif
