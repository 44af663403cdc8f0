/*
 * A store before another that seems to hold millions of base markers more, all under one
 * name-key and band: what somebody who may write puts there to hurt. They are made as they
 * are listed, in order, and take no memory. One that is removed stays listed, as in a
 * bucket that forgets.
 */
#ifndef ZLLM_TESTS_FLOODED_STORE_H
#define ZLLM_TESTS_FLOODED_STORE_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "index/store/store.h"
#include "index/store/store_keys.h"

struct flooded_store {
	struct store base;
	struct store *real;       /* not owned */
	struct key_marker marker; /* their name-key and band, and an object */
	uint64_t count;
	atomic_ullong listed, removed;
};

/* Number `i` of them: in the order of their keys, behind all others of the band. */
static inline void flood_key(const struct flooded_store *s, uint64_t i, char key[KEY_MAX])
{
	struct key_marker m = s->marker;

	memset(m.sketch, 0xff, sizeof(m.sketch));
	for (unsigned k = 0; k < 8; k++) {
		m.sketch[8 + k] = (uint8_t)(i >> (56 - 8 * k));
		m.id.bytes[k] = (uint8_t)(i >> (8 * k));
	}
	key_marker(&m, key);
}

struct flood_listing {
	struct flooded_store *store;
	const char *prefix;
	store_each_fn *each;
	void *ctx;
	bool over; /* all were told */
};

static inline int flood_tell(struct flood_listing *l)
{
	char key[KEY_MAX];
	int rc = 0;

	l->over = true;
	flood_key(l->store, 0, key);
	if (strncmp(key, l->prefix, strlen(l->prefix)) != 0)
		return 0;
	for (uint64_t i = 0; i < l->store->count && !rc; i++) {
		flood_key(l->store, i, key);
		const struct store_entry entry = { .key = key };
		atomic_fetch_add(&l->store->listed, 1);
		rc = l->each(l->ctx, &entry);
	}
	return rc;
}

static inline int flood_pass(void *ctx, const struct store_entry *entry)
{
	struct flood_listing *l = ctx;
	char first[KEY_MAX];
	int rc = 0;

	flood_key(l->store, 0, first);
	if (!l->over && strcmp(entry->key, first) > 0)
		rc = flood_tell(l);
	return rc ? rc : l->each(l->ctx, entry);
}

static inline int flood_list(struct store *store, const char *prefix, store_each_fn *each,
                             void *ctx, struct err *err)
{
	struct flooded_store *s = (struct flooded_store *)store;
	struct flood_listing l = { s, prefix, each, ctx, false };
	int rc = store_list(s->real, prefix, flood_pass, &l, err);

	return rc || l.over ? rc : flood_tell(&l);
}

static inline int flood_get(struct store *store, const char *key, size_t want,
                            struct store_reader **out, struct err *err)
{
	return store_get(((struct flooded_store *)store)->real, key, want, out, err);
}

static inline int flood_put(struct store *store, const char *key, size_t head,
                            struct store_writer **out, struct err *err)
{
	return store_put(((struct flooded_store *)store)->real, key, head, out, err);
}

static inline int flood_remove(struct store *store, const char *key, struct err *err)
{
	struct flooded_store *s = (struct flooded_store *)store;
	struct key_marker m;

	if (!key_parse_marker(key, &m) || m.sketch[0] != 0xff)
		return store_remove(s->real, key, err);
	atomic_fetch_add(&s->removed, 1);
	return 0;
}

static inline int flood_aside(struct store *store, const char *key, const char *trash,
                              struct err *err)
{
	return store_move_aside(((struct flooded_store *)store)->real, key, trash, err);
}

static inline int flood_restore(struct store *store, const char *trash, const char *key,
                                struct err *err)
{
	return store_restore(((struct flooded_store *)store)->real, trash, key, err);
}

static inline void flood_close(struct store *store)
{
	(void)store;
}

static const struct store_ops flood_ops = { .get = flood_get,
	                                    .put = flood_put,
	                                    .list = flood_list,
	                                    .remove = flood_remove,
	                                    .set_aside = flood_aside,
	                                    .restore = flood_restore,
	                                    .close = flood_close };

static inline void flooded_store_init(struct flooded_store *s, struct store *real,
                                      const struct key_marker *marker, uint64_t count)
{
	memset(s, 0, sizeof(*s));
	s->base = (struct store){ .ops = &flood_ops, .inflight = 8, .name = "flooded" };
	s->real = real;
	s->marker = *marker;
	s->count = count;
}

#endif
