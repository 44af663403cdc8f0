/* What every store must do, checked for each kind of store we have; listings are
 * in test_store_list.c. */
#include <pthread.h>

#include "tests/unit/store_fixture.h"

/* ---------------------------------------------------------------- the rules */

static void fill(uint8_t *bytes, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 24);
	}
}

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

static const struct rule rules[] = {
	RULE(an_empty_store_has_nothing),
	RULE(values_of_any_size_come_back),
	RULE(the_head_comes_last_and_stands_first),
	RULE(nothing_is_seen_before_commit),
	RULE(an_aborted_value_leaves_nothing),
	RULE(a_value_is_never_replaced),
	RULE(of_two_writers_the_first_to_commit_wins),
	RULE(a_reader_keeps_its_version),
	RULE(ranges_are_exact_and_end_with_the_value),
	RULE(removing_takes_one_key_away),
	RULE(part_of_a_key_is_no_key),
	RULE(names_that_are_no_keys_are_refused),
	RULE(a_value_larger_than_asked_for_is_damage),
	RULE(many_threads_may_use_one_store),
};

int main(void)
{
	return run_rules_on_all(rules, ARRAY_SIZE(rules));
}
