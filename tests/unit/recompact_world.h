/*
 * Families of small models in a store, pushed without any hint, and recompacted: the words
 * of the tests of recompaction.
 */
#ifndef ZLLM_TEST_RECOMPACT_WORLD_H
#define ZLLM_TEST_RECOMPACT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/effort.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/recompact/recompact.h"
#include "index/recompact/reencode.h"
#include "index/recompact/stock.h"
#include "index/recompact/trial_memory.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"

/* Of one lane, whatever the store. Nothing of it is to be freed; what it knows of a bucket
 * goes with the process. */
static inline struct transfer transfer_to(struct store *s)
{
	struct transfer t;

	if (transfer_borrow(&t, s, 1, NULL))
		fail_msg("no transfer");
	t.lanes = 1;
	return t;
}

/* ---------------------------------------------------------------- models */

/* A model of a family: its root's weights, moved by `step` at the most in a direction of
 * its own, and then once more along `path`, if any. */
struct kin {
	uint64_t family, own;
	float step;
	uint64_t path; /* 0: none */
	float along;
	float merged; /* strength of a product of rank 4 that was added: an adapter; 0 */
};

static inline float jitter_of(uint64_t *state)
{
	return (float)(next_random(state) >> 40) / (float)(1 << 24) - 0.5f;
}

/* Number `i` of a vector of a seed. */
static inline float component(uint64_t seed, size_t i)
{
	uint64_t state = seed * 1000003 + i;

	return jitter_of(&state);
}

static inline float product_at(const struct kin *k, uint64_t number, size_t i)
{
	float sum = 0;

	for (unsigned r = 0; r < 4; r++)
		sum += component(k->own * 64 + number * 8 + r, i / 256) *
		       component(k->own * 640 + number * 80 + r, i % 256);
	return sum;
}

static inline void kin_tensor(struct buf *out, const struct kin *k, uint64_t number,
                              size_t values)
{
	uint64_t root = k->family * 1000003 + number;
	uint64_t own = (k->own + 77) * 7919 + number, path = k->path * 104729 + number;

	for (size_t i = 0; i < values; i++) {
		float w = weight(&root);
		w += 2 * k->step * jitter_of(&own);
		w += k->path ? 2 * k->along * jitter_of(&path) : 0;
		w += k->merged ? k->merged * product_at(k, number, i) : 0;
		add_bf16(out, w);
	}
}

/* `tensors` of `rows` x 256. */
static inline struct model_file kin_file(const struct kin *k, unsigned tensors,
                                         unsigned rows)
{
	struct model_file f = { .bytes = BUF_INIT };
	struct buf head = BUF_INIT, body = BUF_INIT;

	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (unsigned t = 0; t < tensors; t++) {
		size_t at = body.size;
		kin_tensor(&body, k, t, (size_t)rows * 256);
		buf_addf(&head,
		         ",\"layers.%u.w\":{\"dtype\":\"BF16\",\"shape\":[%u,256],"
		         "\"data_offsets\":[%zu,%zu]}",
		         t, rows, at, body.size);
	}
	buf_add_str(&head, "}");
	buf_add_u64(&f.bytes, head.size);
	buf_add(&f.bytes, head.data, head.size);
	buf_add(&f.bytes, body.data, body.size);
	buf_wipe(&head);
	buf_wipe(&body);
	write_model_file(&f);
	return f;
}

/* ---------------------------------------------------------------- pushes and clones */

/* What a push is told of bases: nothing, and it looks for none; or one object. */
static inline void give_one_hint(void *ctx, const struct oid *oid, uint64_t size,
                                 struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid;
	(void)size;
	out->never = !base;
	if (!base)
		return;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].source = BASE_SOURCE_HISTORY;
	out->count = 1;
}

/* How a push stores: NULLs for what it decides itself. */
struct manner {
	const struct codec *codec;
	const struct effort *effort;
};

