/*
 * A small store for tests of fsck: a model of two tensors, a fine-tune of it (deltas), a
 * file of chunks and one that is inline; and a check, with or without a repair, as the
 * command does it.
 */
#ifndef ZLLM_TESTS_FSCK_WORLD_H
#define ZLLM_TESTS_FSCK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/blob_find.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_mend.h"
#include "index/fsck/fsck_repair.h"
#include "index/fsck/fsck_run.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/memory_copy.h"
#include "tests/unit/model_file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OUR_REPO "00112233445566778899aabbccddeeff"

enum { FILES = 4, BASE = 0, TUNE = 1, CHUNKS = 2, SMALL = 3 };

struct world {
	struct store *store;
	struct model_file files[FILES];
	bool here[FILES]; /* whether a repair finds the file */
	struct fsck_other other;
	size_t others;
	bool lent; /* the files are world_made's */
};

/* ---------------------------------------------------------------- files */

enum { TENSOR_VALUES = 32 * 1024 }; /* the smallest with a record of its own */

static inline struct model_file two_tensors(float step)
{
	struct model_file f = { .bytes = BUF_INIT };
	struct buf head = BUF_INIT, body = BUF_INIT;
	uint64_t base = 7, move = 8;

	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (int t = 0; t < 3; t++) {
		int n = t < 2 ? TENSOR_VALUES : 64;
		size_t at = body.size;
		for (int i = 0; i < n; i++) {
			float jitter = (float)(next_random(&move) >> 40) /
			                       (float)(1 << 24) -
			               0.5f;
			add_bf16(&body, weight(&base) + 2 * step * jitter);
		}
		buf_addf(&head,
		         ",\"t%d.weight\":{\"dtype\":\"BF16\",\"shape\":[%d,64],"
		         "\"data_offsets\":[%zu,%zu]}",
		         t, n / 64, at, body.size);
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

/* Text, so that chunks are small once stored. */
static inline struct model_file text_file(size_t size)
{
	struct model_file f = { .bytes = BUF_INIT };
	uint64_t state = size;

	while (f.bytes.size < size)
		buf_addf(&f.bytes, "line %u of words\n", (unsigned)(next_random(&state) >> 52));
	write_model_file(&f);
	return f;
}

/* ---------------------------------------------------------------- the world */

static inline void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                             struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid, (void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

static inline void push_to(struct store *s, struct world *w, int file)
{
	const struct model_file *f = &w->files[file];
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path,
		                          .ctx = &w->files[BASE] };
	struct upload_result result;
	struct transfer t;
	struct err err = ERR_INIT;

	if (file == TUNE)
		request.find_hints = hint_base;
	assert_int_equal(transfer_borrow(&t, s, 1, NULL), 0);
	t.repo_id = OUR_REPO;
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	transfer_return(&t);
}

static inline void world_files(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->files[BASE] = two_tensors(0);
	w->files[TUNE] = two_tensors(0.0002f);
	w->files[CHUNKS] = text_file(1200000);
	w->files[SMALL] = text_file(3000);
	for (int i = 0; i < FILES; i++)
		w->here[i] = true;
}

static inline void world_push(struct world *w)
{
	assert_int_equal(store_format_create(w->store, OUR_REPO, NULL), 0);
	for (int i = 0; i < FILES; i++)
		push_to(w->store, w, i);
}

/* What every world begins with, made once: a push is slow under a sanitizer. */
static struct world world_made;

static inline void world_end(struct world *w)
{
	store_close(w->store);
	for (int i = 0; i < FILES && !w->lent; i++)
		model_file_remove(&w->files[i]);
}

static inline void world_unmake(void)
{
	world_end(&world_made);
}

/* The files belong to all worlds, the store is a copy. */
static inline void world_begin(struct world *w)
{
	if (!world_made.store) {
		world_files(&world_made);
		assert_int_equal(store_memory_new(&world_made.store, NULL), 0);
		world_push(&world_made);
		atexit(world_unmake);
	}
	*w = world_made;
	w->store = store_memory_copy(world_made.store);
	w->lent = true;
}

/* ---------------------------------------------------------------- what is there */

static inline int count_one(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	++*(size_t *)ctx;
	return 0;
}

static inline size_t count(struct store *s, const char *prefix)
{
	size_t n = 0;

	assert_int_equal(store_list(s, prefix, count_one, &n, NULL), 0);
	return n;
}

static inline int add_key(void *ctx, const struct store_entry *entry)
{
	buf_add(ctx, entry->key, strlen(entry->key) + 1);
	return 0;
}

/* All keys with that prefix, each with its NUL. */
static inline struct buf keys_of(struct store *s, const char *prefix)
{
	struct buf keys = BUF_INIT;

	assert_int_equal(store_list(s, prefix, add_key, &keys, NULL), 0);
	return keys;
}

static inline bool has(struct store *s, const char *key)
{
	struct store_reader *r = NULL;
	int rc = store_get(s, key, 0, &r, NULL);

	store_reader_close(r);
	return rc == 0;
}

static inline void write_over(struct store *s, const char *key, const void *bytes,
                              size_t n)
{
	assert_true(store_remove(s, key, NULL) >= 0);
	assert_int_equal(store_put_all(s, key, bytes, n, NULL), 0);
}

/* One bit of the value is turned, `from_end` bytes before its end. */
static inline void turn(struct store *s, const char *key, size_t from_end)
{
	struct buf b = BUF_INIT;

	assert_int_equal(store_get_all(s, key, 1 << 24, &b, NULL), 0);
	b.data[b.size - from_end] ^= 1;
	write_over(s, key, b.data, b.size);
	buf_wipe(&b);
}

/* A record of a file, by number, and where it lies. */
struct one {
	struct oid id;
	char key[KEY_MAX];
};

static inline struct one record_of(struct world *w, int file, size_t nth)
{
	struct one one = { .key = "" };
	struct manifest m;

	assert_int_equal(manifest_recall(w->store, &w->files[file].oid, manifest_parse, &m,
	                                 NULL),
	                 0);
	for (size_t i = 0; i < m.extents.count; i++)
		if (!m.extents.list[i].inlined && !nth--) {
			one.id = m.extents.list[i].id;
			extent_key(&m.extents.list[i], one.key);
		}
	manifest_wipe(&m);
	return one;
}

static inline void manifest_key(const struct world *w, int file, char key[KEY_MAX])
{
	key_object(&w->files[file].oid, key);
}

/* ---------------------------------------------------------------- all of a store */

/* All values of a store. */
struct value {
	char key[KEY_MAX];
	struct buf bytes;
};

struct snapshot {
	struct value *list;
	size_t count;
	uint64_t bits; /* of all of them */
};

static inline void snapshot_take(struct snapshot *s, struct store *from)
{
	struct buf keys = keys_of(from, "");
	const char *key = (const char *)keys.data, *end = key + keys.size;

	*s = (struct snapshot){ calloc(count(from, ""), sizeof(struct value)), 0, 0 };
	assert_non_null(s->list);
	for (; key < end; key += strlen(key) + 1) {
		struct value *v = &s->list[s->count++];
		strcpy(v->key, key);
		v->bytes = (struct buf)BUF_INIT;
		assert_int_equal(store_get_all(from, key, 1 << 24, &v->bytes, NULL), 0);
		s->bits += 8 * v->bytes.size;
	}
	buf_wipe(&keys);
}

static inline void snapshot_wipe(struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		buf_wipe(&s->list[i].bytes);
	free(s->list);
}

static inline struct store *store_of(const struct snapshot *s)
{
	struct store *to;

	assert_int_equal(store_memory_new(&to, NULL), 0);
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(store_put_all(to, s->list[i].key, s->list[i].bytes.data,
		                               s->list[i].bytes.size, NULL),
		                 0);
	return to;
}

/* ---------------------------------------------------------------- reading */

struct comparing {
	const struct buf *truth;
	bool wrong;
};

static inline int compare_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                                struct err *err)
{
	struct comparing *c = ctx;

	(void)err;
	c->wrong |= offset + n > c->truth->size ||
	            memcmp(c->truth->data + offset, bytes, n) != 0;
	return 0;
}

/* Whether a reader gets the whole of the file, and right: 1; 0 where it gets an error. It
 * never gets wrong bytes and no error: a reader compares SHA-256 at the end, so only what
 * came whole counts. */
static inline bool reads_whole(const struct transfer *t, const struct model_file *f)
{
	struct comparing c = { &f->bytes, false };
	struct err ignored = ERR_INIT;
	struct manifest m;
	int rc = manifest_recall(t->store, &f->oid, manifest_parse, &m, &ignored);
	uint64_t inlined = 0;

	if (rc)
		return false;
	for (size_t i = 0; i < m.extents.count && !rc; i++) {
		const struct extent *x = &m.extents.list[i];
		if (!x->inlined) {
			rc = extent_restore(t, x, compare_piece, &c, &ignored);
			continue;
		}
		compare_piece(&c, x->offset, m.inline_bytes + inlined, (size_t)x->size,
		              NULL);
		inlined += x->size;
	}
	bool whole = !rc && m.extents.size == f->size;
	manifest_wipe(&m);
	assert_false(whole && c.wrong);
	return whole;
}

static inline void assert_all_read(struct world *w)
{
	struct transfer t;

	assert_int_equal(transfer_borrow(&t, w->store, 1, NULL), 0);
	for (int i = 0; i < FILES; i++)
		assert_true(reads_whole(&t, &w->files[i]));
	transfer_return(&t);
}

/* ---------------------------------------------------------------- fsck */

static inline int each_file(void *ctx, const struct oid *oid, uint64_t size,
                            fsck_file_fn *each, void *each_ctx)
{
	struct world *w = ctx;
	int rc = 0;

	(void)size;
	for (int i = 0; i < FILES && !rc; i++)
		if (w->here[i] && oid_equal(&w->files[i].oid, oid))
			rc = each(each_ctx, w->files[i].path, FSCK_FROM_LFS);
	return rc;
}

static inline int give_store(void *ctx, struct store **out, struct err *err)
{
	(void)err;
	*out = ctx;
	return 0;
}

/* What one run did. */
struct run {
	struct fsck_result result;
	struct fsck_touch touch;
	size_t mended;
	int rc;
	struct err err;
};

static inline void run_wipe(struct run *r)
{
	fsck_result_wipe(&r->result);
	fsck_touch_wipe(&r->touch);
}

enum { REPAIR = 1, QUICK = 2, MOVE_NOTHING = 4 };

/* As the command does it; `t` is of the store that is asked. */
static inline void fsck_with(struct world *w, const struct transfer *t, unsigned how,
                             struct run *r)
{
	struct fsck_request request = { .transfer = t,
		                        .mode = how & QUICK ? FSCK_QUICK : FSCK_DEEP,
		                        .from = "",
		                        .ctx = t->store };
	struct fsck_copies copies = { .each_file = each_file,
		                      .ctx = w,
		                      .others = &w->other,
		                      .other_count = w->others,
		                      .scratch = "/tmp" };

	*r = (struct run){ .touch = FSCK_TOUCH_INIT };
	if (!(how & MOVE_NOTHING))
		request.writing = give_store;
	r->rc = fsck_run(&request, &r->result, &r->err);
	if (r->rc || !r->result.findings.count)
		return;
	const struct fsck_scope scope = { t, &r->result.listing, NULL, 0 };
	r->rc = fsck_touch_find(&r->touch, &scope, &r->result.findings, &r->err);
	if (r->rc || !(how & REPAIR))
		return;
	const struct fsck_repair repair = { &request, t, &copies };
	struct fsck_repaired done;
	r->rc = fsck_repair(&repair, &r->result, &r->touch, &done, &r->err);
	r->mended = done.mended;
}

static inline void fsck(struct world *w, unsigned how, struct run *r)
{
	struct transfer t;

	assert_int_equal(transfer_borrow(&t, w->store, 1, NULL), 0);
	fsck_with(w, &t, how, r);
	transfer_return(&t);
}

/* How many findings there are of a kind. */
static inline size_t found(const struct run *r, enum fsck_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->result.findings.count; i++)
		n += r->result.findings.list[i].kind == kind;
	return n;
}

/* Nothing hurts, by either check, and everything reads. */
static inline void assert_sound(struct world *w)
{
	for (unsigned how = 0; how <= QUICK; how += QUICK) {
		struct run r;
		fsck(w, how | MOVE_NOTHING, &r);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.result.not_whole, 0);
		for (size_t i = 0; i < r.result.findings.count; i++)
			if (r.result.findings.list[i].hurts)
				fail_msg("%s: %s",
				         fsck_kind_name(r.result.findings.list[i].kind),
				         r.result.findings.list[i].text);
		assert_int_equal(r.result.whole, FILES);
		run_wipe(&r);
	}
	assert_all_read(w);
}

#endif
