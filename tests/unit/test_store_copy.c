/* Mirroring a store: whole, in part, cut at every call, and from a damaged source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/name_claim.h"
#include "index/manifest/object_proof.h"
#include "index/mirror/store_copy.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"
#include "tests/unit/store_faulty.h"
#include "tests/unit/watched.h"

static const char ours[] = "0123456789abcdef0123456789abcdef";
static const char theirs[] = "fedcba9876543210fedcba9876543210";

enum { BASE, TUNED, SMALL, OTHER, FILES };

struct family {
	struct store *store;
	struct transfer transfer;
	struct model_file files[FILES];
};

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct family *f = ctx;

	(void)size;
	if (!oid_equal(oid, &f->files[TUNED].oid))
		return;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = f->files[BASE].oid;
	out->list[0].path = strdup("base/model.safetensors");
	out->list[0].commit = strdup("1111111111111111111111111111111111111111");
	out->count = 1;
}

static void push(struct family *f, int which, const char *repo)
{
	const struct model_file *file = &f->files[which];
	struct upload_request request = {
		.oid = file->oid,
		.size = file->size,
		.path = file->path,
		.find_hints = hint_base,
		.ctx = f,
	};
	struct upload_result result;
	struct err err = ERR_INIT;

	f->transfer.repo_id = repo;
	assert_int_equal(upload_object(&f->transfer, &request, &result, &err), 0);
	if (which == TUNED)
		assert_true(result.deltas > 0);
}

/* A base and another model of theirs, a fine-tune and a small file of ours. */
static void make_family(struct family *f)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_memory_new(&f->store, &err), 0);
	assert_int_equal(transfer_borrow(&f->transfer, f->store, 2, &err), 0);
	f->files[BASE] = model_file_make(1, 0, "");
	f->files[TUNED] = model_file_make(1, 0.0002f, "");
	f->files[SMALL] = model_file_of("a tokenizer", 11);
	f->files[OTHER] = model_file_make(2, 0, "other.");
	push(f, BASE, theirs);
	push(f, OTHER, theirs);
	push(f, TUNED, ours);
	push(f, SMALL, ours);
	assert_int_equal(name_claim_put(f->store, "org/ours", ours, &err), 0);
	assert_int_equal(name_claim_put(f->store, "org/theirs", theirs, &err), 0);
}

static void drop_family(struct family *f)
{
	for (int i = 0; i < FILES; i++)
		model_file_remove(&f->files[i]);
	transfer_return(&f->transfer);
	store_close(f->store);
}

/* ---------------------------------------------------------------- questions */

static bool is_whole(struct store *s, const struct model_file *file)
{
	struct transfer t;
	struct manifest m;
	struct object_judge judge = { 0 };
	enum object_verdict verdict = OBJECT_MANIFEST_FALSE;
	struct err err = ERR_INIT;

	assert_int_equal(transfer_borrow(&t, s, 1, &err), 0);
	int rc = manifest_get(s, &file->oid, manifest_parse, &m, &err);
	if (!rc) {
		rc = object_prove(&t, &m, &judge, &verdict, &err);
		manifest_wipe(&m);
	}
	transfer_return(&t);
	return rc == 0 && verdict == OBJECT_PROVED;
}

static bool has_object(struct store *s, const struct model_file *file)
{
	struct store_reader *r = NULL;
	char key[KEY_MAX];

	key_object(&file->oid, key);
	int rc = store_get(s, key, 0, &r, NULL);
	store_reader_close(r);
	return rc == 0;
}

static int count_key(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	++*(size_t *)ctx;
	return 0;
}

static size_t count_keys(struct store *s, const char *prefix)
{
	size_t count = 0;

	assert_int_equal(store_list(s, prefix, count_key, &count, NULL), 0);
	return count;
}

struct telling {
	size_t good, bad;
	struct err last;
};

static void note_told(void *ctx, const struct oid *oid, uint64_t size,
                      const struct err *failure)
{
	struct telling *told = ctx;

	(void)oid, (void)size;
	*(failure ? &told->bad : &told->good) += 1;
	if (failure)
		told->last = *failure;
}

static int copy(const struct family *f, struct store *to, const char *repo,
                struct store_copy_result *result, struct telling *told, struct err *err)
{
	struct watched watched;
	const struct work_watch watch = watched_watch(&watched);
	struct store_copy_request request = {
		.from = &f->transfer,
		.to = to,
		.repo_id = repo,
		.told = note_told,
		.ctx = told,
		.watch = &watch,
	};

