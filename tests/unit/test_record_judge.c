/* A record is set aside when it is proved wrong, and then only: by a checker whose store
 * fails, beside others who mend, and for a newer version's records nothing is moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_judge.h"
#include "index/blob/transfer.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"
#include "tests/unit/store_faulty.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
	struct store *store;
	struct model_file base, tune;
};

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid, (void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

/* A process of its own each time. */
static void push(struct world *w, const struct model_file *f)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct transfer t;
	struct err err = ERR_INIT;

	request.find_hints = f == &w->tune ? hint_base : NULL;
	request.ctx = &w->base;
	assert_int_equal(transfer_borrow(&t, w->store, 1, NULL), 0);
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	transfer_return(&t);
}

static void world_begin(struct world *w)
{
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	w->base = model_file_make(1, 0, "");
	w->tune = model_file_make(1, 0.0002f, "");
	push(w, &w->base);
	push(w, &w->tune);
}

static void world_end(struct world *w)
{
	store_close(w->store);
	model_file_remove(&w->base);
	model_file_remove(&w->tune);
}

static bool is_whole(struct store *s, const struct model_file *file)
{
	struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict;
	struct transfer t;
	struct manifest m;

	assert_int_equal(transfer_borrow(&t, s, 1, NULL), 0);
	assert_int_equal(manifest_get(s, &file->oid, manifest_parse, &m, NULL), 0);
	assert_int_equal(object_prove(&t, &m, &nobody, &verdict, NULL), 0);
	manifest_wipe(&m);
	transfer_return(&t);
	return verdict == OBJECT_PROVED;
}

/* A record of a file, and where it lies. */
struct one {
	struct oid id;
	char key[KEY_MAX];
};

static struct one record_of(struct world *w, const struct model_file *f, size_t nth)
{
	struct one one = { .key = "" };
	struct manifest m;

	assert_int_equal(manifest_get(w->store, &f->oid, manifest_parse, &m, NULL), 0);
	for (size_t i = 0; i < m.extents.count; i++)
		if (!m.extents.list[i].inlined && !nth--) {
			one.id = m.extents.list[i].id;
			extent_key(&m.extents.list[i], one.key);
		}
	manifest_wipe(&m);
	return one;
}

static bool has(struct store *s, const char *key)
{
	struct store_reader *r = NULL;
	int rc = store_get(s, key, 0, &r, NULL);

	store_reader_close(r);
	return rc == 0;
}

static int count_one(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	++*(size_t *)ctx;
	return 0;
}

static size_t count(struct store *s, const char *prefix)
{
	size_t n = 0;

	assert_int_equal(store_list(s, prefix, count_one, &n, NULL), 0);
	return n;
}

static void write_over(struct store *s, const char *key, const void *bytes, size_t n)
{
	assert_int_equal(store_remove(s, key, NULL), 0);
	assert_int_equal(store_put_all(s, key, bytes, n, NULL), 0);
}

enum damage { EMPTY, CUT, SHORT_BY_ONE, FOREIGN, TURNED, SWAPPED, DAMAGES };

/* `other` is what it is swapped with. */
static void damage(struct store *s, const char *key, enum damage how, const char *other)
{
	static const char foreign[5000] = "not ours";
	struct buf b = BUF_INIT;

	assert_int_equal(
		store_get_all(s, how == SWAPPED ? other : key, 1 << 24, &b, NULL), 0);
	b.data[b.size - 9] ^= how == TURNED;
	const size_t sizes[DAMAGES] = { 0,      b.size / 2, b.size - 1, sizeof(foreign),
		                        b.size, b.size };
	write_over(s, key, how == FOREIGN ? foreign : (const char *)b.data, sizes[how]);
	buf_wipe(&b);
}

static int clear(struct store *reads, struct store *moves, const struct oid *id,
                 size_t *moved)
{
	struct transfer t;
	struct err err = ERR_INIT;

	assert_int_equal(transfer_borrow(&t, reads, 1, NULL), 0);
	int rc = record_judge_clear(&t, moves, id, moved, &err);
	transfer_return(&t);
	assert_int_equal(rc, err.code);
	return rc;
}

static size_t clear_all(struct world *w, const struct oid *id)
{
	size_t moved;

	assert_int_equal(clear(w->store, w->store, id, &moved), 0);
	return moved;
}

/* ---------------------------------------------------------------- the rules */

