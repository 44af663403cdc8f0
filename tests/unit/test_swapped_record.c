/* Records under another's name: whole, with all their sums right, and of another blob. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"

enum { BASE, TUNED, OTHER, LOOSE, FILES };

struct world {
	struct store *store;
	struct transfer transfer;
	struct model_file files[FILES];
};

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid, (void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].path = strdup("model.safetensors");
	out->count = 1;
}

static void push(struct world *w, int which)
{
	const struct model_file *f = &w->files[which];
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct err err = ERR_INIT;

	request.find_hints = which == TUNED ? hint_base : NULL;
	request.ctx = &w->files[BASE];
	if (upload_object(&w->transfer, &request, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(result.deltas, which == TUNED ? MODEL_TENSORS : 0);
}

/* A model, its fine-tune, another model, and a file without structure. */
static void open_world(struct world *w)
{
	struct buf loose = BUF_INIT;
	uint64_t seed = 99;

	for (int i = 0; i < 200 * 1000; i++)
		buf_add_u64(&loose, next_random(&seed));
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	assert_int_equal(transfer_borrow(&w->transfer, w->store, 2, NULL), 0);
	w->files[BASE] = model_file_make(1, 0, "");
	w->files[TUNED] = model_file_make(1, 0.0002f, "");
	w->files[OTHER] = model_file_make(2, 0, "");
	w->files[LOOSE] = model_file_of(loose.data, loose.size);
	buf_wipe(&loose);
	for (int i = 0; i < FILES; i++)
		push(w, i);
}

static void close_world(struct world *w)
{
	for (int i = 0; i < FILES; i++)
		model_file_remove(&w->files[i]);
	transfer_return(&w->transfer);
	store_close(w->store);
}

/* The key of record number `nth` of a file. */
static void record_key(struct world *w, int which, size_t nth, char key[KEY_MAX])
{
	struct manifest m;

	assert_int_equal(
		manifest_get(w->store, &w->files[which].oid, manifest_parse, &m, NULL),
		0);
	for (size_t i = 0; i < m.extents.count; i++)
		if (!m.extents.list[i].inlined && !nth--)
			extent_key(&m.extents.list[i], key);
	manifest_wipe(&m);
}

/* Copies the value at `from` over the one at `to`. */
static void copy_over(struct world *w, const char *from, const char *to)
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(store_get_all(w->store, from, 1 << 24, &bytes, NULL), 0);
	assert_int_equal(store_remove(w->store, to, NULL), 0);
	assert_int_equal(store_put_all(w->store, to, bytes.data, bytes.size, NULL), 0);
	buf_wipe(&bytes);
}

/* ---------------------------------------------------------------- questions */

static int restore(struct world *w, int which, unsigned flags, struct err *err)
{
	struct model_file copy = model_file_of("", 0);
	const struct model_file *f = &w->files[which];
	int fd = open(copy.path, O_RDWR);
	int rc = download_object(
		&w->transfer,
		&(struct download_request){
			.oid = f->oid, .size = f->size, .fd = fd, .into = flags },
		err);

	close(fd);
	model_file_remove(&copy);
	return rc;
}

struct blame {
	const char *key;
	size_t told, named;
};

static void note_fault(void *ctx, const struct oid *id, const struct err *fault)
{
	struct blame *b = ctx;

	(void)id;
	b->told++;
	b->named += strstr(fault->text, b->key) != NULL;
}

/* How many faults are told of, each of which names `key`. */
static size_t faults(struct world *w, int which, const char *key)
{
	struct blame blame = { key, 0, 0 };
	struct object_judge judge = { note_fault, &blame };
	enum object_verdict verdict;
	struct manifest m;
	struct err err = ERR_INIT;

	assert_int_equal(
		manifest_get(w->store, &w->files[which].oid, manifest_parse, &m, &err),
		0);
	assert_int_equal(object_prove(&w->transfer, &m, &judge, &verdict, &err), 0);
	manifest_wipe(&m);
	assert_int_equal(verdict, blame.told ? OBJECT_RECORDS_WRONG : OBJECT_PROVED);
	assert_int_equal(blame.named, blame.told);
	return blame.told;
}