static inline void push_in(struct store *s, const struct model_file *f,
                           const struct model_file *base, struct manner how)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path,
		                          .find_hints = give_one_hint,
		                          .ctx = (void *)(uintptr_t)base,
		                          .codec = how.codec };
	struct upload_result result;
	struct transfer t = transfer_to(s);
	struct err err = ERR_INIT;

	t.effort = how.effort;
	if (upload_object(&t, &request, &result, &err))
		fail_msg("push: %s", err.text);
}

static inline void push_with(struct store *s, const struct model_file *f,
                             const struct model_file *base, const struct codec *codec)
{
	push_in(s, f, base, (struct manner){ codec, NULL });
}

static inline void push_blindly(struct store *s, const struct model_file *f)
{
	push_with(s, f, NULL, NULL);
}

static inline bool comes_back(struct store *s, const struct model_file *f)
{
	struct model_file copy = model_file_of("", 0);
	struct buf bytes = BUF_INIT;
	const struct transfer t = transfer_to(s);
	struct err err = ERR_INIT;
	int fd = open(copy.path, O_RDWR);
	int rc = download_object(
		&t,
		&(struct download_request){ .oid = f->oid, .size = f->size, .fd = fd },
		&err);
	bool same = rc == 0 && buf_reserve(&bytes, f->size + 1) &&
	            pread(fd, bytes.data, f->size + 1, 0) == (ssize_t)f->size &&
	            memcmp(bytes.data, f->bytes.data, f->size) == 0;
	if (rc)
		print_message("%s\n", err.text);
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
	return same;
}

/* ---------------------------------------------------------------- the stock */

struct taking {
	struct store *store;
	struct stock *stock;
};

static inline int take_object(void *ctx, const struct store_entry *entry)
{
	struct taking *t = ctx;
	struct manifest m;
	struct err err = ERR_INIT;
	struct oid oid;

	if (!key_parse_object(entry->key, &oid) ||
	    manifest_get(t->store, &oid, manifest_parse_bases, &m, &err))
		return 0;
	assert_int_equal(stock_add_manifest(t->stock, &m, &err), 0);
	manifest_wipe(&m);
	return 0;
}

static inline int take_record(void *ctx, const struct store_entry *entry)
{
	struct taking *t = ctx;
	struct key_record record;

	if (key_parse_record(entry->key, &record))
		stock_add_record(t->stock, &record, entry->size, NULL);
	return 0;
}

/* False where the store fails. */
static inline bool stock_take(struct store *s, struct stock *out)
{
	struct taking t = { s, out };
	struct err err = ERR_INIT;

	stock_init(out);
	if (store_list(s, "objects/", take_object, &t, &err) ||
	    store_list(s, "blobs/", take_record, &t, &err))
		return false;
	assert_int_equal(stock_close(out, &err), 0);
	return true;
}

/* ---------------------------------------------------------------- recompacting */

static inline int retire_aside(void *ctx, const char *key, uint64_t bytes,
                               struct err *err)
{
	char trash[KEY_MAX];

	(void)bytes;
	return store_set_aside(ctx, key, trash, err);
}

/* A run that asks `may_go_on` so often before it is told to stop. */
struct patience {
	int steps;                   /* negative: for ever */
	struct trial_memory *memory; /* or NULL */
	unsigned failures;
	bool loud;
};

static inline bool patience_lasts(void *ctx)
{
	struct patience *p = ctx;

	return p->steps < 0 || p->steps-- > 0;
}

static inline void note_failure(void *ctx, const struct err *err)
{
	struct patience *p = ctx;

	p->failures++;
	if (p->loud)
		print_message("%s\n", err->text);
}

