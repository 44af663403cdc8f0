/* Recompaction of blobs that no plan speaks of: pieces of files. */
#include "index/recompact/mark_recompact.h"
#include "index/recompact/trial_memory.h"
#include "tests/unit/gc_store.h"

enum { PIECE = 256 * 1024 };

struct world {
	struct gc_store gc;
	struct trial_memory *memory;
	struct recompact_result result; /* of the last run */
};

static int begin(void **state)
{
	struct world *w = malloc(sizeof(*w));

	*state = w;
	gc_store_open(&w->gc);
	return trial_memory_new(&w->memory, NULL);
}

static int end(void **state)
{
	struct world *w = *state;

	trial_memory_free(w->memory);
	gc_store_close(&w->gc);
	free(w);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

static void recompacted(struct world *w)
{
	struct mark_recompact recompact = { .memory = w->memory };
	const struct gc_request request = { mark_recompact, &recompact };
	struct err err = ERR_INIT;
	struct gc_run run;

	gc_run_begin(&run, &w->gc.transfer);
	run.listener = (struct gc_listener){ .failed = note_told, .ctx = &w->gc };
	assert_int_equal(gc_ages_begin(&run.ages, w->gc.store, GC_TEST_GRACE, NULL), 0);
	if (gc(&run, &request, &w->gc.summary, &err))
		fail_msg("%s", err.text);
	w->gc.counts = run.counts;
	w->result = recompact.result;
	assert_true(recompact.ran);
	gc_run_wipe(&run);
}

/* ---------------------------------------------------------------- two records of a piece */

static void the_smaller_of_two_records_stays(void **state)
{
	struct world *w = *state;

	push_solo(&w->gc, "ab");
	delta(&w->gc, "b", "a");
	recompacted(w);
	assert_false(has_record(&w->gc, "b"));
	assert_true(has_record(&w->gc, "b~a"));
	assert_true(has_record_entry(&w->gc, "b"));
	assert_int_equal(w->result.retired, 1);
	assert_int_equal(w->result.after, sum_of(&w->gc, "blobs/").bytes);
	assert_true(reads(&w->gc, "ab"));
	recompacted(w);
	assert_int_equal(w->result.retired, 0);
}

static void a_base_stays_solo_and_its_delta_goes(void **state)
{
	struct world *w = *state;

	push_solo(&w->gc, "a");
	solo(&w->gc, "b");
	delta(&w->gc, "c", "b");
	delta(&w->gc, "b", "a");
	owner(&w->gc, "bc", ours);
	object(&w->gc, "bc");
	recompacted(w);
	assert_true(has_record(&w->gc, "b"));
	assert_false(has_record(&w->gc, "b~a"));
	assert_true(has_record(&w->gc, "c~b"));
	assert_true(reads(&w->gc, "bc"));
}

/* What stays is read before the other goes. */
static void nothing_goes_for_a_record_that_is_damaged(void **state)
{
	struct world *w = *state;
	struct buf bytes = BUF_INIT;
	char key[KEY_MAX];

	push_solo(&w->gc, "ab");
	delta(&w->gc, "b", "a");
	record_key(&w->gc, "b~a", key);
	assert_int_equal(store_get_all(w->gc.store, key, 1 << 20, &bytes, NULL), 0);
	bytes.data[bytes.size - 1] ^= 1;
	assert_int_equal(store_remove(w->gc.store, key, NULL), 0);
	assert_int_equal(store_put_all(w->gc.store, key, bytes.data, bytes.size, NULL),
	                 0);
	buf_wipe(&bytes);
	recompacted(w);
	assert_true(has_record(&w->gc, "b"));
	assert_true(has_record(&w->gc, "b~a"));
	assert_int_equal(w->result.failed, 1);
	assert_true(*w->gc.told.text);
}

static void what_no_live_record_decodes_is_left_alone(void **state)
{
	struct world *w = *state;

	char key[KEY_MAX];

	push_solo(&w->gc, "ab");
	solo(&w->gc, "cd");
	delta(&w->gc, "b", "c");
	delta(&w->gc, "b", "d");
	for (const char *base = "cd"; *base; base++) {
		record_key(&w->gc, base, key);
		assert_int_equal(store_remove(w->gc.store, key, NULL), 0);
	}
	recompacted(w);
	assert_true(has_record(&w->gc, "b"));
	assert_true(reads(&w->gc, "ab"));
}

/* ---------------------------------------------------------------- one record of a piece */

/* An object of one piece, stored as it is, as an encoder of little effort would. */
static void push_raw(struct world *w, const struct buf *bytes, struct oid *oid)
{
	struct gc_store *gc = &w->gc;
	struct work_meter meter = { .per_byte = 1 };
	struct blob_plan plan = { .codec = codec_by_id(CODEC_RAW), .meter = &meter };
	struct blob_file file = { .sum = xxh128_of(bytes->data, bytes->size),
		                  .dtype = DTYPE_BYTES,
		                  .fd = memory_file_of(bytes->data, bytes->size),
		                  .size = bytes->size };
	struct err err = ERR_INIT;
	uint64_t stored = 0;
	char key[KEY_MAX];

	assert_true(sha256_of(bytes->data, bytes->size, &file.id));
	if (blob_put(&gc->transfer, &file, &plan, &stored, &err))
		fail_msg("%s", err.text);
	close(file.fd);
	struct extent x = {
		.kind = EXTENT_CHUNK, .size = bytes->size, .id = file.id, .sum = file.sum
	};
	struct manifest m = { .oid = file.id,
		              .extents = { .model = MODEL_OPAQUE,
		                           .size = bytes->size,
		                           .list = &x,
		                           .count = 1 } };
	key_owner(ours, &m.oid, key);
	assert_int_equal(store_put_all(gc->store, key, "", 0, NULL), 0);
	assert_int_equal(manifest_put(gc->store, &m, NULL, NULL), 0);
	*oid = m.oid;
}

static bool is_whole(struct world *w, const struct oid *oid)
{
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict = OBJECT_MANIFEST_FALSE;
	struct manifest m;

	if (manifest_get(w->gc.store, oid, manifest_parse, &m, NULL))
		return false;
	int rc = object_prove(&w->gc.transfer, &m, &nobody, &verdict, NULL);
	manifest_wipe(&m);
	return !rc && verdict == OBJECT_PROVED;
}

static void a_piece_of_little_effort_is_coded_anew_once(void **state)
{
	struct world *w = *state;
	struct buf bytes = BUF_INIT;
	struct oid oid;

	while (bytes.size < PIECE)
		buf_addf(&bytes, "line %zu of some words\n", bytes.size);
	push_raw(w, &bytes, &oid);
	assert_true(sum_of(&w->gc, "blobs/").bytes > bytes.size);
	recompacted(w);
	print_message("%zu bytes, then %llu\n", bytes.size,
	              (unsigned long long)sum_of(&w->gc, "blobs/").bytes);
	assert_int_equal(w->result.made, 1);
	assert_int_equal(w->result.after, sum_of(&w->gc, "blobs/").bytes);
	assert_true(sum_of(&w->gc, "blobs/").bytes < bytes.size / 4);
	assert_true(is_whole(w, &oid));
	recompacted(w);
	assert_int_equal(w->result.trials, 0);
	wait_long(&w->gc);
	recompacted(w);
	assert_int_equal(sum_of(&w->gc, "trash/").count, 0);
	assert_true(is_whole(w, &oid));
	buf_wipe(&bytes);
}

static void a_piece_that_does_not_pack_is_tried_once(void **state)
{
	struct world *w = *state;
	struct buf bytes = BUF_INIT;
	uint64_t random = 1;
	struct oid oid;

	while (bytes.size < PIECE)
		buf_add_u64(&bytes, next_random(&random));
	push_raw(w, &bytes, &oid);
	recompacted(w);
	assert_int_equal(w->result.trials, 1);
	assert_int_equal(w->result.made, 0);
	recompacted(w);
	assert_int_equal(w->result.trials, 0);
	assert_int_equal(sum_of(&w->gc, "trash/").count, 0);
	assert_true(is_whole(w, &oid));
	buf_wipe(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_smaller_of_two_records_stays),
		TEST(a_base_stays_solo_and_its_delta_goes),
		TEST(nothing_goes_for_a_record_that_is_damaged),
		TEST(what_no_live_record_decodes_is_left_alone),
		TEST(a_piece_of_little_effort_is_coded_anew_once),
		TEST(a_piece_that_does_not_pack_is_tried_once),
	};

	return cmocka_run_group_tests_name("recompaction: pieces", tests, NULL, NULL);
}
