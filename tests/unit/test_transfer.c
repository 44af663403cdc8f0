/* Upload and download together, over stores that work and stores that do not. */
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
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/model_file.h"
#include "tests/unit/store_faulty.h"

static const char repo_id[] = "0123456789abcdef0123456789abcdef";

struct hint_of {
	const struct model_file *base; /* NULL: no hint */
	const char *local;             /* where its local copy is said to be */
	uint64_t last_progress;
	bool progress_fell;
};

static void give_hint(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	struct hint_of *h = ctx;

	(void)oid;
	(void)size;
	if (!h->base)
		return;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = h->base->oid;
	out->list[0].path = strdup("base/model.safetensors");
	out->list[0].commit = strdup("1111111111111111111111111111111111111111");
	out->list[0].local_file = h->local ? strdup(h->local) : NULL;
	out->count = 1;
	out->path = strdup("sft/model.safetensors");
}

static int watch_progress(void *ctx, uint64_t bytes, struct err *err)
{
	struct hint_of *h = ctx;

	(void)err;
	h->progress_fell |= bytes < h->last_progress;
	h->last_progress = bytes;
	return 0;
}

static int upload(const struct transfer *t, const struct model_file *f,
                  struct hint_of *hint, struct upload_result *result, struct err *err)
{
	struct hint_of none = { 0 };
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path,
		                          .find_hints = give_hint,
		                          .progress = watch_progress,
		                          .ctx = hint ? hint : &none };

	return upload_object(t, &request, result, err);
}

/* Whether the object comes back from the store byte for byte. */
static bool comes_back(const struct transfer *t, const struct model_file *f)
{
	struct model_file copy = model_file_of("", 0);
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct hint_of watch = { 0 };
	int fd = open(copy.path, O_RDWR);

	int rc = download_object(t,
	                         &(struct download_request){ .oid = f->oid,
	                                                     .size = f->size,
	                                                     .fd = fd,
	                                                     .progress = watch_progress,
	                                                     .ctx = &watch },
	                         &err);
	bool same = rc == 0 && buf_reserve(&bytes, f->size + 1) &&
	            pread(fd, bytes.data, f->size + 1, 0) == (ssize_t)f->size &&
	            (f->size == 0 || memcmp(bytes.data, f->bytes.data, f->size) == 0);
	if (rc)
		print_message("%s\n", err.text);
	same = same && !watch.progress_fell && watch.last_progress <= f->size;
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
	return same;
}

/* A transfer over a store in memory. */
static void open_memory(struct transfer *t, struct store **store)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_memory_new(store, &err), 0);
	assert_int_equal(transfer_init(t, *store, 2, &err), 0);
	t->repo_id = repo_id;
}

static void close_all(struct transfer *t, struct store *store)
{
	transfer_wipe(t);
	store_close(store);
}

/* ---------------------------------------------------------------- what works */

static void any_file_comes_back_byte_for_byte(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	uint64_t random = 7;
	struct model_file files[6];
	struct buf noise = BUF_INIT;

	(void)state;
	open_memory(&t, &store);
	for (int i = 0; i < 700000; i++)
		buf_add_u64(&noise, next_random(&random));
	files[0] = model_file_make(1, 0, "");
	files[1] = model_file_of("", 0);
	files[2] = model_file_of("x", 1);
	files[3] = model_file_of(noise.data, noise.size); /* several chunks */
	files[4] = model_file_of(files[0].bytes.data,
	                         files[0].size - 1000); /* cut short */
	files[5] = model_file_of("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(upload(&t, &files[i], NULL, &result, &err), 0);
		assert_true(comes_back(&t, &files[i]));
	}
	for (size_t i = 0; i < 6; i++)
		model_file_remove(&files[i]);
	buf_wipe(&noise);
	close_all(&t, store);
}