	*told = (struct telling){ .good = 0 };
	int rc = store_copy(&request, result, err);
	if (!rc && !result->failed)
		assert_watched(&watched, "looking at objects",
		               result->copied + result->there);
	return rc;
}

static struct store *new_memory(void)
{
	struct store *s;

	assert_int_equal(store_memory_new(&s, NULL), 0);
	return s;
}

/* ---------------------------------------------------------------- what works */

static void a_whole_store_is_mirrored_and_then_there(void **state)
{
	struct family f;
	struct store *to = new_memory();
	struct store_copy_result result;
	struct telling told;
	struct err err = ERR_INIT;

	(void)state;
	make_family(&f);
	assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
	assert_int_equal(result.copied, FILES);
	assert_int_equal(told.good, FILES);
	for (int i = 0; i < FILES; i++)
		assert_true(is_whole(to, &f.files[i]));
	assert_int_equal(count_keys(to, ""), count_keys(f.store, ""));

	assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
	assert_int_equal(result.there, FILES);
	assert_int_equal(result.copied + result.records + result.bytes, 0);
	store_close(to);
	drop_family(&f);
}

static void one_repository_comes_with_the_bases_it_needs(void **state)
{
	struct family f;
	struct store *to = new_memory();
	struct store_copy_result result;
	struct telling told;
	struct err err = ERR_INIT;

	(void)state;
	make_family(&f);
	assert_int_equal(copy(&f, to, ours, &result, &told, &err), 0);
	assert_int_equal(result.copied, 2);
	assert_true(is_whole(to, &f.files[TUNED]));
	assert_true(is_whole(to, &f.files[SMALL]));
	assert_false(has_object(to, &f.files[BASE]));
	assert_false(has_object(to, &f.files[OTHER]));
	assert_true(count_keys(to, "blobs/") < count_keys(f.store, "blobs/"));
	assert_int_equal(count_keys(to, "owners/"), 2);
	assert_int_equal(name_claim_count(to, "org/ours", &err), 1);
	assert_int_equal(name_claim_count(to, "org/theirs", &err), 0);

	assert_int_equal(
		copy(&f, to, "00000000000000000000000000000000", &result, &told, &err),
		ERR_INPUT);
	store_close(to);
	drop_family(&f);
}

/* A gc moved manifests, and a prune a marker, while others pushed the objects again. */
static void what_is_out_of_sight_and_owned_is_mirrored_too(void **state)
{
	struct family f;
	struct store_copy_result result;
	struct telling told;
	char key[KEY_MAX], trash[KEY_MAX];
	struct err err = ERR_INIT;

	(void)state;
	make_family(&f);
	for (int i = 0; i < FILES; i++) {
		key_object(&f.files[i].oid, key);
		assert_int_equal(store_set_aside(f.store, key, trash, &err), 0);
	}
	key_owner(ours, &f.files[SMALL].oid, key);
	assert_int_equal(store_set_aside(f.store, key, trash, &err), 0);
	const char *const of[] = { "", ours };
	for (int i = 0; i < 2; i++) {
		struct store *to = new_memory();
		assert_int_equal(copy(&f, to, of[i], &result, &told, &err), 0);
		assert_int_equal(result.copied, i ? 2 : FILES);
		assert_int_equal(result.failed, 0);
		assert_true(is_whole(to, &f.files[TUNED]));
		assert_true(is_whole(to, &f.files[SMALL]));
		store_close(to);
	}
	/* What nobody owns, and lies in trash, is nobody's. */
	key_owner(theirs, &f.files[OTHER].oid, key);
	assert_int_equal(store_remove(f.store, key, &err), 0);
	struct store *to = new_memory();
	assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
	assert_int_equal(result.copied, FILES - 1);
	store_close(to);
	drop_family(&f);
}

struct keys {
	char list[64][KEY_MAX];
	size_t count;
};

static int note_record(void *ctx, const struct store_entry *entry)
{
	struct keys *k = ctx;

	assert_true(k->count < 64);
	strcpy(k->list[k->count++], entry->key);
	return 0;
}

