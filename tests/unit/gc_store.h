/*
 * A store for the tests of gc: small blobs that are called by letters, all of one family,
 * whose records are put one by one; objects that are called by the letters of their blobs;
 * and a clock that the test turns.
 *
 *     solo(w, "a"); delta(w, "b", "a"); object(w, "ab"); owner(w, "ab", ours);
 */
#ifndef ZLLM_TEST_GC_STORE_H
#define ZLLM_TEST_GC_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/bases.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/gc/gc.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_mark.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"
#include "index/work/work_meter.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/model_file.h"

enum {
	GC_VALUES = 512,            /* of a blob, BF16 */
	GC_BYTES = 2 * GC_VALUES,   /* of a blob */
	GC_LETTERS = 8,             /* a to h */
	GC_TEST_GRACE = 100,        /* seconds */
	GC_TEST_LONG = 2 * GC_TEST_GRACE /* longer than grace and step */
};

static const char ours[] = "0123456789abcdef0123456789abcdef";
static const char theirs[] = "fedcba9876543210fedcba9876543210";

struct gc_store {
	struct store *store; /* in memory, or in a folder */
	struct transfer transfer;
	int64_t clock; /* of a store in memory */
	bool folder;
	int64_t ahead; /* seconds by which a folder's clock is thought to be ahead of it */
	uint8_t bytes[GC_LETTERS][GC_BYTES];
	struct oid ids[GC_LETTERS];
	struct gc_counts counts; /* of the last run */
	struct gc_summary summary;
	struct err told; /* of the last thing that failed */
	unsigned nonces;
};

/* ---------------------------------------------------------------- the world */

static inline void make_blobs(struct gc_store *w)
{
	for (int i = 0; i < GC_LETTERS; i++) {
		struct buf out = BUF_INIT;
		uint64_t base = 1, move = (uint64_t)i + 100;
		for (int k = 0; k < GC_VALUES; k++) {
			float jitter = (float)(next_random(&move) >> 40) /
			                       (float)(1 << 24) -
			               0.5f;
			add_bf16(&out, weight(&base) + 0.0004f * jitter);
		}
		assert_int_equal(out.size, GC_BYTES);
		memcpy(w->bytes[i], out.data, GC_BYTES);
		assert_true(sha256_of(out.data, out.size, &w->ids[i]));
		buf_wipe(&out);
	}
}

/* Over any store, which is the world's from now on. */
static inline void gc_store_over(struct gc_store *w, struct store *store)
{
	memset(w, 0, sizeof(*w));
	w->clock = 1000000;
	w->store = store;
	assert_int_equal(transfer_borrow(&w->transfer, w->store, 1, NULL), 0);
	make_blobs(w);
}

static inline void gc_store_open(struct gc_store *w)
{
	struct store *store;

	assert_int_equal(store_memory_new(&store, NULL), 0);
	gc_store_over(w, store);
	store_memory_clock(w->store, &w->clock);
}

static inline void gc_store_close(struct gc_store *w)
{
	transfer_return(&w->transfer);
	store_close(w->store);
}

static inline int gc_begin(void **state)
{
	struct gc_store *w = malloc(sizeof(*w));

	*state = w;
	if (!w)
		return -1;
	gc_store_open(w);
	return 0;
}

static inline int gc_end(void **state)
{
	gc_store_close(*state);
	free(*state);
	return 0;
}

static inline void wait_long(struct gc_store *w)
{
	w->clock += GC_TEST_LONG;
	w->ahead += GC_TEST_LONG;
}

/* ---------------------------------------------------------------- records */

static inline const struct oid *blob(const struct gc_store *w, char letter)
{
	return &w->ids[letter - 'a'];
}

static inline void put_record(struct gc_store *w, const char *of, const char *bases)
{
	const uint8_t *bytes = w->bytes[*of - 'a'];
	struct blob_file file = { .id = *blob(w, *of),
		                  .sum = xxh128_of(bytes, GC_BYTES),
		                  .dtype = DTYPE_BF16,
		                  .fd = memory_file_of(bytes, GC_BYTES),
		                  .size = GC_BYTES };
	struct bases opened = { .count = strlen(bases) };
	struct work_meter meter = { .per_byte = 1 };
	struct blob_plan plan = { .codec = codec_by_id(*bases ? CODEC_ULP
		                                              : CODEC_FLOAT),
		                  .bases = &opened,
		                  .meter = &meter };
	struct err err = ERR_INIT;
	uint64_t stored = 0;

	for (size_t i = 0; bases[i]; i++) {
		plan.basis.bases[i].id = *blob(w, bases[i]);
		plan.basis.bases[i].dtype = DTYPE_BF16;
		if (record_source_open_base(&w->transfer, blob(w, bases[i]),
		                            &opened.list[i], &err))
			fail_msg("%s", err.text);
	}
	plan.basis.base_count = (unsigned)opened.count;
	if (blob_put(&w->transfer, &file, &plan, &stored, &err))
		fail_msg("%s", err.text);
	bases_close(&opened);
	close(file.fd);
}

