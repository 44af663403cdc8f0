/* What every store must do, checked for each kind of store we have. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_faulty.h"
#include "index/store/store_folder.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "tests/unit/scratch_folder.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct store_folder_modes modes = { 0444, 0755 };

/* ---------------------------------------------------------------- the kinds */

struct fixture {
	struct store *store;
	char folder[SCRATCH_MAX]; /* "": none */
};

static struct store *make_memory(char folder[SCRATCH_MAX])
{
	struct store *s;

	(void)folder;
	return store_memory_new(&s, NULL) ? NULL : s;
}

static struct store *make_folder(char folder[SCRATCH_MAX])
{
	struct store *s;

	scratch_folder_new(folder);
	return store_folder_open(folder, &modes, &s, NULL) ? NULL : s;
}

static struct store *make_faulty(char folder[SCRATCH_MAX])
{
	const struct store_fault_plan none = { FAULT_NONE, 0 };
	struct store *inner = make_folder(folder), *s;

	return !inner || store_faulty_new(inner, none, 0, &s, NULL) ? NULL : s;
}

static const struct kind {
	const char *name;
	struct store *(*make)(char folder[SCRATCH_MAX]);
} kinds[] = {
	{ "a store in a folder", make_folder },
	{ "a store in memory", make_memory },
	{ "a faulty store without faults", make_faulty },
};

static int begin(void **state)
{
	const struct kind *kind = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->store = kind->make(f->folder);
	*state = f;
	return f->store ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	if (f->folder[0])
		scratch_folder_remove(f->folder);
	free(f);
	return 0;
}

static struct store *store_of(void **state)
{
	return ((struct fixture *)*state)->store;
}

/* ---------------------------------------------------------------- words of the tests */

static void put(struct store *s, const char *key, const char *text)
{
	struct err err = ERR_INIT;

	int rc = store_put_all(s, key, text, strlen(text), &err);
	if (rc)
		fail_msg("put %s: %s", key, err.text);
	assert_int_equal(err.code, 0);
}

static void assert_value(struct store *s, const char *key, const char *text)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	int rc = store_get_all(s, key, 1 << 20, &b, &err);
	if (rc)
		fail_msg("get %s: %d %s", key, rc, err.text);
	assert_string_equal(buf_text(&b), text);
	buf_wipe(&b);
}

static void assert_absent(struct store *s, const char *key)
{
	struct store_reader *r = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(store_get(s, key, 0, &r, &err), 1);
	assert_null(r);
	assert_int_equal(err.code, 0);
}

/* Appends "key " for each. */
static int collect(void *ctx, const struct store_entry *entry)
{
	buf_addf(ctx, "%s ", entry->key);
	return 0;
}

static void assert_listing(struct store *s, const char *prefix, const char *keys)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(store_list(s, prefix, collect, &b, &err), 0);
	assert_string_equal(buf_text(&b), keys);
	assert_int_equal(err.code, 0);
	buf_wipe(&b);
}

static void fill(uint8_t *bytes, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 24);
	}
}

/* ---------------------------------------------------------------- the rules */

static void an_empty_store_has_nothing(void **state)
{
	struct store *s = store_of(state);

	assert_absent(s, "objects/aa/x");
	assert_int_equal(store_remove(s, "objects/aa/x", NULL), 1);
	assert_listing(s, "", "");
	assert_listing(s, "objects/", "");
	assert_listing(s, "blobs/aa/bb/cc", "");
	assert_true(s->inflight >= 1);
	assert_true(strlen(s->name) > 0);
}

static void values_of_any_size_come_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 100000, (1 << 20) + 3 };
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];
		struct buf b = BUF_INIT;
		char key[KEY_MAX];
		uint8_t *bytes = malloc(n + 1);
		assert_non_null(bytes);
		fill(bytes, n, (uint32_t)i);
		snprintf(key, sizeof(key), "blobs/%zu", n);
		assert_int_equal(store_put_all(s, key, bytes, n, NULL), 0);
		assert_int_equal(store_get_all(s, key, n, &b, NULL), 0);
		assert_int_equal(b.size, n);
		if (n)
			assert_memory_equal(b.data, bytes, n);
		buf_wipe(&b);
		free(bytes);
	}
}

