/* A reader finds a way to a blob while others move records out of sight and back. */
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"
#include "tests/unit/pushed_model.h"

enum { SEED = 3 };

struct world {
	struct store *store;
	struct model_file base, tune;
};

static void world_begin(struct world *w)
{
	w->base = model_file_make(SEED, 0, "");
	w->tune = model_file_make(SEED, 1e-5f, "");
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	assert_int_equal(push(w->store, &w->base, NULL), 0);
	assert_int_equal(push(w->store, &w->tune, &w->base), 0);
}

static void world_end(struct world *w)
{
	store_close(w->store);
	model_file_remove(&w->base);
	model_file_remove(&w->tune);
}

/* Moves all solo records, or all deltas, out of sight; how many. */
static size_t set_aside(struct store *s, bool deltas)
{
	struct keys records = keys_of(s, "blobs/");
	char trash[KEY_MAX];
	size_t count = 0;

	for (size_t i = 0; i < records.count; i++) {
		if ((strchr(records.list[i], '~') != NULL) != deltas)
			continue;
		assert_int_equal(store_set_aside(s, records.list[i], trash, NULL), 0);
		count++;
	}
	return count;
}

/* ---------------------------------------------------------------- one look */

/* Each base also has a delta, live, that leads nowhere. */
static void a_bases_solo_record_in_trash_goes_before_any_delta_of_it(void **state)
{
	struct world w;
	struct err err = ERR_INIT;

	(void)state;
	world_begin(&w);
	struct keys records = keys_of(w.store, "blobs/");
	for (size_t i = 0; i < records.count; i++) {
		char key[KEY_MAX];
		if (strchr(records.list[i], '~'))
			continue;
		snprintf(key, sizeof(key), "%.180s~%032d", records.list[i], 7);
		assert_int_equal(store_put_all(w.store, key, "no record", 9, NULL), 0);
	}
	assert_true(set_aside(w.store, false) > 0);
	assert_int_equal(clone(w.store, &w.tune, &err), 0);
	world_end(&w);
}

static void a_delta_without_its_base_is_passed_by_for_another_record(void **state)
{
	struct world w, solo;
	struct err err = ERR_INIT;

	(void)state;
	world_begin(&w);
	solo.tune = w.tune;
	assert_int_equal(store_memory_new(&solo.store, NULL), 0);
	assert_int_equal(push(solo.store, &w.tune, NULL), 0);
	/* What another had put solo, and a gc has moved out of sight, */
	struct keys records = keys_of(solo.store, "blobs/");
	for (size_t i = 0; i < records.count; i++) {
		struct buf value = BUF_INIT;
		assert_int_equal(store_get_all(solo.store, records.list[i], SIZE_MAX >> 1,
		                               &value, NULL),
		                 0);
		assert_int_equal(store_put_all(w.store, records.list[i], value.data,
		                               value.size, NULL),
		                 0);
		buf_wipe(&value);
	}
	set_aside(w.store, false);
	/* and the bases are nowhere any more. */
	struct keys bases = keys_of(w.store, "trash/");
	for (size_t i = 0; i < bases.count; i++) {
		struct trash_key entry;
		assert_true(trash_key_parse(bases.list[i], &entry));
		bool tuned = false;
		for (size_t k = 0; k < records.count; k++)
			tuned |= strcmp(records.list[k], entry.key) == 0;
		if (!tuned)
			assert_int_equal(store_remove(w.store, bases.list[i], NULL), 0);
	}
	assert_int_equal(clone(w.store, &w.tune, &err), 0);
	assert_int_equal(clone(w.store, &w.base, &err), ERR_MISSING);
	assert_non_null(strstr(err.text, "has no record of blob"));
	store_close(solo.store);
	world_end(&w);
}

/* ---------------------------------------------------------------- things that move */

/* A store in which, for so many looks, what is looked for is just at the other place. */
struct moving {
	struct store base;
	struct store *inner;
	int moves; /* that are still to come */
};

static void move_to_trash(struct moving *m)
{
	if (m->moves > 0 && set_aside(m->inner, false) + set_aside(m->inner, true))
		m->moves--;
}

static void move_to_light(struct moving *m)
{
	struct keys entries = keys_of(m->inner, "trash/");

	if (m->moves <= 0 || !entries.count)
		return;
	m->moves--;
	for (size_t i = 0; i < entries.count; i++) {
		struct trash_key entry;
		assert_true(trash_key_parse(entries.list[i], &entry));
		assert_int_equal(
			store_restore(m->inner, entries.list[i], entry.key, NULL), 0);
		assert_int_equal(store_remove(m->inner, entries.list[i], NULL), 0);
	}
}