static inline void solo(struct gc_store *w, const char *of)
{
	for (; *of; of++)
		put_record(w, of, "");
}

static inline void delta(struct gc_store *w, const char *of, const char *base)
{
	put_record(w, of, base);
}

/* The key of "a", or of "b~a". */
static inline void record_key(const struct gc_store *w, const char *name,
                              char key[KEY_MAX])
{
	struct key_record record = { .id = *blob(w, *name) };

	for (const char *at = name + 1; *at == '~'; at += 2)
		memcpy(record.bases[record.base_count++], blob(w, at[1])->bytes,
		       KEY_BASE_PREFIX);
	key_record(&record, key);
}

/* ---------------------------------------------------------------- objects, owners */

static inline void object_oid(const struct gc_store *w, const char *letters,
                              struct oid *out)
{
	struct sha256 *sha = sha256_new();

	for (; *letters; letters++)
		sha256_add(sha, w->bytes[*letters - 'a'], GC_BYTES);
	sha256_finish(sha, out);
	sha256_free(sha);
}

/* An object that is the blobs of `letters`, by the name of that of `named`. */
static inline void put_object(struct gc_store *w, const char *letters, const char *named)
{
	struct extent list[GC_LETTERS] = { { .kind = EXTENT_CHUNK } };
	struct manifest m = { .extents = { .model = MODEL_OPAQUE, .list = list } };
	struct err err = ERR_INIT;

	object_oid(w, named, &m.oid);
	for (; letters[m.extents.count]; m.extents.count++) {
		int i = letters[m.extents.count] - 'a';
		list[m.extents.count] =
			(struct extent){ .kind = EXTENT_CHUNK,
			                 .offset = m.extents.count * GC_BYTES,
			                 .size = GC_BYTES,
			                 .id = w->ids[i],
			                 .sum = xxh128_of(w->bytes[i], GC_BYTES) };
	}
	m.extents.size = m.extents.count * GC_BYTES;
	if (manifest_put(w->store, &m, NULL, &err))
		fail_msg("%s", err.text);
}

static inline void object(struct gc_store *w, const char *letters)
{
	put_object(w, letters, letters);
}

static inline void object_key(const struct gc_store *w, const char *letters,
                              char key[KEY_MAX])
{
	struct oid oid;

	object_oid(w, letters, &oid);
	key_object(&oid, key);
}

static inline void owner_key(const struct gc_store *w, const char *letters,
                             const char *repo, char key[KEY_MAX])
{
	struct oid oid;

	object_oid(w, letters, &oid);
	key_owner(repo, &oid, key);
}

static inline void owner(struct gc_store *w, const char *letters, const char *repo)
{
	char key[KEY_MAX];

	owner_key(w, letters, repo, key);
	assert_int_equal(store_put_all(w->store, key, "", 0, NULL), 0);
}

/* The trace that the owner of the object expired. */
static inline void trace(struct gc_store *w, const char *letters, const char *repo)
{
	char nonce[KEY_NONCE_HEX + 1], trash[KEY_MAX];
	struct oid oid;

	object_oid(w, letters, &oid);
	snprintf(nonce, sizeof(nonce), "%032x", ++w->nonces);
	trash_key_expired(&oid, repo, nonce, trash);
	assert_int_equal(store_put_all(w->store, trash, "", 0, NULL), 0);
}

/* An object, pushed whole: records first, the owner, the manifest. */
static inline void push_solo(struct gc_store *w, const char *letters)
{
	solo(w, letters);
	owner(w, letters, ours);
	object(w, letters);
}

/* The same as a delta, whose base has a record already. */
static inline void push_delta(struct gc_store *w, const char *of, const char *base)
{
	delta(w, of, base);
	owner(w, of, ours);
	object(w, of);
}

/* Its owner has expired: nobody needs it. */
static inline void give_up(struct gc_store *w, const char *letters)
{
	char key[KEY_MAX];

	trace(w, letters, ours);
	owner_key(w, letters, ours, key);
	assert_true(store_remove(w->store, key, NULL) >= 0);
}

/* ---------------------------------------------------------------- what others do */