static void a_wrong_record_goes_and_no_other_and_a_push_mends(void **state)
{
	(void)state;
	for (int delta = 0; delta < 2; delta++)
		for (enum damage how = EMPTY; how < DAMAGES; how++) {
			struct world w;
			world_begin(&w);
			const struct model_file *f = delta ? &w.tune : &w.base;
			struct one one = record_of(&w, f, 1);
			struct one other = record_of(&w, f, 0);
			size_t before = count(w.store, "blobs/");
			damage(w.store, one.key, how, other.key);
			assert_false(is_whole(w.store, f));
			assert_int_equal(clear_all(&w, &one.id), 1);
			assert_int_equal(clear_all(&w, &one.id), 0);
			assert_false(has(w.store, one.key));
			assert_int_equal(count(w.store, "blobs/"), before - 1);
			assert_int_equal(count(w.store, "trash/"), 1);
			push(&w, f);
			assert_true(is_whole(w.store, &w.base));
			assert_true(is_whole(w.store, &w.tune));
			world_end(&w);
		}
}

/* Nothing can be said of a delta whose base is wrong; the base goes. */
static void a_wrong_base_goes_and_its_delta_stays(void **state)
{
	(void)state;
	for (enum damage how = EMPTY; how < DAMAGES; how++) {
		struct world w;
		world_begin(&w);
		struct one base = record_of(&w, &w.base, 1);
		struct one delta = record_of(&w, &w.tune, 1);
		damage(w.store, base.key, how, record_of(&w, &w.base, 0).key);
		assert_int_equal(clear_all(&w, &delta.id), 1);
		assert_false(has(w.store, base.key));
		assert_true(has(w.store, delta.key));
		push(&w, &w.base);
		assert_true(is_whole(w.store, &w.base));
		assert_true(is_whole(w.store, &w.tune));
		world_end(&w);
	}
}

static void of_two_records_of_a_blob_the_right_one_stays(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	struct one delta = record_of(&w, &w.tune, 1);
	struct one other = record_of(&w, &w.base, 0);
	struct buf b = BUF_INIT;
	char solo[KEY_MAX];
	assert_int_equal(store_get_all(w.store, other.key, 1 << 24, &b, NULL), 0);
	key_blob(&delta.id, solo);
	assert_int_equal(store_put_all(w.store, solo, b.data, b.size, NULL), 0);
	buf_wipe(&b);
	assert_int_equal(clear_all(&w, &delta.id), 1);
	assert_true(has(w.store, delta.key));
	assert_false(has(w.store, solo));
	assert_true(is_whole(w.store, &w.tune));
	world_end(&w);
}

static void right_records_stay(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	for (size_t i = 0; i < MODEL_TENSORS; i++) {
		struct one base = record_of(&w, &w.base, i);
		struct one delta = record_of(&w, &w.tune, i);
		assert_int_equal(clear_all(&w, &base.id), 0);
		assert_int_equal(clear_all(&w, &delta.id), 0);
	}
	assert_int_equal(count(w.store, "trash/"), 0);
	world_end(&w);
}

static void a_newer_versions_record_stays_and_so_does_a_delta_on_one(void **state)
{
	(void)state;
	for (int delta = 0; delta < 2; delta++) {
		struct world w;
		struct buf b = BUF_INIT;
		size_t moved;
		world_begin(&w);
		struct one newer = record_of(&w, &w.base, 1);
		struct one asked = delta ? record_of(&w, &w.tune, 1) : newer;
		assert_int_equal(store_get_all(w.store, newer.key, 1 << 24, &b, NULL), 0);
		b.data[8] = 2;    /* docs/format-record.md: version, */
		b.data[10] = 127; /* and a codec, without which it were ours, damaged */
		write_over(w.store, newer.key, b.data, b.size);
		buf_wipe(&b);
		assert_int_equal(clear(w.store, w.store, &asked.id, &moved), ERR_FORMAT);
		assert_int_equal(moved, 0);
		assert_true(has(w.store, newer.key));
		assert_true(has(w.store, asked.key));
		world_end(&w);
	}
}

/* ---------------------------------------------------------------- failing stores */

enum asked { RIGHT_SOLO, RIGHT_DELTA, WRONG_SOLO, ASKED };

/* Whether the nth call came. What is right is there afterwards, at its key or (after a
 * crash) in trash/, where readers find it; what is wrong is mended by a push. */
static bool clear_with_fault(struct world *w, const struct store_fault_plan plan,
                             enum asked asked)
{
	const struct model_file *f = asked == RIGHT_DELTA ? &w->tune : &w->base;
	struct one one = record_of(w, f, 1);
	struct store *faulty;
	size_t moved;