static int moving_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct moving *m = (struct moving *)s;

	if (strncmp(key, "blobs/", 6) == 0)
		move_to_trash(m);
	return store_get(m->inner, key, want, out, err);
}

static int moving_list(struct store *s, const char *prefix, store_each_fn *each,
                       void *ctx, struct err *err)
{
	struct moving *m = (struct moving *)s;

	if (strncmp(prefix, "blobs/", 6) == 0)
		move_to_trash(m);
	else if (strncmp(prefix, "trash/", 6) == 0)
		move_to_light(m);
	return store_list(m->inner, prefix, each, ctx, err);
}

static void moving_close(struct store *s)
{
	(void)s;
}

static const struct store_ops moving_ops = { .get = moving_get,
	                                     .list = moving_list,
	                                     .close = moving_close };

/* Four moves hide it from two rounds of looks. */
static void what_moves_between_two_looks_is_looked_for_again(void **state)
{
	struct world w;
	struct err err = ERR_INIT;

	(void)state;
	world_begin(&w);
	for (int moves = 1; moves <= 4; moves++) {
		struct moving m = {
			{ .ops = &moving_ops, .inflight = 1, .name = "moving" },
			w.store,
			moves
		};
		assert_int_equal(clone(&m.base, &w.base, &err), 0);
		assert_int_equal(clone(&m.base, &w.tune, &err), 0);
		assert_int_equal(m.moves, 0);
	}
	world_end(&w);
}

/* ---------------------------------------------------------------- while it is read */

/* A bucket: what is moved is gone for those who read it. At its nth read all records are
 * moved. */
struct bucket {
	struct store base;
	struct store *inner;
	uint64_t reads, nth;
};

struct bucket_reader {
	struct store_reader base;
	struct store_reader *inner;
	struct bucket *bucket;
	char key[KEY_MAX];
};

static int bucket_read(struct store_reader *reader, uint64_t offset, void *dst, size_t n,
                       struct err *err)
{
	struct bucket_reader *r = (struct bucket_reader *)reader;
	struct store_reader *still = NULL;

	if (++r->bucket->reads == r->bucket->nth) {
		set_aside(r->bucket->inner, false);
		set_aside(r->bucket->inner, true);
	}
	int rc = store_get(r->bucket->inner, r->key, 0, &still, err);
	store_reader_close(still);
	if (rc > 0)
		return err_set(err, ERR_MISSING, "%s was removed", r->key);
	return rc ? rc : store_read(r->inner, offset, dst, n, err);
}

static void bucket_reader_close(struct store_reader *reader)
{
	store_reader_close(((struct bucket_reader *)reader)->inner);
	free(reader);
}

static const struct store_reader_ops bucket_reader_ops = { .read = bucket_read,
	                                                   .close = bucket_reader_close };

static int bucket_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct bucket *b = (struct bucket *)s;
	struct bucket_reader *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	int rc = store_get(b->inner, key, want, &r->inner, err);
	if (rc) {
		free(r);
		return rc;
	}
	r->base = (struct store_reader){ &bucket_reader_ops, r->inner->size };
	r->bucket = b;
	strcpy(r->key, key);
	*out = &r->base;
	return 0;
}

static int bucket_list(struct store *s, const char *prefix, store_each_fn *each,
                       void *ctx, struct err *err)
{
	return store_list(((struct bucket *)s)->inner, prefix, each, ctx, err);
}

static const struct store_ops bucket_ops = { .get = bucket_get,
	                                     .list = bucket_list,
	                                     .close = moving_close };

/* At whichever read it happens. */
static void a_record_that_goes_while_it_is_read_is_read_elsewhere(void **state)
{
	uint64_t nth = 1;
	bool came = true;

	(void)state;
	for (; came; nth++) {
		struct world w;
		struct err err = ERR_INIT;
		world_begin(&w);
		struct bucket b = {
			.base = { .ops = &bucket_ops, .inflight = 1, .name = "bucket" },
			.inner = w.store,
			.nth = nth
		};
		if (clone(&b.base, &w.tune, &err))
			fail_msg("read %d: %s", (int)nth, err.text);
		came = b.reads >= nth;
		world_end(&w);
	}
	assert_true(nth > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_bases_solo_record_in_trash_goes_before_any_delta_of_it),
		cmocka_unit_test(
			a_delta_without_its_base_is_passed_by_for_another_record),
		cmocka_unit_test(what_moves_between_two_looks_is_looked_for_again),
		cmocka_unit_test(a_record_that_goes_while_it_is_read_is_read_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