static void the_head_comes_last_and_stands_first(void **state)
{
	struct store *s = store_of(state);
	struct store_writer *w;

	assert_int_equal(store_put(s, "blobs/x", 5, &w, NULL), 0);
	assert_int_equal(store_write(w, "tail", 4, NULL), 0);
	assert_int_equal(store_write(w, "", 0, NULL), 0);
	assert_int_equal(store_write(w, "end", 3, NULL), 0);
	assert_int_equal(store_commit(w, "head:", NULL), 0);
	assert_value(s, "blobs/x", "head:tailend");
	assert_int_equal(store_put(s, "blobs/y", 5, &w, NULL), 0);
	assert_int_equal(store_commit(w, "head:", NULL), 0);
	assert_value(s, "blobs/y", "head:");
}

static void nothing_is_seen_before_commit(void **state)
{
	struct store *s = store_of(state);
	struct store_writer *w;

	assert_int_equal(store_put(s, "blobs/x", 0, &w, NULL), 0);
	assert_int_equal(store_write(w, "text", 4, NULL), 0);
	assert_absent(s, "blobs/x");
	assert_listing(s, "", "");
	assert_int_equal(store_commit(w, NULL, NULL), 0);
	assert_value(s, "blobs/x", "text");
	assert_listing(s, "", "blobs/x ");
}

static void an_aborted_value_leaves_nothing(void **state)
{
	struct store *s = store_of(state);
	struct store_writer *w;

	assert_int_equal(store_put(s, "blobs/x", 3, &w, NULL), 0);
	assert_int_equal(store_write(w, "text", 4, NULL), 0);
	store_abort(w);
	assert_absent(s, "blobs/x");
	assert_listing(s, "", "");
	store_abort(NULL);
}

static void a_value_is_never_replaced(void **state)
{
	struct store *s = store_of(state);

	put(s, "blobs/x", "first");
	put(s, "blobs/x", "second");
	assert_value(s, "blobs/x", "first");
	assert_int_equal(store_remove(s, "blobs/x", NULL), 0);
	put(s, "blobs/x", "second");
	assert_value(s, "blobs/x", "second");
}

static void of_two_writers_the_first_to_commit_wins(void **state)
{
	struct store *s = store_of(state);
	struct store_writer *a, *b;

	assert_int_equal(store_put(s, "blobs/aa/x", 1, &a, NULL), 0);
	assert_int_equal(store_put(s, "blobs/aa/x", 1, &b, NULL), 0);
	assert_int_equal(store_write(a, "from-a", 6, NULL), 0);
	assert_int_equal(store_write(b, "from-b", 6, NULL), 0);
	assert_int_equal(store_commit(b, "+", NULL), 0);
	assert_int_equal(store_commit(a, "-", NULL), 0);
	assert_value(s, "blobs/aa/x", "+from-b");
	assert_listing(s, "blobs/", "blobs/aa/x ");
}

static void a_reader_keeps_its_version(void **state)
{
	struct store *s = store_of(state);
	struct store_reader *r;
	char text[6] = "";

	put(s, "blobs/x", "first");
	assert_int_equal(store_get(s, "blobs/x", 5, &r, NULL), 0);
	assert_int_equal(store_read(r, 0, text, 2, NULL), 0);
	assert_int_equal(store_remove(s, "blobs/x", NULL), 0);
	put(s, "blobs/x", "OTHER!");
	assert_int_equal(r->size, 5);
	assert_int_equal(store_read(r, 2, text + 2, 3, NULL), 0);
	assert_string_equal(text, "first");
	store_reader_close(r);
	assert_value(s, "blobs/x", "OTHER!");
}

