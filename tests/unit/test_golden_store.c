/*
 * Golden stores: a store that any version has ever made is read, collected, pruned, brought
 * back and repaired for ever (tests/golden/README.md). Each test takes a fresh copy of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>

#include <cmocka.h>

#include "index/bundle_read.h"
#include "index/fsck/fsck_repair.h"
#include "index/fsck/fsck_run.h"
#include "index/gc/gc.h"
#include "index/gc/prune.h"
#include "index/recompact/mark_recompact.h"
#include "index/survey/local_model.h"
#include "tests/unit/golden_store_copy.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/needed_bytes.h"
#include "tests/unit/watched.h"

enum {
	GRACE = 100,        /* seconds */
	LONG = 2 * GRACE,   /* longer than it and a step */
	EXPIRE = 4 * GRACE, /* of what a prune drops */
	TURNS = 6
};

/* ---------------------------------------------------------------- reading */

static void read_all(struct golden_copy *c)
{
	for (size_t i = 0; i < c->count; i++)
		assert_true(golden_reads(c, &c->objects[i].oid));
}

static void every_object_is_read(void **state)
{
	(void)state;
	with_each_golden_store(read_all);
}

/* "a model" of the list, by its place there: what the thin bundle leaves out. */
enum { BASE_OF_BUNDLE = 3 };

static int append(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                  struct err *err)
{
	(void)offset, (void)err;
	buf_add(ctx, bytes, n);
	return 0;
}

/* An object of the store as a file. */
static void write_object(const struct golden_copy *c, size_t number, const char *path)
{
	struct buf bytes = BUF_INIT;
	struct manifest m;
	uint64_t inlined = 0;

	assert_int_equal(
		manifest_get(c->store, &c->objects[number].oid, manifest_parse, &m, NULL),
		0);
	for (size_t i = 0; i < m.extents.count; i++) {
		const struct extent *x = &m.extents.list[i];
		if (x->inlined) {
			buf_add(&bytes, m.inline_bytes + inlined, (size_t)x->size);
			inlined += x->size;
		} else {
			assert_int_equal(
				extent_restore(&c->transfer, x, append, &bytes, NULL), 0);
		}
	}
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, f), bytes.size);
	fclose(f);
	manifest_wipe(&m);
	buf_wipe(&bytes);
}

static void read_bundle(const struct golden_copy *c, const char *end,
                        struct local_model *base)
{
	struct err err = ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), GOLDEN_STORES "/%u%s.bundle", c->number, end);
	struct bundle_source source = { path, open(path, O_RDONLY), base, 1 };
	int out = memory_file_of("", 0);
	assert_true(source.fd >= 0);
	if (bundle_read(&source, out, &err))
		fail_msg("%s: %s", path, err.text);
	close(source.fd);
	close(out);
}

static void read_bundles(struct golden_copy *c)
{
	struct local_model base;
	char path[SCRATCH_MAX + 16];

	snprintf(path, sizeof(path), "%s/base", c->folder);
	write_object(c, BASE_OF_BUNDLE, path);
	read_bundle(c, "", NULL);
	assert_int_equal(local_model_open(path, &base, NULL), 0);
	read_bundle(c, "-thin", &base);
	local_model_close(&base);
}

static void its_bundles_are_read(void **state)
{
	(void)state;
	with_each_golden_store(read_bundles);
}

/* ---------------------------------------------------------------- checking, repairing */

static int give_store(void *ctx, struct store **out, struct err *err)
{
	(void)err;
	*out = ((struct golden_copy *)ctx)->store;
	return 0;
}

