/* Manifests that list other bytes than those of their oid: nothing is restored by them,
 * no copy spreads them, and a push, a copy and fsck each lead to the true object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_look.h"
#include "index/manifest/object_proof.h"
#include "index/mirror/store_copy.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"

struct world {
	struct store *store, *to; /* `to` is an empty one to copy to */
	struct transfer transfer;
	struct model_file model, other;
};

static void push(struct store *s, const struct model_file *f)
{
	struct transfer t;
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct err err = ERR_INIT;

	assert_int_equal(transfer_borrow(&t, s, 2, &err), 0);
	t.repo_id = "0123456789abcdef0123456789abcdef";
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	transfer_return(&t);
}

static void open_world(struct world *w)
{
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	assert_int_equal(store_memory_new(&w->to, NULL), 0);
	assert_int_equal(transfer_borrow(&w->transfer, w->store, 2, NULL), 0);
	w->model = model_file_make(1, 0, "");
	w->other = model_file_make(2, 0, "");
	push(w->store, &w->model);
	push(w->store, &w->other);
}

static void close_world(struct world *w)
{
	model_file_remove(&w->model);
	model_file_remove(&w->other);
	transfer_return(&w->transfer);
	store_close(w->store);
	store_close(w->to);
}

/* ---------------------------------------------------------------- poison */

/* Changes the true manifest `m` of the model; `other` is that of the other one. */
typedef void falsify_fn(struct manifest *m, const struct manifest *other);

static struct extent *record_of(struct manifest *m, size_t nth)
{
	for (size_t i = 0; i < m->extents.count; i++)
		if (!m->extents.list[i].inlined && !nth--)
			return &m->extents.list[i];
	fail();
	return NULL;
}

static void take_blob(struct extent *to, const struct extent *from)
{
	to->id = from->id;
	to->sum = from->sum;
}

static void swap_two_tensors(struct manifest *m, const struct manifest *other)
{
	struct extent *a = record_of(m, 0), *b = record_of(m, 1), kept = *a;

	(void)other;
	take_blob(a, b);
	take_blob(b, &kept);
}

static void take_one_tensor_of_the_other(struct manifest *m, const struct manifest *other)
{
	struct extent *last = record_of(m, MODEL_TENSORS - 1);

	for (size_t i = 0; i < other->extents.count; i++)
		if (!other->extents.list[i].inlined)
			take_blob(last, &other->extents.list[i]);
}

static void take_all_of_the_other(struct manifest *m, const struct manifest *other)
{
	assert_int_equal(m->extents.size, other->extents.size);
	for (size_t i = 0; i < m->extents.count; i++)
		if (!m->extents.list[i].inlined)
			take_blob(&m->extents.list[i], &other->extents.list[i]);
	memcpy((uint8_t *)(uintptr_t)m->inline_bytes, other->inline_bytes,
	       (size_t)m->inline_size);
}

static void change_an_inline_byte(struct manifest *m, const struct manifest *other)
{
	(void)other;
	((uint8_t *)(uintptr_t)m->inline_bytes)[m->inline_size - 1] ^= 1;
}

static void have_a_sum_wrong(struct manifest *m, const struct manifest *other)
{
	(void)other;
	record_of(m, 2)->sum.bytes[3] ^= 1;
}

/* The last tensor is given twice. */
static void be_larger(struct manifest *m, const struct manifest *other)
{
	struct extents *x = &m->extents;
	struct extent more = *record_of(m, 0);

	(void)other;
	x->list = realloc(x->list, (x->count + 1) * sizeof(*x->list));
	more.offset = x->size;
	x->list[x->count++] = more;
	x->size += more.size;
}

static void want_a_record_that_is_not_there(struct manifest *m,
                                            const struct manifest *other)
{
	(void)other;
	record_of(m, 1)->id.bytes[7] ^= 1;
}

static falsify_fn *const falsehoods[] = {
	swap_two_tensors,
	take_one_tensor_of_the_other,
	take_all_of_the_other,
	change_an_inline_byte,
	have_a_sum_wrong,
	be_larger,
	want_a_record_that_is_not_there,
};

enum { FALSEHOODS = sizeof(falsehoods) / sizeof(falsehoods[0]) };

/* Puts the false manifest in the place of the one that `s` has, if any; `from` has true
 * ones. */
