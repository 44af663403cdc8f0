/* The bundle as a store: what test_store.c asks of stores that can be removed from,
 * and what only a file written once can be asked. */
#include "tests/unit/store_fixture.h"

#include "codec/common/err.h"
#include "index/store/bundle/store_bundle.h"
#include "tests/unit/memory_file.h"

struct bundle_fixture {
	int fd;
	struct store *store;
};

static int bundle_begin(void **state)
{
	static struct bundle_fixture f;

	f.fd = memory_file_of("", 0);
	*state = &f;
	return store_bundle_create(f.fd, "bundle", &f.store, NULL);
}

static int bundle_end(void **state)
{
	struct bundle_fixture *f = *state;

	store_close(f->store);
	close(f->fd);
	return 0;
}

/* Finishes the bundle and opens it again as a reader does. */
static struct store *finish_and_open(struct bundle_fixture *f)
{
	assert_int_equal(store_bundle_finish(f->store, NULL), 0);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(store_bundle_open(f->fd, "bundle", &f->store, NULL), 0);
	return f->store;
}

static void values_are_read_before_and_after_the_end(void **state)
{
	struct bundle_fixture *f = *state;

	put(f->store, "blobs/b", "second");
	put(f->store, "blobs/a", "");
	put(f->store, "objects/x", "third");
	assert_value(f->store, "blobs/b", "second");
	assert_value(f->store, "blobs/a", "");
	assert_listing(f->store, "", "blobs/a blobs/b objects/x ");
	struct store *s = finish_and_open(f);
	assert_value(s, "blobs/b", "second");
	assert_value(s, "blobs/a", "");
	assert_value(s, "objects/x", "third");
	assert_absent(s, "blobs/c");
	assert_listing(s, "", "blobs/a blobs/b objects/x ");
	assert_listing(s, "blobs/", "blobs/a blobs/b ");
	assert_listing(s, "owners/", "");
}

static void the_head_comes_last_and_stands_first(void **state)
{
	struct bundle_fixture *f = *state;
	struct store_writer *w;

	assert_int_equal(store_put(f->store, "blobs/x", 5, &w, NULL), 0);
	assert_int_equal(store_write(w, "tail", 4, NULL), 0);
	assert_int_equal(store_commit(w, "head:", NULL), 0);
	assert_value(finish_and_open(f), "blobs/x", "head:tail");
}

static void an_aborted_value_leaves_nothing(void **state)
{
	struct bundle_fixture *f = *state;
	struct store_writer *w;

	put(f->store, "blobs/a", "kept");
	assert_int_equal(store_put(f->store, "blobs/x", 3, &w, NULL), 0);
	assert_int_equal(store_write(w, "a long text that is given up", 28, NULL), 0);
	store_abort(w);
	put(f->store, "blobs/b", "!");
	assert_absent(f->store, "blobs/x");
	struct store *s = finish_and_open(f);
	assert_listing(s, "", "blobs/a blobs/b ");
	assert_value(s, "blobs/b", "!");
}

static void a_value_is_never_replaced(void **state)
{
	struct bundle_fixture *f = *state;

	put(f->store, "blobs/x", "first");
	put(f->store, "blobs/x", "second");
	assert_value(finish_and_open(f), "blobs/x", "first");
}

static void a_whole_bundle_neither_grows_nor_shrinks(void **state)
{
	struct bundle_fixture *f = *state;
	struct err err = ERR_INIT;
	struct store_writer *w;

	put(f->store, "blobs/x", "text");
	assert_int_equal(store_remove(f->store, "blobs/x", &err), ERR_INPUT);
	struct store *s = finish_and_open(f);
	assert_int_equal(store_put(s, "blobs/y", 0, &w, &err), ERR_INPUT);
	assert_int_equal(store_remove(s, "blobs/x", &err), ERR_INPUT);
	assert_value(s, "blobs/x", "text");
}

static void ranges_end_with_the_value(void **state)
{
	struct bundle_fixture *f = *state;
	struct store_reader *r;
	struct err err = ERR_INIT;
	char text[8];

	put(f->store, "blobs/x", "0123456789");
	put(f->store, "blobs/y", "more");
	struct store *s = finish_and_open(f);
	assert_int_equal(store_get(s, "blobs/x", 0, &r, NULL), 0);
	assert_int_equal(store_read(r, 6, text, 4, NULL), 0);
	assert_memory_equal(text, "6789", 4);
	assert_int_equal(store_read(r, 6, text, 5, &err), ERR_DAMAGED);
	assert_int_equal(store_read(r, UINT64_MAX, text, 2, &err), ERR_DAMAGED);
	store_reader_close(r);
}

static void an_empty_bundle_is_one(void **state)
{
	struct store *s = finish_and_open(*state);

	assert_listing(s, "", "");
}

/* The example of docs/format-bundle.md. */
static void the_documents_example_is_what_is_written(void **state)
{
	static const uint8_t expected[] = {
		0x5a, 0x4c, 0x4c, 0x4d, 0x42, 0x55, 0x4e, 0x00, 0x01, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x76, 0x03, 0x61, 0x2f, 0x62, 0x01,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x8a, 0x43, 0x12, 0x18, 0x2b, 0x04, 0x75, 0x0c, 0x8e, 0x25,
		0x0a, 0x84, 0x8e, 0x8f, 0x3c, 0xe1,
	};
	struct bundle_fixture *f = *state;
	struct buf bytes = BUF_INIT;

	put(f->store, "a/b", "v");
	finish_and_open(f);
	memory_file_read(f->fd, &bytes);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	buf_wipe(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_are_read_before_and_after_the_end,
		                                bundle_begin, bundle_end),
		cmocka_unit_test_setup_teardown(the_head_comes_last_and_stands_first,
		                                bundle_begin, bundle_end),
		cmocka_unit_test_setup_teardown(an_aborted_value_leaves_nothing,
		                                bundle_begin, bundle_end),
		cmocka_unit_test_setup_teardown(a_value_is_never_replaced, bundle_begin,
		                                bundle_end),
		cmocka_unit_test_setup_teardown(a_whole_bundle_neither_grows_nor_shrinks,
		                                bundle_begin, bundle_end),
		cmocka_unit_test_setup_teardown(ranges_end_with_the_value, bundle_begin,
		                                bundle_end),
		cmocka_unit_test_setup_teardown(an_empty_bundle_is_one, bundle_begin,
		                                bundle_end),
		cmocka_unit_test_setup_teardown(the_documents_example_is_what_is_written,
		                                bundle_begin, bundle_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