static void a_fine_tune_is_stored_as_deltas_against_its_base(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result base_result, tune_result;
	struct err err = ERR_INIT;
	struct model_file base = model_file_make(2, 0, "");
	struct model_file tune = model_file_make(2, 1e-5f, "");
	struct hint_of hint = { .base = &base, .local = base.path };
	struct manifest m;

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &base, NULL, &base_result, &err), 0);
	assert_int_equal(upload(&t, &tune, &hint, &tune_result, &err), 0);
	assert_int_equal(base_result.solos, MODEL_TENSORS);
	assert_int_equal(tune_result.deltas, MODEL_TENSORS);
	assert_true(tune_result.stored * 2 < base_result.stored);
	assert_false(hint.progress_fell);
	assert_true(comes_back(&t, &base) && comes_back(&t, &tune));

	assert_int_equal(manifest_get(store, &tune.oid, manifest_parse, &m, &err), 0);
	for (size_t i = 0; i < m.extents.count; i++)
		assert_int_equal(extent_finding(&m.extents.list[i])->base_count,
		                 !m.extents.list[i].inlined);
	bool base_noted = false;
	for (size_t i = 0; i < m.note_count; i++)
		base_noted |= strcmp(m.notes[i].key, "base.path") == 0 &&
		              strcmp(m.notes[i].value, "base/model.safetensors") == 0;
	assert_true(base_noted);
	manifest_wipe(&m);
	model_file_remove(&base);
	model_file_remove(&tune);
	close_all(&t, store);
}

static void the_base_is_read_from_the_store_when_no_local_copy_is_known(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file base = model_file_make(3, 0, "");
	struct model_file tune = model_file_make(3, 1e-5f, "");
	struct hint_of hint = { .base = &base };

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &base, NULL, &result, &err), 0);
	assert_int_equal(upload(&t, &tune, &hint, &result, &err), 0);
	assert_int_equal(result.deltas, MODEL_TENSORS);
	assert_true(comes_back(&t, &tune));
	model_file_remove(&base);
	model_file_remove(&tune);
	close_all(&t, store);
}

static void a_local_base_that_is_damaged_is_not_used(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file base = model_file_make(4, 0, "");
	struct model_file tune = model_file_make(4, 1e-5f, "");
	struct model_file bad = model_file_of(base.bytes.data, base.size);
	struct hint_of hint = { .base = &base, .local = bad.path };
	uint64_t at = base.size - 3000;

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &base, NULL, &result, &err), 0);
	int fd = open(bad.path, O_WRONLY);
	assert_int_equal(pwrite(fd, "damage", 6, (off_t)at), 6);
	close(fd);
	assert_int_equal(upload(&t, &tune, &hint, &result, &err), 0);
	assert_int_equal(result.deltas, MODEL_TENSORS); /* by way of the store */
	assert_true(comes_back(&t, &tune));
	model_file_remove(&base);
	model_file_remove(&tune);
	model_file_remove(&bad);
	close_all(&t, store);
}

static void a_delta_of_a_delta_goes_to_the_first_base(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file base = model_file_make(5, 0, "");
	struct model_file tune = model_file_make(5, 1e-5f, "");
	struct model_file again = model_file_make(5, 3e-5f, "");
	struct hint_of first = { .base = &base, .local = base.path };
	struct hint_of second = { .base = &tune, .local = tune.path };
	struct manifest m;
	struct blob_place place;

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &base, NULL, &result, &err), 0);
	assert_int_equal(upload(&t, &tune, &first, &result, &err), 0);
	assert_int_equal(upload(&t, &again, &second, &result, &err), 0);
	assert_int_equal(result.deltas, MODEL_TENSORS);
	assert_true(comes_back(&t, &again));

	/* Every base of a delta has a solo record. */
	struct manifest base_manifest;
	assert_int_equal(manifest_get(store, &again.oid, manifest_parse, &m, &err), 0);
	assert_int_equal(
		manifest_get(store, &base.oid, manifest_parse, &base_manifest, &err), 0);
	for (size_t i = 0; i < m.extents.count; i++) {
		const struct extent *x = &m.extents.list[i];
		if (x->inlined)
			continue;
		const struct oid *id = &base_manifest.extents.list[i].id;
		assert_memory_equal(extent_finding(x)->bases[0], id->bytes,
		                    KEY_BASE_PREFIX);
		assert_int_equal(blob_find(store, id, &place, &err), 0);
		assert_int_equal(place.record.base_count, 0);
	}
	manifest_wipe(&m);
	manifest_wipe(&base_manifest);
	model_file_remove(&base);
	model_file_remove(&tune);
	model_file_remove(&again);
	close_all(&t, store);
}

/* Pushes two files, the first as hint for the second; tells what the second took. */
static uint64_t stored_after(const struct model_file *first,
                             const struct model_file *second)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct hint_of hint = { .base = first, .local = first->path };

	open_memory(&t, &store);
	assert_int_equal(upload(&t, first, NULL, &result, &err), 0);
	assert_int_equal(upload(&t, second, &hint, &result, &err), 0);
	assert_int_equal(result.deltas, MODEL_TENSORS);
	assert_true(comes_back(&t, first) && comes_back(&t, second));
	close_all(&t, store);
	return result.stored;
}