static void ranges_are_exact_and_end_with_the_value(void **state)
{
	static const struct {
		uint64_t offset;
		size_t n;
		int rc;
		const char *text;
	} cases[] = {
		{ 0, 10, 0, "0123456789" },
		{ 0, 0, 0, "" },
		{ 3, 4, 0, "3456" },
		{ 9, 1, 0, "9" },
		{ 10, 0, 0, "" },
		{ 0, 11, ERR_DAMAGED, "" },
		{ 9, 2, ERR_DAMAGED, "" },
		{ 10, 1, ERR_DAMAGED, "" },
		{ 11, 0, ERR_DAMAGED, "" },
		{ UINT64_MAX, 1, ERR_DAMAGED, "" },
		{ UINT64_MAX - 3, 8, ERR_DAMAGED, "" },
		{ 1, SIZE_MAX, ERR_DAMAGED, "" },
	};
	struct store *s = store_of(state);
	struct store_reader *r;

	put(s, "blobs/x", "0123456789");
	assert_int_equal(store_get(s, "blobs/x", 0, &r, NULL), 0);
	assert_int_equal(r->size, 10);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		char text[16] = "";
		int rc = store_read(r, cases[i].offset, text, cases[i].n, &err);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(err.code, cases[i].rc);
		assert_string_equal(text, cases[i].text);
	}
	store_reader_close(r);
	store_reader_close(NULL);
}

static void listings_are_in_byte_order_of_whole_keys(void **state)
{
	/* '-' < '.' < '/' < '0' < '@' < 'a' < '~': folders sort with their slash. */
	static const char *const keys[] = {
		"zllm.json",      "blobs/aa/bb/aabb~11", "blobs/aa/bb/aabb",
		"blobs/aa/bb/ab", "blobs/aa/bc/x",       "blobs/aa-1",
		"blobs/aa.1/x",   "blobs/aa1",           "blobs/aa@1",
		"blobs/ab/b",     "objects/aa/o",        "owners/r/o",
		"blobs/_",        "blobs/aa~x",
	};
	static const struct {
		const char *prefix, *keys;
	} cases[] = {
		{ "",
		  "blobs/_ blobs/aa-1 blobs/aa.1/x blobs/aa/bb/aabb blobs/aa/bb/aabb~11 "
		  "blobs/aa/bb/ab blobs/aa/bc/x blobs/aa1 blobs/aa@1 blobs/aa~x "
		  "blobs/ab/b objects/aa/o owners/r/o zllm.json " },
		{ "o", "objects/aa/o owners/r/o " },
		{ "objects", "objects/aa/o " },
		{ "objects/", "objects/aa/o " },
		{ "objects/aa/o", "objects/aa/o " },
		{ "objects/aa/oo", "" },
		{ "objects/ab/", "" },
		{ "objects/aa/o/", "" },
		{ "objects/aa/o/p", "" },
		{ "blobs/aa/bb/aabb", "blobs/aa/bb/aabb blobs/aa/bb/aabb~11 " },
		{ "blobs/aa/bb/aabb~", "blobs/aa/bb/aabb~11 " },
		{ "blobs/aa/bb/",
		  "blobs/aa/bb/aabb blobs/aa/bb/aabb~11 blobs/aa/bb/ab " },
		{ "blobs/aa/b",
		  "blobs/aa/bb/aabb blobs/aa/bb/aabb~11 blobs/aa/bb/ab blobs/aa/bc/x " },
		{ "blobs/aa.", "blobs/aa.1/x " },
		{ "blobs/a",
		  "blobs/aa-1 blobs/aa.1/x blobs/aa/bb/aabb blobs/aa/bb/aabb~11 "
		  "blobs/aa/bb/ab blobs/aa/bc/x blobs/aa1 blobs/aa@1 blobs/aa~x "
		  "blobs/ab/b " },
		{ "z", "zllm.json " },
		{ "zllm.jsonx", "" },
	};
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		put(s, keys[i], "x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_listing(s, cases[i].prefix, cases[i].keys);
}

struct seen {
	uint64_t size;
	int64_t mtime;
};

static int note(void *ctx, const struct store_entry *entry)
{
	*(struct seen *)ctx = (struct seen){ entry->size, entry->mtime };
	return 0;
}

static void entries_carry_size_and_time(void **state)
{
	struct store *s = store_of(state);
	struct seen seen = { 0, 0 };
	struct store_writer *w;
	int64_t before = time(NULL);

	assert_int_equal(store_put(s, "blobs/x", 5, &w, NULL), 0);
	assert_int_equal(store_write(w, "tail", 4, NULL), 0);
	assert_int_equal(store_commit(w, "head:", NULL), 0);
	assert_int_equal(store_list(s, "blobs/x", note, &seen, NULL), 0);
	assert_int_equal(seen.size, 9);
	assert_in_range(seen.mtime, before - 2, time(NULL) + 2);
}

struct stopper {
	unsigned calls, stop_at;
	int answer;
};

static int count_and_stop(void *ctx, const struct store_entry *entry)
{
	struct stopper *t = ctx;

	(void)entry;
	return ++t->calls == t->stop_at ? t->answer : 0;
}

static void a_listing_ends_when_told(void **state)
{
	static const struct stopper cases[] = { { 0, 1, 7 }, { 0, 2, ERR_INTERRUPTED } };
	struct store *s = store_of(state);

	put(s, "a/1", "x");
	put(s, "a/2", "x");
	put(s, "b/1", "x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stopper t = cases[i];
		assert_int_equal(store_list(s, "", count_and_stop, &t, NULL), t.answer);
		assert_int_equal(t.calls, t.stop_at);
	}
}

static int remove_it(void *ctx, const struct store_entry *entry)
{
	return store_remove(ctx, entry->key, NULL);
}

static void a_listing_may_use_the_store(void **state)
{
	struct store *s = store_of(state);

	put(s, "a/1", "x");
	put(s, "a/2", "x");
	put(s, "b/1", "x");
	assert_int_equal(store_list(s, "a/", remove_it, s, NULL), 0);
	assert_listing(s, "", "b/1 ");
}

static void removing_takes_one_key_away(void **state)
{
	struct store *s = store_of(state);

	put(s, "blobs/aa/x", "1");
	put(s, "blobs/aa/xy", "2");
	assert_int_equal(store_remove(s, "blobs/aa/x", NULL), 0);
	assert_absent(s, "blobs/aa/x");
	assert_int_equal(store_remove(s, "blobs/aa/x", NULL), 1);
	assert_value(s, "blobs/aa/xy", "2");
	assert_listing(s, "blobs/aa/", "blobs/aa/xy ");
}

static void part_of_a_key_is_no_key(void **state)
{
	struct store *s = store_of(state);

	put(s, "blobs/aa/x", "1");
	assert_absent(s, "blobs/aa");
	assert_absent(s, "blobs");
	assert_absent(s, "blobs/aa/x/y");
	assert_int_equal(store_remove(s, "blobs/aa", NULL), 1);
	assert_int_equal(store_remove(s, "blobs/aa/x/y", NULL), 1);
	assert_value(s, "blobs/aa/x", "1");
}

static void names_that_are_no_keys_are_refused(void **state)
{
	static const char *const bad[] = {
		"",     "/",      "/etc/passwd", "a/",       "a//b",    ".", "..",
		"../x", "a/../b", "a/./b",       "a/.b",     ".hidden", "A", "a b",
		"a\nb", "tmp",    "tmp/x",       "\xc3\xa9", "a\\b",
	};
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;
		struct store_reader *r;
		struct store_writer *w;
		assert_int_equal(store_get(s, bad[i], 0, &r, &err), ERR_INPUT);
		assert_int_equal(store_put(s, bad[i], 0, &w, &err), ERR_INPUT);
		assert_int_equal(store_remove(s, bad[i], &err), ERR_INPUT);
		assert_int_equal(err.code, ERR_INPUT);
	}
	assert_int_equal(store_list(s, "../", collect, NULL, NULL), ERR_INPUT);
	assert_int_equal(store_list(s, "tmp/", collect, NULL, NULL), ERR_INPUT);
	assert_int_equal(store_list(s, "/", collect, NULL, NULL), ERR_INPUT);
}

