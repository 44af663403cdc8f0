/* Listings, checked for each kind of store we have. */
#include <time.h>

#include "index/store/folder/store_folder_private.h"
#include "tests/unit/store_fixture.h"

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

static const struct rule rules[] = {
	RULE(listings_are_in_byte_order_of_whole_keys),
	RULE(entries_carry_size_and_time),
	RULE(a_listing_ends_when_told),
	RULE(a_listing_may_use_the_store),
};

/* Of a folder with more names than fit the memory for them, some are kept at a time: here
 * one, or a few. */
static struct store *make_narrow(char folder[SCRATCH_MAX])
{
	struct store *s = make_folder(folder);

	if (s)
		((struct folder *)s)->names_limit = 1;
	return s;
}

static struct store *make_less_narrow(char folder[SCRATCH_MAX])
{
	struct store *s = make_folder(folder);

	if (s)
		((struct folder *)s)->names_limit = 16;
	return s;
}

static const struct kind narrow[] = {
	{ "a folder of which one name is kept at a time", make_narrow },
	{ "a folder of which few names are kept at a time", make_less_narrow },
};

int main(void)
{
	int failed = run_rules_on_all(rules, ARRAY_SIZE(rules));

	for (size_t i = 0; i < ARRAY_SIZE(narrow); i++)
		failed += run_rules(&narrow[i], rules, ARRAY_SIZE(rules));
	return failed;
}