static inline void move(struct gc_store *w, const char *key)
{
	char trash[KEY_MAX];

	assert_int_equal(store_set_aside(w->store, key, trash, NULL), 0);
}

static inline void move_record(struct gc_store *w, const char *name)
{
	char key[KEY_MAX];

	record_key(w, name, key);
	move(w, key);
}

static inline int note_first(void *ctx, const struct store_entry *entry)
{
	strcpy(ctx, entry->key);
	return 1;
}

/* The first entry of what was at `key`; false where there is none. */
static inline bool find_entry(struct gc_store *w, const char *key, char trash[KEY_MAX])
{
	char prefix[KEY_MAX];

	assert_true(key_trash(key, "00000000000000000000000000000000", prefix));
	*strchr(prefix, '@') = 0;
	strcat(prefix, "@");
	return store_list(w->store, prefix, note_first, trash, NULL) == 1;
}

static inline void restore_key(struct gc_store *w, const char *key)
{
	char trash[KEY_MAX];

	assert_true(find_entry(w, key, trash));
	assert_int_equal(store_restore(w->store, trash, key, NULL), 0);
}

/* ---------------------------------------------------------------- running */

static inline void note_told(void *ctx, const struct err *err)
{
	((struct gc_store *)ctx)->told = *err;
}

static inline int try_collect(struct gc_store *w, unsigned flags, struct err *err)
{
	const struct gc_request request = { .recompact = NULL };
	struct gc_run run;

	gc_run_begin(&run, &w->transfer);
	run.flags = flags;
	run.listener = (struct gc_listener){ .failed = note_told, .ctx = w };
	int rc = gc_ages_begin(&run.ages, w->transfer.store, GC_TEST_GRACE, err);
	if (w->folder)
		run.ages.now += w->ahead;
	if (!rc)
		rc = gc(&run, &request, &w->summary, err);
	w->counts = run.counts;
	gc_run_wipe(&run);
	return rc;
}

static inline void collect_as(struct gc_store *w, unsigned flags)
{
	struct err err = ERR_INIT;

	w->told = err;
	if (try_collect(w, flags, &err))
		fail_msg("%s", err.text);
}

static inline void collect(struct gc_store *w)
{
	collect_as(w, 0);
}

/* When all that is there is old. */
static inline void collect_later(struct gc_store *w)
{
	wait_long(w);
	collect(w);
}

static inline uint64_t counted(const struct gc_store *w, enum gc_thing thing,
                               enum gc_deed deed)
{
	return w->counts.of[thing][deed].count;
}

/* ---------------------------------------------------------------- what there is */

static inline bool is_live(struct gc_store *w, const char *key)
{
	struct store_reader *r = NULL;
	int rc = store_get(w->store, key, 0, &r, NULL);

	store_reader_close(r);
	return rc == 0;
}

static inline bool has_record(struct gc_store *w, const char *name)
{
	char key[KEY_MAX];

	record_key(w, name, key);
	return is_live(w, key);
}

static inline bool has_object(struct gc_store *w, const char *letters)
{
	char key[KEY_MAX];

	object_key(w, letters, key);
	return is_live(w, key);
}

static inline bool has_record_entry(struct gc_store *w, const char *name)
{
	char key[KEY_MAX], trash[KEY_MAX];

	record_key(w, name, key);
	return find_entry(w, key, trash);
}

static inline bool has_object_entry(struct gc_store *w, const char *letters)
{
	char key[KEY_MAX], trash[KEY_MAX];

	object_key(w, letters, key);
	return find_entry(w, key, trash);
}

/* Whether a reader gets it, bit for bit. */
static inline bool reads(struct gc_store *w, const char *letters)
{
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict = OBJECT_MANIFEST_FALSE;
	struct err err = ERR_INIT;
	struct manifest m;
	struct oid oid;

	object_oid(w, letters, &oid);
	int rc = manifest_recall(w->store, &oid, manifest_parse, &m, &err);
	if (rc)
		return false;
	rc = object_prove(&w->transfer, &m, &nobody, &verdict, &err);
	manifest_wipe(&m);
	return rc == 0 && verdict == OBJECT_PROVED;
}

struct gc_sum {
	uint64_t count, bytes;
};

static inline int add_entry(void *ctx, const struct store_entry *entry)
{
	struct gc_sum *sum = ctx;

	sum->count++;
	sum->bytes += entry->size;
	return 0;
}

static inline struct gc_sum sum_of(struct gc_store *w, const char *prefix)
{
	struct gc_sum sum = { 0, 0 };

	assert_int_equal(store_list(w->store, prefix, add_entry, &sum, NULL), 0);
	return sum;
}

#endif