static void poison(struct world *w, struct store *s, falsify_fn *falsify)
{
	struct manifest m, other;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	assert_int_equal(manifest_get(w->store, &w->model.oid, manifest_parse, &m, &err),
	                 0);
	assert_int_equal(
		manifest_get(w->store, &w->other.oid, manifest_parse, &other, &err), 0);
	falsify(&m, &other);
	if (manifest_format(&m, &bytes, &err))
		fail_msg("%s", err.text);
	key_object(&w->model.oid, key);
	store_remove(s, key, NULL);
	assert_int_equal(store_put_all(s, key, bytes.data, bytes.size, &err), 0);
	manifest_wipe(&m);
	manifest_wipe(&other);
	buf_wipe(&bytes);
}

/* ---------------------------------------------------------------- questions */

static enum object_verdict verdict_on(struct store *s, const struct model_file *f)
{
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict;
	struct transfer t;
	struct manifest m;
	struct err err = ERR_INIT;

	assert_int_equal(transfer_borrow(&t, s, 2, &err), 0);
	assert_int_equal(manifest_get(s, &f->oid, manifest_parse, &m, &err), 0);
	assert_int_equal(object_prove(&t, &m, &nobody, &verdict, &err), 0);
	manifest_wipe(&m);
	transfer_return(&t);
	return verdict;
}

static int restore(struct world *w, unsigned flags, struct err *err)
{
	struct model_file copy = model_file_of("", 0);
	int fd = open(copy.path, O_RDWR);
	int rc = download_object(&w->transfer,
	                         &(struct download_request){ .oid = w->model.oid,
	                                                     .size = w->model.size,
	                                                     .fd = fd,
	                                                     .into = flags },
	                         err);

	close(fd);
	model_file_remove(&copy);
	return rc;
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

static void keep_failure(void *ctx, const struct oid *oid, uint64_t size,
                         const struct err *failure)
{
	(void)oid, (void)size;
	if (failure)
		*(struct err *)ctx = *failure;
}

static struct store_copy_result copy(struct world *w, struct err *failure)
{
	struct store_copy_request request = { .from = &w->transfer,
		                              .to = w->to,
		                              .repo_id = "",
		                              .told = keep_failure,
		                              .ctx = failure };
	struct store_copy_result result;
	struct err err = ERR_INIT;

	if (store_copy(&request, &result, &err))
		fail_msg("%s", err.text);
	return result;
}

/* ---------------------------------------------------------------- the rules */

/* What is true in a world of its own for each way in which a manifest may be false. */
typedef void rule_fn(struct world *w, falsify_fn *falsify);

struct rule {
	rule_fn *holds;
};

static void holds_for_each_falsehood(void **state)
{
	const struct rule *rule = *state;

	for (int i = 0; i < FALSEHOODS; i++) {
		struct world w;

		open_world(&w);
		rule->holds(&w, falsehoods[i]);
		close_world(&w);
	}
}

static void nothing_is_restored_by_a_false_manifest(struct world *w, falsify_fn *falsify)
{
	struct err err = ERR_INIT;

	assert_int_equal(restore(w, 0, &err), 0);
	poison(w, w->store, falsify);
	assert_true(restore(w, 0, &err) < 0);
	assert_true(restore(w, DOWNLOAD_RESUME, &err) < 0);
}

static void the_verdict_is_that_the_manifest_is_false(struct world *w,
                                                      falsify_fn *falsify)
{
	bool lost = falsify == want_a_record_that_is_not_there;

	assert_int_equal(verdict_on(w->store, &w->model), OBJECT_PROVED);
	poison(w, w->store, falsify);
	assert_int_equal(verdict_on(w->store, &w->model),
	                 lost ? OBJECT_RECORDS_WRONG : OBJECT_MANIFEST_FALSE);
	assert_int_equal(verdict_on(w->store, &w->other), OBJECT_PROVED);
}

static void no_copy_spreads_a_false_manifest(struct world *w, falsify_fn *falsify)
{
	struct err failure = ERR_INIT;
	char key[KEY_MAX];
	struct buf bytes = BUF_INIT;

	poison(w, w->store, falsify);
	struct store_copy_result result = copy(w, &failure);
	assert_int_equal(result.copied, 1);
	assert_int_equal(result.failed, 1);
	assert_true(failure.code == ERR_MISMATCH || failure.code == ERR_DAMAGED ||
	            failure.code == ERR_MISSING);
	key_object(&w->model.oid, key);
	assert_int_equal(store_get_all(w->to, key, MANIFEST_MAX, &bytes, NULL), 1);
	assert_int_equal(verdict_on(w->to, &w->other), OBJECT_PROVED);
}

static void a_copy_mends_a_mirror_that_was_poisoned(struct world *w, falsify_fn *falsify)
{
	struct err failure = ERR_INIT;

	copy(w, &failure);
	poison(w, w->to, falsify);
	struct store_copy_result result = copy(w, &failure);
	assert_int_equal(failure.code, 0);
	assert_int_equal(result.copied, 1);
	assert_int_equal(result.mended, 1);
	assert_int_equal(result.there, 1);
	assert_int_equal(verdict_on(w->to, &w->model), OBJECT_PROVED);
	assert_int_equal(count_keys(w->to, "trash/"), 1);
	result = copy(w, &failure);
	assert_int_equal(result.there, 2);
}

/* The source's is false, the target's is true: that stays. */
static void a_copy_takes_no_true_manifest_away(struct world *w, falsify_fn *falsify)
{
	struct err failure = ERR_INIT;

	copy(w, &failure);
	poison(w, w->store, falsify);
	struct store_copy_result result = copy(w, &failure);
	assert_int_equal(result.failed, 1);
	assert_int_equal(verdict_on(w->to, &w->model), OBJECT_PROVED);
	assert_int_equal(count_keys(w->to, "trash/"), 0);
}

static void a_push_mends_a_store_that_was_poisoned(struct world *w, falsify_fn *falsify)
{
	poison(w, w->store, falsify);
	push(w->store, &w->model);
	assert_int_equal(verdict_on(w->store, &w->model), OBJECT_PROVED);
	assert_int_equal(count_keys(w->store, "trash/"), 1);
	push(w->store, &w->model);
	assert_int_equal(count_keys(w->store, "trash/"), 1);
}

/* A file that is not the object is no witness: the push of it fails, and nothing is
 * moved. */
static void a_damaged_file_takes_no_true_manifest_away(void **state)
{
	struct world w;
	struct upload_request request = { 0 };
	struct upload_result result;
	struct err err = ERR_INIT;
	uint8_t byte = 77;

	(void)state;
	open_world(&w);
	int fd = open(w.model.path, O_RDWR);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)w.model.size - 1), 1);
	close(fd);
	request.oid = w.model.oid;
	request.size = w.model.size;
	request.path = w.model.path;
	int rc = upload_object(&w.transfer, &request, &result, &err);
	assert_int_equal(rc, ERR_MISMATCH);
	assert_int_equal(count_keys(w.store, "trash/"), 0);
	assert_int_equal(verdict_on(w.store, &w.model), OBJECT_PROVED);
	close_world(&w);
}

