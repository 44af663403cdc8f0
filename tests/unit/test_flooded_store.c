/*
 * Millions of markers under one prefix: a gc, both checks, a prune and a push stay in their
 * memory, and do what they should. ZLLM_MARKERS=10000000 for the full number (`make flood`);
 * what a sanitizer takes for itself is not counted.
 */
#include "tests/unit/fsck_world.h"

#include <stdio.h>
#include <unistd.h>

#include "index/gc/gc.h"
#include "index/gc/prune.h"
#include "tests/unit/flooded_store.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { MARKERS = 200000, GRACE = 100, MARGIN_MIB = 64 };

struct flood {
	struct world w;
	int64_t clock;
	struct flooded_store store;
	struct transfer transfer;
	long begun; /* KiB */
};

static uint64_t markers(void)
{
	const char *text = getenv("ZLLM_MARKERS");

	return text ? strtoull(text, NULL, 10) : MARKERS;
}

/* KiB, the most that this process had in memory since forget_peak(). */
static long peak(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void forget_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	if (f) {
		fputs("5", f);
		fclose(f);
	}
}

static int note_marker(void *ctx, const struct store_entry *entry)
{
	assert_true(key_parse_marker(entry->key, ctx));
	return 1;
}

/* The base's family is pushed; then the flood comes over the prefix of one of its markers. */
static int begin(void **state)
{
	struct flood *f = calloc(1, sizeof(*f));
	struct key_marker marker;

	*state = f;
	f->clock = 1000000;
	world_files(&f->w);
	assert_int_equal(store_memory_new(&f->w.store, NULL), 0);
	store_memory_clock(f->w.store, &f->clock);
	assert_int_equal(store_format_create(f->w.store, OUR_REPO, NULL), 0);
	push_to(f->w.store, &f->w, BASE);
	assert_int_equal(store_list(f->w.store, "bases/", note_marker, &marker, NULL), 1);
	flooded_store_init(&f->store, f->w.store, &marker, markers());
	assert_int_equal(transfer_init(&f->transfer, &f->store.base, 2, NULL), 0);
	f->transfer.repo_id = OUR_REPO;
	forget_peak();
	f->begun = peak();
	return 0;
}

/* Says what it took, and holds it to what it may. */
static void assert_within(const struct flood *f, const char *what)
{
	long mib = (peak() - f->begun) / 1024;

	print_message("%llu markers, %s: %llu listed, %ld MiB more at the most\n",
	              (unsigned long long)f->store.count, what,
	              (unsigned long long)f->store.listed, mib);
	assert_true(SANITIZED || mib < MARGIN_MIB);
}

static int end(void **state)
{
	struct flood *f = *state;

	transfer_wipe(&f->transfer);
	world_end(&f->w);
	free(f);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

static void a_gc_sweeps_as_many_as_fit_and_says_what_is_left(void **state)
{
	struct flood *f = *state;
	const struct gc_request request = { .recompact = NULL };
	struct gc_summary summary;
	struct gc_run run;
	struct err err = ERR_INIT;

	f->clock += 10 * GRACE;
	gc_run_begin(&run, &f->transfer);
	assert_int_equal(gc_ages_begin(&run.ages, &f->store.base, GRACE, &err), 0);
	if (gc(&run, &request, &summary, &err))
		fail_msg("%s", err.text);
	assert_within(f, "gc");
	const struct gc_count *of = run.counts.of[GC_BASES];
	assert_int_equal(of[GC_DESTROYED].count, f->store.removed);
	assert_true(of[GC_DESTROYED].count > 0);
	assert_int_equal(of[GC_DESTROYED].count + of[GC_LEFT].count, f->store.count);
	assert_int_equal(of[GC_FAILED].count, 0);
	gc_run_wipe(&run);
	assert_true(reads_whole(&f->transfer, &f->w.files[BASE]));
}

static void checks_count_them(void **state)
{
	struct flood *f = *state;

	for (unsigned how = 0; how <= QUICK; how += QUICK) {
		struct run r;
		fsck_with(&f->w, &f->transfer, how | MOVE_NOTHING, &r);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.result.not_whole, 0);
		assert_int_equal(r.result.findings.count, 0);
		run_wipe(&r);
	}
	assert_within(f, "two checks");
}

static void a_prune_passes_by(void **state)
{
	struct flood *f = *state;
	const struct prune_request request = { .repo_id = OUR_REPO,
		                               .reached = &f->w.files[BASE].oid,
		                               .reached_count = 1,
		                               .expire = 10 * GRACE };
	struct prune p;
	struct gc_run run;

	gc_run_begin(&run, &f->transfer);
	assert_int_equal(gc_ages_begin(&run.ages, &f->store.base, GRACE, NULL), 0);
	assert_int_equal(prune_look(&p, &run, &request, NULL), 0);
	assert_int_equal(p.of[PRUNE_STAYS], 1);
	assert_int_equal(prune_act(&p, &run, NULL), 0);
	prune_wipe(&p);
	gc_run_wipe(&run);
	assert_within(f, "a prune");
}

/* By markers alone: no hint says where its base is. */
static void a_push_is_done_with_or_without_a_base(void **state)
{
	struct flood *f = *state;
	const struct model_file *tune = &f->w.files[TUNE];
	struct upload_request request = { .oid = tune->oid,
		                          .size = tune->size,
		                          .path = tune->path };
	struct upload_result result;
	struct err err = ERR_INIT;

	if (upload_object(&f->transfer, &request, &result, &err))
		fail_msg("%s", err.text);
	assert_within(f, "a push");
	assert_int_equal(result.deltas + result.solos, 2);
	assert_true(reads_whole(&f->transfer, tune));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_gc_sweeps_as_many_as_fit_and_says_what_is_left),
		TEST(checks_count_them),
		TEST(a_prune_passes_by),
		TEST(a_push_is_done_with_or_without_a_base),
	};

	return cmocka_run_group_tests_name("a flood of markers", tests, NULL, NULL);
}