/* Moves all records to trash, or the deltas alone. */
static void move_records(struct store *s, bool deltas_alone)
{
	struct keys k = { .count = 0 };
	char trash[KEY_MAX];

	assert_int_equal(store_list(s, "blobs/", note_record, &k, NULL), 0);
	for (size_t i = 0; i < k.count; i++)
		if (!deltas_alone || strchr(k.list[i], '~'))
			assert_int_equal(store_set_aside(s, k.list[i], trash, NULL), 0);
}

/* The fine-tune's blobs get solo records, as a gc would give them. */
static void put_solo_records(struct family *f)
{
	struct store *alone = new_memory();
	struct transfer t;
	struct keys k = { .count = 0 };
	const struct model_file *file = &f->files[TUNED];
	struct upload_request request = { .oid = file->oid,
		                          .size = file->size,
		                          .path = file->path };
	struct upload_result result;

	assert_int_equal(transfer_borrow(&t, alone, 1, NULL), 0);
	assert_int_equal(upload_object(&t, &request, &result, NULL), 0);
	transfer_return(&t);
	assert_int_equal(store_list(alone, "blobs/", note_record, &k, NULL), 0);
	for (size_t i = 0; i < k.count; i++) {
		struct buf value = BUF_INIT;
		assert_int_equal(
			store_get_all(alone, k.list[i], SIZE_MAX >> 1, &value, NULL), 0);
		assert_int_equal(
			store_put_all(f->store, k.list[i], value.data, value.size, NULL),
			0);
		buf_wipe(&value);
	}
	store_close(alone);
}

/* A gc beside it: records are coded anew, or in trash, when the mirror comes to them. Each
 * byte is hashed once, whichever record it comes from. */
static void records_that_a_gc_moved_or_coded_anew_are_mirrored(void **state)
{
	struct store_copy_result result;
	struct telling told;
	struct err err = ERR_INIT;

	(void)state;
	for (int anew = 0; anew < 2; anew++) {
		struct store *to = new_memory();
		struct family f;
		make_family(&f);
		if (anew)
			put_solo_records(&f);
		move_records(f.store, anew);
		assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
		if (told.bad)
			fail_msg("%s", told.last.text);
		assert_int_equal(result.copied, FILES);
		for (int i = 0; i < FILES; i++)
			assert_true(is_whole(to, &f.files[i]));
		assert_int_equal(count_keys(to, "trash/"), 0);
		store_close(to);
		drop_family(&f);
	}
}

/* ---------------------------------------------------------------- what takes long */

/* A copy that takes its time, and a gc that takes a record away meanwhile: it was listed
 * by no manifest yet when the gc looked. */
struct slow {
	struct store *to;
	size_t told, taken;
};

static int note_first(void *ctx, const struct store_entry *entry)
{
	strcpy(ctx, entry->key);
	return 1;
}

static void take_a_record_away(struct slow *slow)
{
	char key[KEY_MAX] = "";

	store_list(slow->to, "blobs/", note_first, key, NULL);
	slow->taken += *key && !store_remove(slow->to, key, NULL);
}

static void tell_slowly(void *ctx, const struct oid *oid, uint64_t size,
                        const struct err *failure)
{
	struct slow *slow = ctx;

	(void)oid, (void)size;
	assert_null(failure);
	if (++slow->told < FILES || slow->taken)
		return;
	sleep(2);
	take_a_record_away(slow);
}

static void a_copy_longer_than_the_grace_period_looks_again(void **state)
{
	struct family f;
	struct slow slow = { .to = new_memory() };
	struct store_copy_result result;
	struct err err = ERR_INIT;

	(void)state;
	make_family(&f);
	struct store_copy_request request = { .from = &f.transfer,
		                              .to = slow.to,
		                              .repo_id = "",
		                              .grace = 1,
		                              .told = tell_slowly,
		                              .ctx = &slow };
	assert_int_equal(store_copy(&request, &result, &err), 0);
	assert_int_equal(slow.taken, 1);
	for (int i = 0; i < FILES; i++)
		assert_true(is_whole(slow.to, &f.files[i]));
	assert_int_equal(count_keys(slow.to, ""), count_keys(f.store, ""));
	store_close(slow.to);
	drop_family(&f);
}

/* ---------------------------------------------------------------- what fails */

/* As in test_transfer.c: ThreadSanitizer looks for something else. */
#ifdef __SANITIZE_THREAD__
enum { FAULT_STEP = 12 };
#else
enum { FAULT_STEP = 1 };
#endif