/* ---------------------------------------------------------------- the rules */

struct swap {
	int of, from; /* record 1 of a file gets the bytes of a record of another */
	size_t nth;   /* which of the other's */
	int victim;   /* the file that cannot be restored any more */
	size_t told;  /* how many records of it are wrong */
};

static const struct swap swaps[] = {
	{ BASE, BASE, 0, BASE, 1 },    /* solo by solo, of the same size */
	{ BASE, OTHER, 1, BASE, 1 },   /* also of another model */
	{ BASE, LOOSE, 0, BASE, 1 },   /* of another size */
	{ BASE, TUNED, 1, BASE, 1 },   /* solo by delta, even by its own */
	{ TUNED, TUNED, 0, TUNED, 1 }, /* delta by delta */
	{ TUNED, OTHER, 2, TUNED, 1 }, /* delta by solo */
	{ BASE, BASE, 2, TUNED, 1 },   /* a delta's base */
	{ BASE, OTHER, 1, TUNED, 1 },  { BASE, LOOSE, 0, TUNED, 1 },
	{ BASE, OTHER, 1, OTHER, 0 }, /* whose bytes were copied is whole */
	{ LOOSE, BASE, 0, LOOSE, 1 },
};

static void a_swapped_record_is_named_and_nothing_is_restored(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		const struct swap *s = &swaps[i];
		struct world w;
		struct err err = ERR_INIT;
		char key[KEY_MAX], from[KEY_MAX];

		open_world(&w);
		record_key(&w, s->of, 1, key);
		record_key(&w, s->from, s->nth, from);
		copy_over(&w, from, key);
		int rc = restore(&w, s->victim, 0, &err);
		if (s->told && (rc != ERR_DAMAGED || !strstr(err.text, key)))
			fail_msg("swap %zu: %s: %d %s", i, key, rc, err.text);
		assert_int_equal(rc == 0, s->told == 0);
		rc = restore(&w, s->victim, DOWNLOAD_RESUME, &err);
		assert_int_equal(rc == 0, s->told == 0);
		assert_int_equal(faults(&w, s->victim, key), s->told);
		assert_int_equal(faults(&w, OTHER, key), 0);
		close_world(&w);
	}
}

/* All of them in one run, so that one push mends the object. */
static void every_wrong_record_is_named(void **state)
{
	struct world w;
	char keys[3][KEY_MAX];

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < 3; i++)
		record_key(&w, BASE, i, keys[i]);
	copy_over(&w, keys[0], keys[1]);
	copy_over(&w, keys[0], keys[2]);
	assert_int_equal(faults(&w, BASE, "record blobs/"), 2);
	assert_int_equal(faults(&w, TUNED, "record blobs/"), 2);
	close_world(&w);
}

/* What is in a partial file already is proved like what is fetched: bytes that the sums
 * in a manifest call right are still compared with the object's name. */
static void a_resumed_file_is_proved_whole(void **state)
{
	struct world w;
	struct model_file copy = model_file_of("", 0);
	struct err err = ERR_INIT;

	(void)state;
	open_world(&w);
	const struct model_file *f = &w.files[LOOSE];
	int fd = open(copy.path, O_RDWR);
	assert_int_equal(pwrite(fd, f->bytes.data, f->size / 2, 0), f->size / 2);
	assert_int_equal(
		download_object(&w.transfer,
	                        &(struct download_request){ .oid = f->oid,
	                                                    .size = f->size,
	                                                    .fd = fd,
	                                                    .into = DOWNLOAD_RESUME },
	                        &err),
		0);
	uint8_t *bytes = malloc(f->size);
	assert_int_equal(pread(fd, bytes, f->size, 0), f->size);
	assert_memory_equal(bytes, f->bytes.data, f->size);
	free(bytes);
	close(fd);
	model_file_remove(&copy);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swapped_record_is_named_and_nothing_is_restored),
		cmocka_unit_test(every_wrong_record_is_named),
		cmocka_unit_test(a_resumed_file_is_proved_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
