/* Whether a bucket has many objects: by name in few requests, or looked at many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cmd/push_check.h"
#include "agent/cmd/status_look.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_listing.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/store_counted.h"

enum { OBJECTS = 60, AT_ONCE = 8, INFLIGHT = 16, CROWD = 6000 };

struct world {
	struct store *memory, *bucket;
	struct lfs_objects objects, missing;
};

static struct oid object(size_t i)
{
	struct oid oid;

	assert_true(sha256_of(&i, sizeof(i), &oid));
	return oid;
}

/* A store with OBJECTS empty objects, and the list of them. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	if (!w || store_memory_new(&w->memory, NULL) ||
	    store_counted_new(w->memory, INFLIGHT, &w->bucket, NULL))
		return 1;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct manifest m = { .oid = object(i),
			              .extents = { .model = MODEL_OPAQUE } };
		char path[16];
		snprintf(path, sizeof(path), "%zu", i);
		struct lfs_object one = { m.oid, 1, path };
		if (manifest_put(w->memory, &m, NULL, NULL) ||
		    lfs_objects_append(&w->objects, &one, NULL))
			return 1;
	}
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	lfs_objects_wipe(&w->objects);
	lfs_objects_wipe(&w->missing);
	store_close(w->bucket);
	store_close(w->memory);
	free(w);
	return 0;
}

static void drop(const struct world *w, size_t i)
{
	struct oid oid = object(i);
	char key[KEY_MAX];

	key_object(&oid, key);
	assert_int_equal(store_remove(w->memory, key, NULL), 0);
}

static void put(const struct world *w, size_t i, size_t bytes)
{
	static const uint8_t zeros[256];
	struct oid oid = object(i);
	struct store_writer *writer;
	char key[KEY_MAX];

	key_object(&oid, key);
	assert_int_equal(store_put(w->memory, key, 0, &writer, NULL), 0);
	assert_int_equal(store_write(writer, zeros, bytes, NULL), 0);
	assert_int_equal(store_commit(writer, NULL, NULL), 0);
}

static void names_cost_a_listing_and_what_is_not_there_is_missing(void **state)
{
	struct world *w = *state;

	assert_int_equal(push_check_names(w->bucket, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 0);
	assert_true(store_counted_total(w->bucket) <= 2);
	drop(w, 17);
	drop(w, 42);
	assert_int_equal(push_check_names(w->bucket, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 2);
	assert_string_equal(w->missing.list[0].path, "17");
	assert_string_equal(w->missing.list[1].path, "42");
}

static void a_name_with_too_few_bytes_is_looked_at(void **state)
{
	struct world *w = *state;

	drop(w, 5);
	put(w, 5, 0);
	drop(w, 6);
	put(w, 6, MANIFEST_OUTLINE_SIZE - 1);
	assert_int_equal(push_check_names(w->bucket, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 2);
}

static void few_objects_and_folders_are_looked_at_one_by_one(void **state)
{
	struct world *w = *state;
	size_t count = w->objects.count;

	drop(w, 3);
	put(w, 3, MANIFEST_OUTLINE_SIZE); /* long enough to be listed, and no manifest */
	assert_int_equal(push_check_names(w->memory, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 1);
	w->objects.count = 5;
	assert_int_equal(push_check_names(w->bucket, &w->objects, &w->missing, NULL), 0);
	w->objects.count = count;
	assert_int_equal(w->missing.count, 2);
}

static void a_crowd_of_others_is_not_listed_for_a_few(void **state)
{
	struct world *w = *state;
	struct object_listed list[2] = { { .oid = object(0) }, { .oid = object(1) } };

	assert_int_equal(object_listing_fill(w->bucket, list, 2, NULL), 0);
	assert_true(list[0].is && list[1].is);
	for (size_t i = OBJECTS; i < CROWD; i++)
		put(w, i, MANIFEST_OUTLINE_SIZE);
	assert_int_equal(object_listing_fill(w->bucket, list, 2, NULL), 1);
	/* Then all are looked at, and the answer is the same. */
	drop(w, 17);
	assert_int_equal(push_check_names(w->bucket, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 1);
}

static void one_that_is_asked_for_twice_is_there_twice(void **state)
{
	struct world *w = *state;
	struct object_listed list[] = {
		{ .oid = object(9), .at = 0 },   { .oid = object(8), .at = 1 },
		{ .oid = object(9), .at = 2 },   { .oid = object(9), .at = 3 },
		{ .oid = object(999), .at = 4 },
	};

	assert_int_equal(object_listing_fill(w->bucket, list, 5, NULL), 0);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(list[i].is, list[i].at != 4);
}

static void verify_looks_at_many_at_once(void **state)
{
	struct world *w = *state;

	drop(w, 17);
	store_counted_gather(w->bucket, "objects/", AT_ONCE);
	assert_int_equal(push_check_run(w->bucket, &w->objects, &w->missing, NULL), 0);
	assert_int_equal(w->missing.count, 1);
	assert_true(store_counted_get(w->bucket).peak <= INFLIGHT);
	assert_true(store_counted_get(w->bucket).gets <= OBJECTS + 1);
}

static void status_looks_at_many_at_once_and_reads_a_manifest_once(void **state)
{
	struct world *w = *state;
	struct status_look looks[OBJECTS];
	struct transfer t;

	drop(w, 17);
	drop(w, 3);
	put(w, 3, MANIFEST_OUTLINE_SIZE);
	assert_int_equal(transfer_borrow(&t, w->bucket, 1, NULL), 0);
	store_counted_gather(w->bucket, "objects/", AT_ONCE);
	assert_int_equal(status_look_run(&t, w->objects.list, OBJECTS, looks, NULL), 0);
	for (size_t i = 0; i < OBJECTS; i++)
		assert_int_equal(looks[i].state, i == 17  ? LOOK_MISSING
		                                 : i == 3 ? LOOK_DAMAGED
		                                          : LOOK_WHOLE);
	assert_non_null(looks[3].why);
	assert_true(store_counted_get(w->bucket).gets <= OBJECTS + 3);
	status_look_wipe(looks, OBJECTS);
	transfer_return(&t);
}

static void a_batch_grows_while_manifests_are_small(void **state)
{
	size_t n = status_look_batch(0, 0), large = 1 << 20;

	(void)state;
	assert_in_range(n, 1, 16);
	assert_true(status_look_batch(n, 10) > n);
	for (int i = 0; i < 20; i++)
		n = status_look_batch(n, 10);
	assert_in_range(n, 64, 1024);
	for (int i = 0; i < 20; i++)
		n = status_look_batch(n, large);
	assert_int_equal(n, 1);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(names_cost_a_listing_and_what_is_not_there_is_missing),
		IN_WORLD(a_name_with_too_few_bytes_is_looked_at),
		IN_WORLD(few_objects_and_folders_are_looked_at_one_by_one),
		IN_WORLD(a_crowd_of_others_is_not_listed_for_a_few),
		IN_WORLD(one_that_is_asked_for_twice_is_there_twice),
		IN_WORLD(verify_looks_at_many_at_once),
		IN_WORLD(status_looks_at_many_at_once_and_reads_a_manifest_once),
		cmocka_unit_test(a_batch_grows_while_manifests_are_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