	if (asked == WRONG_SOLO)
		damage(w->store, one.key, TURNED, NULL);
	assert_int_equal(
		store_faulty_new(w->store, plan, FAULT_KEEP_INNER, &faulty, NULL), 0);
	int rc = clear(faulty, faulty, &one.id, &moved);
	bool came = store_faulty_calls(faulty) >= plan.nth;
	store_close(faulty);
	if (asked != WRONG_SOLO) {
		assert_int_equal(moved, 0);
		assert_true(is_whole(w->store, f));
		assert_true(rc || has(w->store, one.key));
	} else {
		clear_all(w, &one.id);
	}
	if (!has(w->store, one.key))
		push(w, f);
	assert_true(has(w->store, one.key));
	assert_true(is_whole(w->store, f));
	return came;
}

static void whatever_call_fails_no_right_record_is_lost(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_SHORT, FAULT_FLIP,
		                                   FAULT_CRASH };

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		for (enum asked asked = 0; asked < ASKED; asked++) {
			struct store_fault_plan plan = { faults[i], 1 };
			struct world w;
			world_begin(&w);
			while (clear_with_fault(&w, plan, asked))
				plan.nth++;
			assert_true(plan.nth > 4); /* it did reach into the judging */
			world_end(&w);
		}
}

/* ---------------------------------------------------------------- another mender */

/* Moves what another has just put; and what comes after that may fail. */
struct late {
	struct store base;
	struct world *world;
	const char *key;
	bool dies;
};

static int late_set_aside(struct store *s, const char *key, const char *trash,
                          struct err *err)
{
	struct late *l = (struct late *)s;

	assert_string_equal(key, l->key);
	assert_int_equal(store_remove(l->world->store, key, NULL), 0);
	push(l->world, &l->world->base);
	assert_true(has(l->world->store, key));
	return store_move_aside(l->world->store, key, trash, err);
}

static int late_restore(struct store *s, const char *trash, const char *key,
                        struct err *err)
{
	struct late *l = (struct late *)s;

	return l->dies ? err_set(err, ERR_IO, "killed")
	               : store_restore(l->world->store, trash, key, err);
}

static const struct store_ops late_ops = { .set_aside = late_set_aside,
	                                   .restore = late_restore };

static void what_another_put_in_between_is_given_back(void **state)
{
	(void)state;
	for (int dies = 0; dies < 2; dies++) {
		struct world w;
		size_t moved;
		world_begin(&w);
		struct one one = record_of(&w, &w.base, 1);
		struct late late = { { .ops = &late_ops, .inflight = 1, .name = "late" },
			             &w,
			             one.key,
			             dies };
		damage(w.store, one.key, SWAPPED, record_of(&w, &w.base, 0).key);
		assert_int_equal(clear(w.store, &late.base, &one.id, &moved),
		                 dies ? ERR_IO : 0);
		assert_int_equal(moved, 0);
		assert_int_equal(has(w.store, one.key), !dies);
		/* Readers find it where it lies. */
		assert_true(is_whole(w.store, &w.base));
		assert_true(is_whole(w.store, &w.tune));
		world_end(&w);
	}
}

/* ---------------------------------------------------------------- in trash/ */

/* Two entries of one blob: a wrong one that was set aside, and a right one whose mender
 * died before he gave it back. */
static void readers_take_the_right_record_of_several_in_trash(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++)
		for (int delta = 0; delta < 2; delta++) {
			struct world w;
			struct buf b = BUF_INIT;
			char trash[KEY_MAX], nonce[] = "00000000000000000000000000000000";
			world_begin(&w);
			struct one one = record_of(&w, delta ? &w.tune : &w.base, 1);
			assert_int_equal(
				store_get_all(w.store, one.key, 1 << 24, &b, NULL), 0);
			for (int i = 0; i < 2; i++) {
				nonce[0] = (char)('1' + i);
				assert_true(key_trash(one.key, nonce, trash));
				b.data[b.size - 9] ^= i == order;
				assert_int_equal(store_put_all(w.store, trash, b.data,
				                               b.size, NULL),
				                 0);
				b.data[b.size - 9] ^= i == order;
			}
			buf_wipe(&b);
			assert_int_equal(store_remove(w.store, one.key, NULL), 0);
			assert_true(is_whole(w.store, &w.base));
			assert_true(is_whole(w.store, &w.tune));
			world_end(&w);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_record_goes_and_no_other_and_a_push_mends),
		cmocka_unit_test(a_wrong_base_goes_and_its_delta_stays),
		cmocka_unit_test(of_two_records_of_a_blob_the_right_one_stays),
		cmocka_unit_test(right_records_stay),
		cmocka_unit_test(
			a_newer_versions_record_stays_and_so_does_a_delta_on_one),
		cmocka_unit_test(whatever_call_fails_no_right_record_is_lost),
		cmocka_unit_test(what_another_put_in_between_is_given_back),
		cmocka_unit_test(readers_take_the_right_record_of_several_in_trash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