static void an_exact_cast_of_a_stored_model_costs_next_to_nothing(void **state)
{
	struct model_file narrow = model_file_make(14, 0, "");
	struct buf bytes = BUF_INIT;

	(void)state;
	widened_model_bytes(&bytes, &narrow.bytes);
	struct model_file wide = model_file_of(bytes.data, bytes.size);
	assert_true(stored_after(&narrow, &wide) < MODEL_TENSORS * 200);
	assert_true(stored_after(&wide, &narrow) < MODEL_TENSORS * 200);
	model_file_remove(&wide);
	model_file_remove(&narrow);
	buf_wipe(&bytes);
}

static void an_unrelated_hint_costs_nothing(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result plain, hinted;
	struct err err = ERR_INIT;
	struct model_file one = model_file_make(6, 0, "");
	struct model_file other = model_file_make(66, 0, "");
	struct hint_of hint = { .base = &one, .local = one.path };

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &one, NULL, &plain, &err), 0);
	assert_int_equal(upload(&t, &other, &hint, &hinted, &err), 0);
	assert_int_equal(hinted.solos, MODEL_TENSORS);
	model_file_remove(&one);
	model_file_remove(&other);
	close_all(&t, store);
}

static void what_the_store_has_is_not_sent_again(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file model = model_file_make(8, 0, "");
	struct model_file renamed = model_file_make(8, 0, "other.");

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &model, NULL, &result, &err), 0);
	assert_int_equal(upload(&t, &model, NULL, &result, &err), 0);
	assert_int_equal(result.stored, 0);
	assert_int_equal(result.known, model.size);
	assert_int_equal(upload(&t, &renamed, NULL, &result, &err), 0);
	assert_int_equal(result.stored, 0); /* other names and header, the same tensors */
	assert_true(comes_back(&t, &renamed));
	model_file_remove(&model);
	model_file_remove(&renamed);
	close_all(&t, store);
}

static void a_record_that_was_lost_comes_back_with_the_next_push(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file model = model_file_make(13, 0, "");
	struct manifest m;
	char key[KEY_MAX];

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(upload(&t, &model, NULL, &result, &err), 0);
	assert_int_equal(manifest_get(store, &model.oid, manifest_parse, &m, &err), 0);
	key_blob(&m.extents.list[1].id, key);
	assert_int_equal(store_remove(store, key, &err), 0);
	manifest_wipe(&m);
	assert_int_equal(upload(&t, &model, NULL, &result, &err), 0);
	assert_int_equal(result.solos, 1);
	assert_true(comes_back(&t, &model));
	model_file_remove(&model);
	close_all(&t, store);
}

/* ---------------------------------------------------------------- what does not */

static void a_file_that_is_not_its_oid_is_refused(void **state)
{
	struct transfer t;
	struct store *store;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct model_file model = model_file_make(9, 0, "");
	struct manifest m;

	(void)state;
	open_memory(&t, &store);
	model.oid.bytes[0] ^= 1;
	assert_int_equal(upload(&t, &model, NULL, &result, &err), ERR_MISMATCH);
	assert_non_null(strstr(err.text, "damaged"));
	assert_int_equal(manifest_get(store, &model.oid, manifest_parse, &m, &err), 1);
	model.size++;
	assert_int_equal(upload(&t, &model, NULL, &result, &err), ERR_MISMATCH);
	model_file_remove(&model);
	close_all(&t, store);
}

static void an_object_that_is_not_there_is_missing(void **state)
{
	struct transfer t;
	struct store *store;
	struct err err = ERR_INIT;
	struct oid oid = { { 1 } };

	(void)state;
	open_memory(&t, &store);
	assert_int_equal(
		download_object(
			&t, &(struct download_request){ .oid = oid, .size = 5, .fd = -1 },
			&err),
		ERR_MISSING);
	assert_non_null(strstr(err.text, "git lfs push --object-id origin 01"));
	close_all(&t, store);
}

struct faulty_run {
	enum store_fault fault;
	struct model_file *base, *tune;
};

/* One upload of the fine-tune whose nth request goes wrong. Returns whether the
 * fault was met. */
