/* Downloads that find blobs in local files: they spare the store, and wrong ones do
 * no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/survey/local_model.h"
#include "index/upload.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/model_file.h"

/* A base and its fine-tune in a store, and the base in a local file. */
struct family {
	struct store *store;
	struct transfer transfer;
	struct model_file base, tune;
	struct local_model local;
};

static void hint_at_base(void *ctx, const struct oid *oid, uint64_t size,
                         struct base_hints *out)
{
	const struct family *f = ctx;

	(void)oid;
	(void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = f->base.oid;
	out->list[0].local_file = strdup(f->base.path);
	out->count = 1;
}

static void push(struct family *f, const struct model_file *file, bool hinted)
{
	struct upload_request request = { .oid = file->oid,
		                          .size = file->size,
		                          .path = file->path,
		                          .find_hints = hinted ? hint_at_base : NULL,
		                          .ctx = f };
	struct upload_result result;

	assert_int_equal(upload_object(&f->transfer, &request, &result, NULL), 0);
	assert_int_equal(result.deltas, hinted ? MODEL_TENSORS : 0);
}

static int begin(void **state)
{
	static struct family f;
	struct err err = ERR_INIT;

	f = (struct family){ .base = model_file_make(3, 0, ""),
		             .tune = model_file_make(3, 1e-5f, "") };
	assert_int_equal(store_memory_new(&f.store, &err), 0);
	assert_int_equal(transfer_init(&f.transfer, f.store, 2, &err), 0);
	push(&f, &f.base, false);
	push(&f, &f.tune, true);
	assert_int_equal(local_model_open(f.base.path, &f.local, &err), 0);
	assert_int_equal(local_model_hash(&f.local, &err), 0);
	f.transfer.local_blob = local_model_find;
	f.transfer.local_ctx = &f.local;
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct family *f = *state;

	local_model_close(&f->local);
	transfer_wipe(&f->transfer);
	store_close(f->store);
	model_file_remove(&f->base);
	model_file_remove(&f->tune);
	return 0;
}

/* Takes the records of the base away, so that only the local file has them. */
static void remove_base_records(struct family *f)
{
	for (size_t i = 0; i < f->local.extents.count; i++) {
		char key[KEY_MAX];
		if (f->local.extents.list[i].inlined)
			continue;
		key_blob(&f->local.extents.list[i].id, key);
		assert_int_equal(store_remove(f->store, key, NULL), 0);
	}
}

static void damage_local_file(struct family *f)
{
	int fd = open(f->base.path, O_WRONLY);

	for (size_t at = 4096; at < f->base.size; at += 4096)
		assert_int_equal(pwrite(fd, "damage", 6, (off_t)at), 6);
	close(fd);
}

static int download(struct family *f, const struct model_file *file, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int fd = memory_file_of("", 0);
	int rc = download_object(&f->transfer,
	                         &(struct download_request){
					 .oid = file->oid, .size = file->size, .fd = fd },
	                         err);

	if (!rc) {
		memory_file_read(fd, &bytes);
		assert_int_equal(bytes.size, file->size);
		assert_memory_equal(bytes.data, file->bytes.data, file->size);
	}
	buf_wipe(&bytes);
	close(fd);
	return rc;
}

static void a_local_base_spares_its_records(void **state)
{
	struct family *f = *state;
	struct err err = ERR_INIT;

	remove_base_records(f);
	assert_int_equal(download(f, &f->tune, &err), 0);
}

static void a_local_copy_of_the_blob_itself_spares_its_record(void **state)
{
	struct family *f = *state;
	struct err err = ERR_INIT;

	remove_base_records(f);
	assert_int_equal(download(f, &f->base, &err), 0);
}

static void a_damaged_local_file_gives_way_to_the_store(void **state)
{
	struct family *f = *state;
	struct err err = ERR_INIT;

	damage_local_file(f);
	assert_int_equal(download(f, &f->tune, &err), 0);
	assert_int_equal(download(f, &f->base, &err), 0);
	assert_string_equal(err.text, "");
}

static void a_local_file_that_got_shorter_gives_way_to_the_store(void **state)
{
	struct family *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(truncate(f->base.path, (off_t)f->base.size / 2), 0);
	assert_int_equal(download(f, &f->tune, &err), 0);
	assert_int_equal(download(f, &f->base, &err), 0);
}

static void a_local_file_that_went_away_gives_way_to_the_store(void **state)
{
	struct family *f = *state;
	struct blob_source *source = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(unlink(f->base.path), 0);
	assert_int_equal(file_source_find(&f->transfer, &f->base.oid, &source, &err), 1);
	assert_int_equal(download(f, &f->tune, &err), 0);
}

static void damage_with_nothing_to_fall_back_on_is_said(void **state)
{
	struct family *f = *state;
	struct err err = ERR_INIT;

	damage_local_file(f);
	remove_base_records(f);
	assert_int_equal(download(f, &f->tune, &err), ERR_DAMAGED);
	assert_true(err.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_local_base_spares_its_records, begin,
		                                end),
		cmocka_unit_test_setup_teardown(
			a_local_copy_of_the_blob_itself_spares_its_record, begin, end),
		cmocka_unit_test_setup_teardown(
			a_damaged_local_file_gives_way_to_the_store, begin, end),
		cmocka_unit_test_setup_teardown(
			a_local_file_that_got_shorter_gives_way_to_the_store, begin, end),
		cmocka_unit_test_setup_teardown(
			a_local_file_that_went_away_gives_way_to_the_store, begin, end),
		cmocka_unit_test_setup_teardown(
			damage_with_nothing_to_fall_back_on_is_said, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