static void a_value_larger_than_asked_for_is_damage(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	put(s, "a/1", "0123456789");
	buf_add_str(&b, "before:");
	assert_int_equal(store_get_all(s, "a/1", 9, &b, &err), ERR_DAMAGED);
	assert_int_equal(err.code, ERR_DAMAGED);
	assert_string_equal(buf_text(&b), "before:");
	assert_int_equal(store_get_all(s, "a/1", 10, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "before:0123456789");
	assert_int_equal(store_get_all(s, "a/2", 10, &b, NULL), 1);
	assert_int_equal(b.size, 17);
	buf_wipe(&b);
}

/* ---------------------------------------------------------------- many threads */

enum { THREADS = 6, ROUNDS = 12, SHARED_SIZE = 50000 };

struct worker {
	struct store *store;
	unsigned number;
	const char *trouble; /* NULL: none */
};

/* Values of shared keys differ by thread, as two encodings would; head and rest
 * must come from the same put. */
static const char *put_shared(struct worker *t, const char *key)
{
	struct store_writer *w;
	uint8_t *bytes = malloc(SHARED_SIZE);
	const char *trouble = NULL;

	if (!bytes)
		return "no memory";
	memset(bytes, (int)('a' + t->number), SHARED_SIZE);
	if (store_put(t->store, key, 1, &w, NULL))
		trouble = "put";
	else if (store_write(w, bytes, SHARED_SIZE, NULL))
		trouble = "write";
	else if (store_commit(w, bytes, NULL))
		trouble = "commit";
	free(bytes);
	return trouble;
}

static const char *get_shared(struct worker *t, const char *key)
{
	struct buf b = BUF_INIT;
	const char *trouble = NULL;

	if (store_get_all(t->store, key, SHARED_SIZE + 1, &b, NULL))
		trouble = "get";
	else if (b.size != SHARED_SIZE + 1)
		trouble = "a value that is not whole";
	for (size_t i = 1; !trouble && i < b.size; i++)
		if (b.data[i] != b.data[0])
			trouble = "a value of two puts";
	buf_wipe(&b);
	return trouble;
}

static int count_keys(void *ctx, const struct store_entry *entry)
{
	*(unsigned *)ctx += entry->size == SHARED_SIZE + 1;
	return 0;
}

static const char *work_round(struct worker *t, unsigned round)
{
	char shared[KEY_MAX], own[KEY_MAX];
	unsigned count = 0;

	snprintf(shared, sizeof(shared), "blobs/%02u/shared", round);
	snprintf(own, sizeof(own), "blobs/%02u/own%u", round, t->number);
	const char *trouble = put_shared(t, shared);
	trouble = trouble ? trouble : get_shared(t, shared);
	trouble = trouble ? trouble : put_shared(t, own);
	trouble = trouble ? trouble : get_shared(t, own);
	if (!trouble && store_list(t->store, "blobs/", count_keys, &count, NULL))
		trouble = "list";
	if (!trouble && count < 2)
		trouble = "a listing without what was put before";
	if (!trouble && store_remove(t->store, own, NULL))
		trouble = "remove";
	return trouble;
}

static void *work(void *ctx)
{
	struct worker *t = ctx;

	for (unsigned i = 0; !t->trouble && i < ROUNDS; i++)
		t->trouble = work_round(t, i);
	return NULL;
}

static void many_threads_may_use_one_store(void **state)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	unsigned count = 0;

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ store_of(state), i, NULL };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < THREADS; i++)
		if (workers[i].trouble)
			fail_msg("thread %u: %s", i, workers[i].trouble);
	assert_int_equal(store_list(store_of(state), "", count_keys, &count, NULL), 0);
	assert_int_equal(count, ROUNDS);
}