/* 0, or what recompact() answers; 1 where the store could not be listed. */
static inline int recompact_with(struct store *s, struct patience *p,
                                 struct recompact_result *out)
{
	const struct retiring retiring = { retire_aside, s };
	struct recompact_request request = { .retiring = &retiring,
		                             .may_go_on = patience_lasts,
		                             .failed = note_failure,
		                             .ctx = p };
	struct transfer t = transfer_to(s);
	struct err err = ERR_INIT;
	struct stock stock;

	t.effort = &effort_best;
	request.transfer = &t;
	request.memory = p->memory;
	int rc = stock_take(s, &stock) ? recompact(&request, &stock, out, &err) : 1;
	stock_wipe(&stock);
	return rc;
}

static inline struct recompact_result recompact_all(struct store *s)
{
	struct patience p = { .steps = -1, .loud = true };
	struct recompact_result result;

	assert_int_equal(recompact_with(s, &p, &result), 0);
	assert_int_equal(p.failures, 0);
	assert_int_equal(result.failed, 0);
	assert_int_equal(result.left, 0);
	return result;
}

/* ---------------------------------------------------------------- looking at it */

static inline int add_size(void *ctx, const struct store_entry *entry)
{
	*(uint64_t *)ctx += entry->size;
	return 0;
}

/* Bytes of all live records. */
static inline uint64_t bytes_of_records(struct store *s)
{
	uint64_t sum = 0;

	assert_int_equal(store_list(s, "blobs/", add_size, &sum, NULL), 0);
	return sum;
}

struct counted_records {
	unsigned solos, deltas;
};

static inline int count_record(void *ctx, const struct store_entry *entry)
{
	struct counted_records *c = ctx;

	if (strchr(entry->key, '~'))
		c->deltas++;
	else
		c->solos++;
	return 0;
}

static inline struct counted_records records_of(struct store *s)
{
	struct counted_records c = { 0 };

	assert_int_equal(store_list(s, "blobs/", count_record, &c, NULL), 0);
	return c;
}

/* ---------------------------------------------------------------- worlds */

enum { TENSORS = 2, ROWS = 256, MODELS_MAX = 64 };

struct world {
	struct store *store;
	struct model_file models[MODELS_MAX];
	size_t count;
};

static inline void begin_world(struct world *w)
{
	w->count = 0;
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
}

static inline void add_kin(struct world *w, struct kin k)
{
	assert_true(w->count < MODELS_MAX);
	w->models[w->count++] = kin_file(&k, TENSORS, ROWS);
}

/* Of one tensor, as small as has a record: for what is tried a thousand times. */
static inline void add_small_family(struct world *w, unsigned tunes)
{
	for (unsigned i = 0; i <= tunes; i++) {
		struct kin k = { .family = 1, .own = i, .step = i ? 2e-4f : 0 };
		w->models[w->count++] = kin_file(&k, 1, 128);
	}
}

static inline void end_world(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		model_file_remove(&w->models[i]);
	store_close(w->store);
}

static inline void assert_all_come_back(const struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		assert_true(comes_back(w->store, &w->models[i]));
}

/* What the models take in a store of their own where the first is the base of all others,
 * and each is told so. */
static inline uint64_t bytes_at_best(const struct world *w)
{
	struct store *s;

	assert_int_equal(store_memory_new(&s, NULL), 0);
	push_blindly(s, &w->models[0]);
	for (size_t i = 1; i < w->count; i++)
		push_with(s, &w->models[i], &w->models[0], NULL);
	uint64_t bytes = bytes_of_records(s);
	store_close(s);
	return bytes;
}

/* A root and `tunes` fine-tunes of it. */
static inline void add_family(struct world *w, uint64_t family, unsigned tunes)
{
	add_kin(w, (struct kin){ .family = family });
	for (unsigned i = 0; i < tunes; i++)
		add_kin(w, (struct kin){ .family = family, .own = i + 1, .step = 2e-4f });
}

static inline void push_backwards(const struct world *w)
{
	for (size_t i = w->count; i > 0; i--)
		push_blindly(w->store, &w->models[i - 1]);
}

#endif
