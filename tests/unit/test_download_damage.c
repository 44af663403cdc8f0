/* Damage on the way out of a store, and damage where it lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"
#include "tests/unit/store_faulty.h"

/* A transfer over a store in memory that has `f`. */
static void store_with(struct transfer *t, struct store **store,
                       const struct model_file *f)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct err err = ERR_INIT;

	assert_int_equal(store_memory_new(store, &err), 0);
	assert_int_equal(transfer_borrow(t, *store, 2, &err), 0);
	t->repo_id = "0123456789abcdef0123456789abcdef";
	assert_int_equal(upload_object(t, &request, &result, &err), 0);
}

static void close_all(struct transfer *t, struct store *store)
{
	transfer_return(t);
	store_close(store);
}

/* One bit of the nth read is turned, for each n. From a store that is near that is damage
 * and found; from one that is remote it may have come so on the way, and is read again. */
static void flip_each_read(bool remote)
{
	struct transfer good, bad;
	struct store *inner, *faulty;
	struct err err = ERR_INIT;
	struct model_file model = model_file_make(11, 0, "");
	struct model_file copy = model_file_of("", 0);
	uint64_t nth;
	bool met = true;

	store_with(&good, &inner, &model);
	int fd = open(copy.path, O_RDWR);
	for (nth = 1; met; nth++) {
		struct store_fault_plan plan = { FAULT_FLIP, nth };
		assert_int_equal(
			store_faulty_new(inner, plan, FAULT_KEEP_INNER, &faulty, &err),
			0);
		faulty->remote = remote;
		assert_int_equal(transfer_borrow(&bad, faulty, 1, &err), 0);
		bad.lanes = 1;
		assert_int_equal(ftruncate(fd, 0), 0);
		int rc = download_object(&bad,
		                         &(struct download_request){ .oid = model.oid,
		                                                     .size = model.size,
		                                                     .fd = fd },
		                         &err);
		met = store_faulty_calls(faulty) >= nth;
		if (rc == 0) {
			/* The flipped bit was in no byte that counts: then it is whole. */
			struct buf bytes = BUF_INIT;
			assert_true(buf_reserve(&bytes, model.size));
			assert_int_equal(pread(fd, bytes.data, model.size, 0),
			                 model.size);
			assert_memory_equal(bytes.data, model.bytes.data, model.size);
			buf_wipe(&bytes);
		} else {
			assert_false(remote);
			assert_int_equal(rc, ERR_DAMAGED);
		}
		transfer_return(&bad);
		store_close(faulty);
	}
	assert_true(nth > 5);
	close(fd);
	model_file_remove(&copy);
	model_file_remove(&model);
	close_all(&good, inner);
}

static void a_flipped_bit_is_found_when_reading(void **state)
{
	(void)state;
	flip_each_read(false);
}

static void a_bit_flipped_on_the_way_is_read_again(void **state)
{
	(void)state;
	flip_each_read(true);
}

static int first_key(void *ctx, const struct store_entry *entry)
{
	strcpy(ctx, entry->key);
	return 1;
}

/* Turns a bit of the value at `key`: in its middle, or in its head. */
static void damage(struct store *s, const char *key, size_t at)
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(store_get_all(s, key, 1 << 24, &bytes, NULL), 0);
	bytes.data[at < bytes.size ? at : bytes.size / 2] ^= 4;
	assert_int_equal(store_remove(s, key, NULL), 0);
	assert_int_equal(store_put_all(s, key, bytes.data, bytes.size, NULL), 0);
	buf_wipe(&bytes);
}

static void what_is_damaged_where_it_lies_is_an_error_that_names_it(void **state)
{
	static const char *const prefixes[] = { "blobs/", "blobs/", "objects/" };
	static const size_t places[] = { SIZE_MAX, 0, SIZE_MAX };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct transfer t;
		struct store *store;
		struct err err = ERR_INIT;
		char key[KEY_MAX];
		struct model_file model = model_file_make(11, 0, "");
		struct model_file copy = model_file_of("", 0);
		store_with(&t, &store, &model);
		store_list(store, prefixes[i], first_key, key, NULL);
		damage(store, key, places[i]);
		store->remote = true;
		int fd = open(copy.path, O_RDWR);
		int rc = download_object(&t,
		                         &(struct download_request){ .oid = model.oid,
		                                                     .size = model.size,
		                                                     .fd = fd },
		                         &err);
		assert_true(rc == ERR_DAMAGED || rc == ERR_FORMAT);
		if (!strstr(err.text, key))
			fail_msg("%s: %s", key, err.text);
		close(fd);
		model_file_remove(&copy);
		model_file_remove(&model);
		close_all(&t, store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_is_found_when_reading),
		cmocka_unit_test(a_bit_flipped_on_the_way_is_read_again),
		cmocka_unit_test(what_is_damaged_where_it_lies_is_an_error_that_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