static const struct {
	const char *name;
	CMUnitTestFunction run;
} rules[] = {
#define RULE(f)       \
	{             \
#f, f \
	}
	RULE(an_empty_store_has_nothing),
	RULE(values_of_any_size_come_back),
	RULE(the_head_comes_last_and_stands_first),
	RULE(nothing_is_seen_before_commit),
	RULE(an_aborted_value_leaves_nothing),
	RULE(a_value_is_never_replaced),
	RULE(of_two_writers_the_first_to_commit_wins),
	RULE(a_reader_keeps_its_version),
	RULE(ranges_are_exact_and_end_with_the_value),
	RULE(listings_are_in_byte_order_of_whole_keys),
	RULE(entries_carry_size_and_time),
	RULE(a_listing_ends_when_told),
	RULE(a_listing_may_use_the_store),
	RULE(removing_takes_one_key_away),
	RULE(part_of_a_key_is_no_key),
	RULE(names_that_are_no_keys_are_refused),
	RULE(a_value_larger_than_asked_for_is_damage),
	RULE(many_threads_may_use_one_store),
#undef RULE
};

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rules)];
	int failed = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
			tests[i] = (struct CMUnitTest){ rules[i].name, rules[i].run,
				                        begin, end, (void *)&kinds[k] };
		failed += _cmocka_run_group_tests(kinds[k].name, tests, ARRAY_SIZE(tests),
		                                  NULL, NULL);
	}
	return failed;
}