static void only_the_manifest_that_was_found_is_set_aside(void **state)
{
	struct world w;
	struct buf found = BUF_INIT;
	struct manifest m;
	struct err err = ERR_INIT;

	(void)state;
	open_world(&w);
	poison(&w, w.store, swap_two_tensors);
	assert_int_equal(manifest_get_bytes(w.store, &w.model.oid, &m, &found, &err), 0);
	manifest_wipe(&m);
	poison(&w, w.store, swap_two_tensors); /* another, by now: the true one */
	assert_int_equal(manifest_set_aside(w.store, &w.model.oid, &found, &err), 1);
	assert_int_equal(verdict_on(w.store, &w.model), OBJECT_PROVED);
	assert_int_equal(manifest_set_aside(w.store, &w.other.oid, &found, &err), 1);
	assert_int_equal(verdict_on(w.store, &w.other), OBJECT_PROVED);
	buf_wipe(&found);
	close_world(&w);
}

/* clang-format off */
#define RULE(f) { #f, holds_for_each_falsehood, NULL, NULL, &(struct rule){ f } }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE(nothing_is_restored_by_a_false_manifest),
		RULE(the_verdict_is_that_the_manifest_is_false),
		RULE(no_copy_spreads_a_false_manifest),
		RULE(a_copy_mends_a_mirror_that_was_poisoned),
		RULE(a_copy_takes_no_true_manifest_away),
		RULE(a_push_mends_a_store_that_was_poisoned),
		cmocka_unit_test(a_damaged_file_takes_no_true_manifest_away),
		cmocka_unit_test(only_the_manifest_that_was_found_is_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