/* What the target has is whole at every moment, and a second copy does the rest. */
static void a_copy_that_dies_anywhere_goes_on_later(void **state)
{
	struct family f;
	struct store_copy_result result;
	struct telling told;
	bool died = true;

	(void)state;
	make_family(&f);
	for (uint64_t nth = 1; died; nth += FAULT_STEP) {
		struct store *to = new_memory(), *dying;
		struct store_fault_plan plan = { FAULT_CRASH, nth };
		struct err err = ERR_INIT;

		assert_int_equal(
			store_faulty_new(to, plan, FAULT_KEEP_INNER, &dying, &err), 0);
		died = copy(&f, dying, "", &result, &told, &err) != 0;
		store_close(dying);
		for (int i = 0; i < FILES; i++)
			assert_true(!has_object(to, &f.files[i]) ||
			            is_whole(to, &f.files[i]));
		size_t records = result.records;
		assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
		for (int i = 0; i < FILES; i++)
			assert_true(is_whole(to, &f.files[i]));
		assert_true(records + result.records <= count_keys(to, "blobs/"));
		store_close(to);
	}
	drop_family(&f);
}

/* One bit turned anywhere on the way: the object fails or nothing was hurt, and no
 * wrong record is ever put. */
static void a_turned_bit_never_gets_into_the_mirror(void **state)
{
	struct family f;
	struct store *source;
	struct store_copy_result result;
	struct telling told;
	size_t failed = 0;
	uint64_t calls;

	(void)state;
	make_family(&f);
	source = f.store;
	for (uint64_t nth = 1, more = 1; more; nth += FAULT_STEP) {
		struct store *to = new_memory();
		struct store_fault_plan plan = { FAULT_FLIP, nth };
		struct err err = ERR_INIT;

		assert_int_equal(
			store_faulty_new(source, plan, FAULT_KEEP_INNER, &f.store, &err),
			0);
		f.transfer.store = f.store;
		int rc = copy(&f, to, "", &result, &told, &err);
		calls = store_faulty_calls(f.store);
		failed += result.failed;
		more = nth <= calls;
		store_close(f.store);
		f.transfer.store = f.store = source;
		assert_true(rc == 0);
		assert_int_equal(told.bad, result.failed);
		assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
		for (int i = 0; i < FILES; i++)
			assert_true(is_whole(to, &f.files[i]));
		store_close(to);
	}
	assert_true(failed > 0 || FAULT_STEP > 1);
	drop_family(&f);
}

static void an_object_that_lost_a_record_is_named_and_the_others_go_on(void **state)
{
	struct family f;
	struct store *to = new_memory();
	struct store_copy_result result;
	struct telling told;
	struct manifest m;
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	(void)state;
	make_family(&f);
	assert_int_equal(
		manifest_get(f.store, &f.files[OTHER].oid, manifest_parse, &m, &err), 0);
	for (size_t i = 0; i < m.extents.count; i++) {
		key_blob(&m.extents.list[i].id, key);
		if (!m.extents.list[i].inlined)
			assert_int_equal(store_remove(f.store, key, &err), 0);
	}
	manifest_wipe(&m);
	assert_int_equal(copy(&f, to, "", &result, &told, &err), 0);
	assert_int_equal(result.copied, FILES - 1);
	assert_int_equal(result.failed, 1);
	assert_int_equal(told.last.code, ERR_MISSING);
	assert_non_null(strstr(told.last.text, "push the model again"));
	assert_false(has_object(to, &f.files[OTHER]));
	assert_true(is_whole(to, &f.files[TUNED]));
	store_close(to);
	drop_family(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_store_is_mirrored_and_then_there),
		cmocka_unit_test(one_repository_comes_with_the_bases_it_needs),
		cmocka_unit_test(what_is_out_of_sight_and_owned_is_mirrored_too),
		cmocka_unit_test(records_that_a_gc_moved_or_coded_anew_are_mirrored),
		cmocka_unit_test(a_copy_longer_than_the_grace_period_looks_again),
		cmocka_unit_test(a_copy_that_dies_anywhere_goes_on_later),
		cmocka_unit_test(a_turned_bit_never_gets_into_the_mirror),
		cmocka_unit_test(
			an_object_that_lost_a_record_is_named_and_the_others_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