static void check(struct golden_copy *c, enum fsck_mode mode)
{
	struct watched watched;
	const struct work_watch watch = watched_watch(&watched);
	const struct fsck_request request = { .transfer = &c->transfer,
		                              .mode = mode,
		                              .from = "",
		                              .ctx = c,
		                              .watch = &watch };
	struct fsck_result result;
	struct err err = ERR_INIT;

	if (fsck_run(&request, &result, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < result.findings.count; i++)
		if (result.findings.list[i].hurts)
			fail_msg("%s", result.findings.list[i].text);
	assert_int_equal(result.not_whole, 0);
	assert_watched(&watched, "checking", golden_sum_of(c, "blobs/").bytes);
	assert_true(result.whole >= golden_sum_of(c, "objects/").count);
	fsck_result_wipe(&result);
}

static void check_both_ways(struct golden_copy *c)
{
	check(c, FSCK_QUICK);
	check(c, FSCK_DEEP);
}

static void nothing_is_found_that_hurts(void **state)
{
	(void)state;
	with_each_golden_store(check_both_ways);
}

struct damaging {
	struct golden_copy *copy;
	unsigned done;
};

/* The last byte of a value is turned. */
static int damage(void *ctx, const struct store_entry *entry)
{
	struct damaging *d = ctx;
	char path[SCRATCH_MAX + KEY_MAX];
	uint8_t byte = 0;

	snprintf(path, sizeof(path), "%s/%s", d->copy->folder, entry->key);
	assert_int_equal(chmod(path, 0644), 0);
	int fd = open(path, O_RDWR);
	off_t at = (off_t)entry->size - 1;
	assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
	d->done++;
	return 0;
}

/* What the repair found and mended, by a store that has everything. */
static size_t repair(struct golden_copy *c, struct golden_copy *from)
{
	const struct fsck_request request = { .transfer = &c->transfer,
		                              .mode = FSCK_DEEP,
		                              .from = "",
		                              .writing = give_store,
		                              .ctx = c };
	const struct fsck_other other = { &from->transfer, FSCK_FROM_STORE };
	const struct fsck_copies copies = { .others = &other,
		                            .other_count = 1,
		                            .scratch = "/tmp" };
	const struct fsck_repair how = { &request, &c->transfer, &copies };
	struct fsck_touch touch = FSCK_TOUCH_INIT;
	struct fsck_repaired done;
	struct fsck_result result;

	assert_int_equal(fsck_run(&request, &result, NULL), 0);
	const struct fsck_scope scope = { &c->transfer, &result.listing, NULL, 0 };
	assert_int_equal(fsck_touch_find(&touch, &scope, &result.findings, NULL), 0);
	assert_int_equal(fsck_repair(&how, &result, &touch, &done, NULL), 0);
	assert_int_equal(done.left, 0);
	fsck_touch_wipe(&touch);
	fsck_result_wipe(&result);
	return done.mended;
}

static void damage_and_repair(struct golden_copy *c)
{
	struct damaging d = { c, 0 };
	struct golden_copy from;

	assert_true(golden_copy_open(&from, c->number));
	assert_int_equal(store_list(c->store, "blobs/", damage, &d, NULL), 0);
	assert_int_equal(store_list(c->store, "objects/", damage, &d, NULL), 0);
	for (size_t i = 0; i < from.count; i++)
		assert_true(golden_reads(&from, &from.objects[i].oid));
	size_t mended = repair(c, &from);
	print_message("store %u: %u values damaged, %zu findings mended\n", c->number,
	              d.done, mended);
	assert_true(d.done >= 100 && mended >= 1);
	read_all(c);
	golden_copy_close(&from);
	check_both_ways(c);
}

static void every_record_and_manifest_can_be_repaired(void **state)
{
	(void)state;
	with_each_golden_store(damage_and_repair);
}

/* ---------------------------------------------------------------- collecting, pruning */

struct collected {
	struct gc_counts counts;
	struct gc_summary summary;
	struct recompact_result recompacted;
};

static void note_told(void *ctx, const struct err *err)
{
	(void)ctx;
	print_message("%s\n", err->text);
}

/* A run when `ahead` seconds have passed. */
static void collect(struct golden_copy *c, int64_t ahead, struct collected *out)
{
	struct mark_recompact recompact = { .memory = NULL };
	const struct gc_request request = { mark_recompact, &recompact };
	struct err err = ERR_INIT;
	struct gc_run run;

	gc_run_begin(&run, &c->transfer);
	run.listener.failed = note_told;
	assert_int_equal(gc_ages_begin(&run.ages, c->store, GRACE, NULL), 0);
	run.ages.now += ahead;
	if (gc(&run, &request, &out->summary, &err))
		fail_msg("%s", err.text);
	out->counts = run.counts;
	out->recompacted = recompact.result;
	gc_run_wipe(&run);
	for (int thing = 0; thing < GC_THINGS; thing++)
		assert_int_equal(out->counts.of[thing][GC_FAILED].count, 0);
	assert_int_equal(out->summary.blind.code, 0);
	assert_int_equal(out->summary.lost, 0);
}

/* After the grace period and more: only what is needed is there, to the byte. */
static void collect_for_long(struct golden_copy *c, int64_t from)
{
	struct needed_bytes needed;
	struct collected last;
	uint64_t destroyed = 0;

	for (int64_t turn = 0; turn < TURNS; turn++) {
		collect(c, from + turn * LONG, &last);
		for (int thing = 0; thing < GC_THINGS; thing++)
			destroyed += last.counts.of[thing][GC_DESTROYED].count;
	}
	assert_true(destroyed >= 10);
	needed_bytes_of(c->store, &needed);
	const struct gc_count *records = &last.counts.of[GC_RECORDS][GC_KEPT];
	const struct gc_count *manifests = &last.counts.of[GC_MANIFESTS][GC_KEPT];
	print_message("store %u: %llu bytes of records and %llu of manifests are kept\n",
	              c->number, (unsigned long long)records->bytes,
	              (unsigned long long)manifests->bytes);
	assert_int_equal(records->bytes, needed.records);
	assert_int_equal(manifests->bytes, needed.manifests);
	assert_int_equal(golden_sum_of(c, "blobs/").bytes, needed.records);
	assert_int_equal(golden_sum_of(c, "objects/").bytes, needed.manifests);
	assert_int_equal(golden_sum_of(c, "trash/").count,
	                 last.summary.strange +
	                         last.counts.of[GC_OWNERS][GC_WAITING].count +
	                         last.counts.of[GC_TRACES][GC_WAITING].count);
}

static void collect_copy(struct golden_copy *c)
{
	collect_for_long(c, LONG);
	for (size_t i = 0; i < c->count; i++) {
		bool stays = c->objects[i].fate != GOLDEN_GIVEN_UP;
		assert_int_equal(golden_is_live(c, &c->objects[i].oid), stays);
		assert_int_equal(golden_reads(c, &c->objects[i].oid), stays);
	}
	assert_int_equal(golden_sum_of(c, "probe/").count, 0);
	check_both_ways(c);
}

static void what_is_needed_stays_and_nothing_else_to_the_byte(void **state)
{
	(void)state;
	with_each_golden_store(collect_copy);
}

/* A prune of ours when `ahead` seconds have passed; `reached` NULL: all are brought back. */
static void prune(struct golden_copy *c, const struct oid *reached, size_t count,
                  int64_t ahead, struct prune *out)
{
	const struct prune_request request = {
		.repo_id = GOLDEN_OURS,
		.way = reached ? PRUNE_BY_REFS : PRUNE_BRING_BACK,
		.reached = reached,
		.reached_count = count,
		.expire = EXPIRE,
	};
	struct gc_run run;

	gc_run_begin(&run, &c->transfer);
	run.listener.failed = note_told;
	assert_int_equal(gc_ages_begin(&run.ages, c->store, GRACE, NULL), 0);
	run.ages.now += ahead;
	assert_int_equal(prune_look(out, &run, &request, NULL), 0);
	assert_int_equal(prune_act(out, &run, NULL), 0);
	assert_int_equal(run.counts.of[GC_OWNERS][GC_FAILED].count, 0);
	gc_run_wipe(&run);
}

static bool is_ours(const struct golden_copy *c, const struct oid *oid)
{
	struct store_reader *r = NULL;
	char key[KEY_MAX];

	key_owner(GOLDEN_OURS, oid, key);
	int rc = store_get(c->store, key, 0, &r, NULL);
	store_reader_close(r);
	return rc == 0;
}

static void bring_back(struct golden_copy *c)
{
	struct collected ignored;
	struct prune p;
	size_t back = 0;

	prune(c, NULL, 0, 0, &p);
	back = p.of[PRUNE_RETURNS] + p.of[PRUNE_ADOPTED];
	prune_wipe(&p);
	assert_true(back >= 1);
	for (size_t i = 0; i < c->count; i++)
		if (c->objects[i].fate != GOLDEN_KEPT)
			assert_true(is_ours(c, &c->objects[i].oid));
	for (int64_t turn = 1; turn < 4; turn++)
		collect(c, turn * LONG, &ignored);
	read_all(c); /* what was given up, too: its manifest was still there */
}

static void what_a_prune_dropped_comes_back(void **state)
{
	(void)state;
	with_each_golden_store(bring_back);
}

static int by_oid(const void *a, const void *b)
{
	return oid_compare(a, b);
}

/* Of what ours own, refs reach every other object. */
static void prune_copy(struct golden_copy *c)
{
	struct oid reached[GOLDEN_OBJECTS_MAX];
	bool stays[GOLDEN_OBJECTS_MAX];
	size_t count = 0, dropped = 0;
	struct prune p;

	for (size_t i = 0; i < c->count; i++) {
		bool ours = is_ours(c, &c->objects[i].oid);
		stays[i] = (!ours && c->objects[i].fate == GOLDEN_KEPT) ||
		           (ours && i % 2);
		if (ours && stays[i])
			reached[count++] = c->objects[i].oid;
		dropped += ours && !stays[i];
	}
	/* That of another repository owns it, whatever ours reach. */
	for (size_t i = 0; i < c->count; i++) {
		char key[KEY_MAX];
		key_owner(GOLDEN_THEIRS, &c->objects[i].oid, key);
		stays[i] |= golden_sum_of(c, key).count > 0;
	}
	assert_true(count >= 3 && dropped >= 3);
	qsort(reached, count, sizeof(*reached), by_oid);
	prune(c, reached, count, LONG, &p);
	assert_int_equal(p.of[PRUNE_MOVES], dropped + 1); /* one is of no object */
	prune_wipe(&p);
	read_all(c);
	prune(c, reached, count, LONG + 2 * EXPIRE, &p);
	assert_true(p.of[PRUNE_EXPIRES] >= dropped);
	prune_wipe(&p);
	collect_for_long(c, LONG + 2 * EXPIRE);
	for (size_t i = 0; i < c->count; i++)
		assert_int_equal(golden_reads(c, &c->objects[i].oid), stays[i]);
}

static void what_no_ref_reaches_is_pruned_and_the_rest_is_read(void **state)
{
	(void)state;
	with_each_golden_store(prune_copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_object_is_read),
		cmocka_unit_test(its_bundles_are_read),
		cmocka_unit_test(nothing_is_found_that_hurts),
		cmocka_unit_test(every_record_and_manifest_can_be_repaired),
		cmocka_unit_test(what_is_needed_stays_and_nothing_else_to_the_byte),
		cmocka_unit_test(what_a_prune_dropped_comes_back),
		cmocka_unit_test(what_no_ref_reaches_is_pruned_and_the_rest_is_read),
	};

	return cmocka_run_group_tests_name("golden stores", tests, NULL, NULL);
}