static bool upload_with_fault(const struct faulty_run *run, uint64_t nth)
{
	struct transfer good, bad;
	struct store *inner, *faulty;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct hint_of hint = { .base = run->base, .local = run->base->path };
	struct store_fault_plan plan = { run->fault, nth };
	struct manifest m;

	open_memory(&good, &inner);
	assert_int_equal(upload(&good, run->base, NULL, &result, &err), 0);
	assert_int_equal(store_faulty_new(inner, plan, FAULT_KEEP_INNER, &faulty, &err),
	                 0);
	assert_int_equal(transfer_init(&bad, faulty, 1, &err), 0);
	bad.lanes = 1;
	bad.repo_id = repo_id;
	int rc = upload(&bad, run->tune, &hint, &result, &err);
	bool met = store_faulty_calls(faulty) >= nth;
	if (rc)
		assert_true(err.text[0] != 0);

	/* An object is there whole or not at all, whatever happened ... */
	int there = manifest_get(inner, &run->tune->oid, manifest_parse, &m, &err);
	assert_true(there >= 0);
	if (there == 0) {
		manifest_wipe(&m);
		assert_true(comes_back(&good, run->tune));
	}
	/* ... what was acknowledged is there ... */
	if (rc == 0)
		assert_int_equal(there, 0);
	/* ... and the next push succeeds. */
	assert_int_equal(upload(&good, run->tune, &hint, &result, &err), 0);
	assert_true(comes_back(&good, run->tune));
	assert_true(comes_back(&good, run->base));
	transfer_wipe(&bad);
	store_close(faulty);
	close_all(&good, inner);
	return met;
}

/* Every request goes wrong once; under ThreadSanitizer, which is 10 times slower
 * and looks for something else, every 12th. */
#ifdef __SANITIZE_THREAD__
enum { FAULT_STEP = 12 };
#else
enum { FAULT_STEP = 1 };
#endif

static void whatever_request_fails_the_store_stays_whole(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_SHORT, FAULT_FLIP, FAULT_CRASH };
	struct model_file base = model_file_make(10, 0, "");
	struct model_file tune = model_file_make(10, 1e-5f, "");

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct faulty_run run = { faults[i], &base, &tune };
		uint64_t nth = 1;
		while (upload_with_fault(&run, nth))
			nth += FAULT_STEP;
		assert_true(nth > 10); /* the plan did reach into the upload */
	}
	model_file_remove(&base);
	model_file_remove(&tune);
}

static void many_requests_are_in_flight_at_once(void **state)
{
	struct transfer good, slow;
	struct store *inner, *faulty;
	struct upload_result result;
	struct err err = ERR_INIT;
	struct store_fault_plan none = { FAULT_NONE, 0 };
	struct buf noise = BUF_INIT;
	uint64_t random = 12;

	(void)state;
	open_memory(&good, &inner);
	assert_int_equal(store_faulty_new(inner, none, FAULT_KEEP_INNER, &faulty, &err),
	                 0);
	store_faulty_delay(faulty, 3);
	faulty->inflight = 32;
	assert_int_equal(transfer_init(&slow, faulty, 2, &err), 0);
	while (noise.size < 48u << 20)
		buf_add_u64(&noise, next_random(&random));
	struct model_file file = model_file_of(noise.data, noise.size);
	assert_int_equal(upload(&slow, &file, NULL, &result, &err), 0);
	assert_true(store_faulty_peak(faulty) >= 16);
	assert_true(comes_back(&slow, &file));
	model_file_remove(&file);
	buf_wipe(&noise);
	transfer_wipe(&slow);
	store_close(faulty);
	close_all(&good, inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_file_comes_back_byte_for_byte),
		cmocka_unit_test(a_fine_tune_is_stored_as_deltas_against_its_base),
		cmocka_unit_test(
			the_base_is_read_from_the_store_when_no_local_copy_is_known),
		cmocka_unit_test(a_local_base_that_is_damaged_is_not_used),
		cmocka_unit_test(a_delta_of_a_delta_goes_to_the_first_base),
		cmocka_unit_test(an_exact_cast_of_a_stored_model_costs_next_to_nothing),
		cmocka_unit_test(an_unrelated_hint_costs_nothing),
		cmocka_unit_test(what_the_store_has_is_not_sent_again),
		cmocka_unit_test(a_record_that_was_lost_comes_back_with_the_next_push),
		cmocka_unit_test(a_file_that_is_not_its_oid_is_refused),
		cmocka_unit_test(an_object_that_is_not_there_is_missing),
		cmocka_unit_test(whatever_request_fails_the_store_stays_whole),
		cmocka_unit_test(many_requests_are_in_flight_at_once),
	};
	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
