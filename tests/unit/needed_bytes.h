/*
 * What a store has to keep, counted from its manifests alone, by nothing that a gc uses but
 * the parsers: each manifest; of each blob that one lists its solo record, or else its delta
 * with its bases' solo records. Each key once.
 */
#ifndef ZLLM_TESTS_NEEDED_BYTES_H
#define ZLLM_TESTS_NEEDED_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

struct needed_bytes {
	struct store *store;
	struct buf keys;             /* of records that were counted, each with its NUL */
	uint64_t manifests, records; /* bytes */
};

/* The records of one blob, or of all whose ids begin so. */
struct needed_records {
	char solo[KEY_MAX], delta[KEY_MAX]; /* "": none */
	uint64_t solo_size, delta_size;
};

static inline int needed_note_record(void *ctx, const struct store_entry *entry)
{
	struct needed_records *r = ctx;
	struct key_record record;

	if (!key_parse_record(entry->key, &record))
		return 0;
	if (!record.base_count) {
		strcpy(r->solo, entry->key);
		r->solo_size = entry->size;
	} else {
		strcpy(r->delta, entry->key);
		r->delta_size = entry->size;
	}
	return 0;
}

static inline void needed_add_key(struct needed_bytes *n, const char *key, uint64_t size)
{
	const char *at = (const char *)n->keys.data, *end = at + n->keys.size;

	for (; at < end; at += strlen(at) + 1)
		if (!strcmp(at, key))
			return;
	buf_add(&n->keys, key, strlen(key) + 1);
	n->records += size;
}

static inline void needed_add_blob(struct needed_bytes *n, const char *prefix)
{
	struct needed_records r = { .solo = "" };
	struct key_record delta;

	assert_int_equal(store_list(n->store, prefix, needed_note_record, &r, NULL), 0);
	if (*r.solo) {
		needed_add_key(n, r.solo, r.solo_size);
		return;
	}
	if (!*r.delta)
		fail_msg("nothing of %s is there", prefix);
	needed_add_key(n, r.delta, r.delta_size);
	assert_true(key_parse_record(r.delta, &delta));
	for (unsigned i = 0; i < delta.base_count; i++) {
		struct needed_records base = { .solo = "" };
		char bases[KEY_MAX];
		key_blobs_of_base(delta.bases[i], bases);
		assert_int_equal(
			store_list(n->store, bases, needed_note_record, &base, NULL), 0);
		assert_true(*base.solo);
		needed_add_key(n, base.solo, base.solo_size);
	}
}

static inline int needed_add_object(void *ctx, const struct store_entry *entry)
{
	struct needed_bytes *n = ctx;
	struct manifest m;
	char prefix[KEY_MAX];
	struct oid oid;

	assert_true(key_parse_object(entry->key, &oid));
	assert_int_equal(manifest_get(n->store, &oid, manifest_parse, &m, NULL), 0);
	n->manifests += entry->size;
	for (size_t i = 0; i < m.extents.count; i++) {
		if (m.extents.list[i].inlined)
			continue;
		key_blob(&m.extents.list[i].id, prefix);
		needed_add_blob(n, prefix);
	}
	manifest_wipe(&m);
	return 0;
}

static inline void needed_bytes_of(struct store *s, struct needed_bytes *out)
{
	*out = (struct needed_bytes){ .store = s, .keys = BUF_INIT };
	assert_int_equal(store_list(s, "objects/", needed_add_object, out, NULL), 0);
	buf_wipe(&out->keys);
}

#endif
