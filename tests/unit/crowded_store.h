/*
 * A store that counts what is asked of it as a bucket would (a request for each
 * thousand keys of a listing), and that seems to hold the markers of thousands of other
 * models beside those that it has: for each name-key that is asked for, one of each
 * model, with a sketch of its own.
 */
#ifndef ZLLM_TEST_CROWDED_STORE_H
#define ZLLM_TEST_CROWDED_STORE_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/hex.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum { CROWD_BANDS = 256, PAGE_KEYS = 1000 };

struct crowded_store {
	struct store base;
	struct store *real; /* not owned */
	size_t models;      /* others, for each name-key */
	atomic_size_t lists, gets, puts, marker_lists, marker_puts;
};

static inline uint64_t crowd_mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* The marker of model number `m` for a name-key: values like weights, of its own. */
static inline void crowd_marker(uint64_t name, uint64_t m, struct key_marker *out)
{
	uint64_t state = crowd_mix(name ^ crowd_mix(m + 1));

	out->name = name;
	for (size_t i = 0; i < KEY_SKETCH; i += 2) {
		state += 0x9e3779b97f4a7c15u;
		uint64_t z = crowd_mix(state);
		out->sketch[i] = (uint8_t)(0x3b | (z & 0x80)); /* about 0.002 to 0.03 */
		out->sketch[i + 1] = (uint8_t)(z >> 8);
		out->sketch[i] += (uint8_t)(z >> 16 & 1);
	}
	for (size_t i = 0; i < SHA256_SIZE; i += 8) {
		state += 0x9e3779b97f4a7c15u;
		uint64_t z = crowd_mix(state);
		memcpy(out->id.bytes + i, &z, 8);
		z = crowd_mix(m * 7 + i);
		memcpy(out->object.bytes + i, &z, 8);
	}
}

struct crowd_listing {
	store_each_fn *each;
	void *ctx;
	size_t keys;
};

static inline int crowd_count(void *ctx, const struct store_entry *entry)
{
	struct crowd_listing *l = ctx;

	l->keys++;
	return l->each(l->ctx, entry);
}

/* A few of all the markers of all the models: more than anybody reads at once. */
static inline int crowd_list_any(const struct crowded_store *s, struct crowd_listing *l)
{
	int rc = 0;

	for (uint64_t m = 0; m < s->models && !rc; m++) {
		struct key_marker marker = { .band = (uint8_t)m };
		char key[KEY_MAX];
		crowd_marker(crowd_mix(m + 1), m, &marker);
		key_marker(&marker, key);
		struct store_entry entry = { .key = key };
		rc = crowd_count(l, &entry);
	}
	return rc;
}

static inline int crowd_list_others(struct crowded_store *s, const char *prefix,
                                    struct crowd_listing *l)
{
	uint8_t name_bytes[8], only = 0;
	uint64_t name = 0;
	size_t n = strlen(prefix);
	bool all = n == sizeof("bases/0011223344556677/") - 1;

	if (strcmp(prefix, "bases/") == 0)
		return crowd_list_any(s, l);

	if (strncmp(prefix, "bases/", 6) != 0 || !hex_parse(prefix + 6, 8, name_bytes) ||
	    (!all && !hex_parse(prefix + 23, 1, &only)))
		return 0;
	for (size_t i = 0; i < 8; i++)
		name = name << 8 | name_bytes[i];
	for (unsigned band = all ? 0 : only; band < CROWD_BANDS; band++) {
		/* Model m lies in the band m + the name's own shift. */
		for (size_t m = (band + name) % CROWD_BANDS; m < s->models;
		     m += CROWD_BANDS) {
			struct key_marker marker = { .band = (uint8_t)band };
			char key[KEY_MAX];
			crowd_marker(name, m, &marker);
			key_marker(&marker, key);
			struct store_entry entry = { .key = key };
			int rc = crowd_count(l, &entry);
			if (rc)
				return rc;
		}
		if (!all)
			break;
	}
	return 0;
}

static inline int crowd_list(struct store *store, const char *prefix, store_each_fn *each,
                             void *ctx, struct err *err)
{
	struct crowded_store *s = (struct crowded_store *)store;
	struct crowd_listing l = { each, ctx, 0 };
	int rc = store_list(s->real, prefix, crowd_count, &l, err);

	if (!rc)
		rc = crowd_list_others(s, prefix, &l);
	size_t pages = 1 + l.keys / PAGE_KEYS;
	atomic_fetch_add(&s->lists, pages);
	if (strncmp(prefix, "bases/", 6) == 0)
		atomic_fetch_add(&s->marker_lists, pages);
	return rc;
}

static inline int crowd_get(struct store *store, const char *key, size_t want,
                            struct store_reader **out, struct err *err)
{
	struct crowded_store *s = (struct crowded_store *)store;

	atomic_fetch_add(&s->gets, 1);
	return store_get(s->real, key, want, out, err);
}

static inline int crowd_put(struct store *store, const char *key, size_t head,
                            struct store_writer **out, struct err *err)
{
	struct crowded_store *s = (struct crowded_store *)store;

	atomic_fetch_add(&s->puts, 1);
	if (strncmp(key, "bases/", 6) == 0)
		atomic_fetch_add(&s->marker_puts, 1);
	return store_put(s->real, key, head, out, err);
}

static inline int crowd_remove(struct store *store, const char *key, struct err *err)
{
	return store_remove(((struct crowded_store *)store)->real, key, err);
}

static inline void crowd_close(struct store *store)
{
	(void)store;
}

static const struct store_ops crowd_ops = { .get = crowd_get,
	                                    .put = crowd_put,
	                                    .list = crowd_list,
	                                    .remove = crowd_remove,
	                                    .close = crowd_close };

static inline void crowded_store_init(struct crowded_store *s, struct store *real,
                                      size_t models)
{
	memset(s, 0, sizeof(*s));
	s->base = (struct store){ .ops = &crowd_ops, .inflight = 8, .name = "crowded" };
	s->real = real;
	s->models = models;
}

/* Requests since the last time. */
static inline size_t crowded_store_requests(struct crowded_store *s)
{
	size_t n = atomic_exchange(&s->lists, 0) + atomic_exchange(&s->gets, 0) +
	           atomic_exchange(&s->puts, 0);

	atomic_store(&s->marker_lists, 0);
	atomic_store(&s->marker_puts, 0);
	return n;
}

#endif
