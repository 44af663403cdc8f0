/* What transfers ask of a bucket: counted, for a model of 300 tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/model_file.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/store_counted.h"
#include "tests/unit/store_faulty.h"

#ifdef __SANITIZE_THREAD__
enum { TENSORS = 50 }; /* slow, and not a question of numbers */
#else
enum { TENSORS = 300 };
#endif

enum {
	VALUES = 33 * 1024, /* of each: just too large to be inline */
	PER_TENSOR = 2,
	BESIDE = 20, /* the bar of issue 5 */
	INFLIGHT = 32
};

static const char store_id[] = "0123456789abcdef0123456789abcdef";

struct world {
	struct store *memory; /* what is stored */
	struct store *bucket; /* the same, counted */
	struct transfer transfer;
	struct model_file base, tune;
};

/* A model whose weights repeat after a while: quick to make, and every tensor is
 * another. */
static struct model_file make_model(uint32_t moved)
{
	struct buf head = BUF_INIT, bytes = BUF_INIT;
	uint64_t random = 5;
	uint16_t pattern[VALUES];

	for (size_t i = 0; i < VALUES; i++) {
		float value = weight(&random);
		uint32_t bits;
		memcpy(&bits, &value, sizeof(bits));
		pattern[i] = (uint16_t)(bits >> 16);
	}
	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (size_t t = 0; t < TENSORS; t++)
		buf_addf(&head,
		         ",\"t%zu.weight\":{\"dtype\":\"BF16\",\"shape\":[33,1024],"
		         "\"data_offsets\":[%zu,%zu]}",
		         t, t * VALUES * 2, (t + 1) * VALUES * 2);
	buf_add_str(&head, "}");
	buf_add_u64(&bytes, head.size);
	buf_add(&bytes, head.data, head.size);
	for (uint32_t t = 0; t < TENSORS; t++) {
		for (uint32_t i = 0; i < VALUES; i++) {
			uint16_t step = (uint16_t)(moved & ((i * 7 + t) % 3 == 0));
			buf_add_u16(&bytes,
			            (uint16_t)(pattern[(i + t * 31) % VALUES] + step));
		}
	}
	struct model_file f = model_file_of(bytes.data, bytes.size);
	buf_wipe(&head);
	buf_wipe(&bytes);
	return f;
}

static int make_models(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->base = make_model(0);
	w->tune = make_model(1);
	*state = w;
	return store_memory_new(&w->memory, NULL) ||
	       store_format_create(w->memory, store_id, NULL);
}

static int remove_models(void **state)
{
	struct world *w = *state;

	model_file_remove(&w->base);
	model_file_remove(&w->tune);
	store_close(w->memory);
	free(w);
	return 0;
}

static void connect_to(struct world *w, struct store *inner)
{
	assert_int_equal(store_counted_new(inner, INFLIGHT, &w->bucket, NULL), 0);
	assert_int_equal(transfer_init(&w->transfer, w->bucket, 2, NULL), 0);
}

static void disconnect(struct world *w)
{
	transfer_wipe(&w->transfer);
	store_close(w->bucket);
}

static int open_world(void **state)
{
	struct world *w = *state;

	connect_to(w, w->memory);
	return 0;
}

static int close_world(void **state)
{
	disconnect(*state);
	return 0;
}

/* A push or clone by a new process: what the last one knew is forgotten. */
static void begin_again(struct world *w)
{
	disconnect(w);
	connect_to(w, w->memory);
}

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid;
	(void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].path = strdup("model.safetensors");
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

static int push(struct world *w, const struct model_file *f,
                const struct model_file *base, struct upload_result *result)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct err err = ERR_INIT;

	if (base) {
		request.find_hints = hint_base;
		request.ctx = (void *)(uintptr_t)base;
	} else {
		request.codec = codec_by_id(CODEC_RAW); /* quick */
	}
	return upload_object(&w->transfer, &request, result, &err);
}

static void clone(struct world *w, const struct model_file *f)
{
	struct model_file copy = model_file_of("", 0);
	struct err err = ERR_INIT;
	struct buf bytes = BUF_INIT;
	int fd = open(copy.path, O_RDWR);

	if (download_object(&w->transfer,
	                    &(struct download_request){
				    .oid = f->oid, .size = f->size, .fd = fd },
	                    &err))
		fail_msg("%s", err.text);
	assert_true(buf_reserve(&bytes, f->size));
	assert_int_equal(pread(fd, bytes.data, f->size, 0), f->size);
	assert_memory_equal(bytes.data, f->bytes.data, f->size);
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
}

static void assert_requests(const struct world *w, const char *what, uint64_t most)
{
	struct store_counts n = store_counted_get(w->bucket);
	uint64_t total = store_counted_total(w->bucket);

	print_message("%s: %d requests: %d gets, %d reads, %d puts, %d lists\n", what,
	              (int)total, (int)n.gets, (int)n.reads, (int)n.puts, (int)n.lists);
	if (total > most)
		fail_msg("%s took more than %d requests", what, (int)most);
}

/* ---------------------------------------------------------------- the bars */

/* The tests follow one another on one store: a base, cut and pushed again; a
 * fine-tune of it; clones. */
static void a_push_that_was_cut_sends_nothing_twice(void **state)
{
	struct world *w = *state;
	struct store_fault_plan plan = { FAULT_CRASH, TENSORS * 4 / 3 };
	struct upload_result result;
	struct store *cut;
	struct err err = ERR_INIT;

	disconnect(w);
	assert_int_equal(store_faulty_new(w->memory, plan, FAULT_KEEP_INNER, &cut, &err),
	                 0);
	connect_to(w, cut);
	assert_true(push(w, &w->base, NULL, &result) < 0);
	uint64_t sent = store_counted_get(w->bucket).puts;
	disconnect(w);
	store_close(cut);

	connect_to(w, w->memory);
	assert_int_equal(push(w, &w->base, NULL, &result), 0);
	uint64_t rest = store_counted_get(w->bucket).puts;
	print_message("%d puts until the cut, %d after it\n", (int)sent, (int)rest);
	/* Those under way at the cut count in both. One put is the manifest's. */
	assert_true(sent > TENSORS / 6 && result.known > 0 && result.solos < TENSORS);
	assert_true(sent + rest <= TENSORS + 1 + w->transfer.lanes);
	assert_requests(w, "the rest of a push of a base", PER_TENSOR * TENSORS + BESIDE);
}

static void a_push_of_a_fine_tune_takes_two_requests_a_tensor(void **state)
{
	struct world *w = *state;
	struct upload_result result;

	assert_int_equal(push(w, &w->tune, &w->base, &result), 0);
	assert_int_equal(result.deltas, TENSORS);
	assert_requests(w, "a push of a fine-tune", PER_TENSOR * TENSORS + BESIDE);
	begin_again(w);
	assert_int_equal(push(w, &w->tune, &w->base, &result), 0);
	assert_requests(w, "the same push again", BESIDE);
}

static void a_clone_of_a_fine_tune_takes_two_requests_a_tensor(void **state)
{
	struct world *w = *state;

	clone(w, &w->tune);
	assert_requests(w, "a clone of a fine-tune", PER_TENSOR * TENSORS + BESIDE);
	assert_true(store_counted_get(w->bucket).peak <= w->transfer.lanes);
	begin_again(w);
	clone(w, &w->base);
	assert_requests(w, "a clone of a base", TENSORS + BESIDE);
}

static int download_to(struct world *w, int fd, unsigned flags)
{
	struct err err = ERR_INIT;

	return download_object(&w->transfer,
	                       &(struct download_request){ .oid = w->tune.oid,
	                                                   .size = w->tune.size,
	                                                   .fd = fd,
	                                                   .into = flags },
	                       &err);
}

static void a_clone_that_was_cut_fetches_nothing_twice(void **state)
{
	struct world *w = *state;
	/* Each tensor takes four calls: two gets, two reads. */
	struct store_fault_plan plan = { FAULT_CRASH, TENSORS * 2 };
	struct model_file copy = model_file_of("", 0);
	struct buf bytes = BUF_INIT;
	struct store *cut;
	int fd = open(copy.path, O_RDWR);

	disconnect(w);
	assert_int_equal(store_faulty_new(w->memory, plan, FAULT_KEEP_INNER, &cut, NULL),
	                 0);
	connect_to(w, cut);
	assert_true(download_to(w, fd, DOWNLOAD_RESUME) < 0);
	uint64_t first = store_counted_get(w->bucket).gets;
	disconnect(w);
	store_close(cut);

	connect_to(w, w->memory);
	assert_int_equal(download_to(w, fd, DOWNLOAD_RESUME), 0);
	uint64_t rest = store_counted_get(w->bucket).gets;
	print_message("%d gets until the cut, %d after it\n", (int)first, (int)rest);
	assert_true(first > TENSORS / 2);
	/* Twice: the manifest, and what was under way. */
	assert_true(first + rest <= 2 * TENSORS + 2 + 2 * w->transfer.lanes);
	assert_true(buf_reserve(&bytes, w->tune.size));
	assert_int_equal(pread(fd, bytes.data, w->tune.size, 0), w->tune.size);
	assert_memory_equal(bytes.data, w->tune.bytes.data, w->tune.size);
	begin_again(w);

	/* One bit of it is wrong: that tensor is fetched again, and no other. */
	bytes.data[w->tune.size / 2] ^= 1;
	assert_int_equal(pwrite(fd, bytes.data, w->tune.size, 0), w->tune.size);
	assert_int_equal(download_to(w, fd, DOWNLOAD_RESUME), 0);
	assert_requests(w, "mending a tensor", 1 + 2);
	assert_int_equal(pread(fd, bytes.data, w->tune.size, 0), w->tune.size);
	assert_memory_equal(bytes.data, w->tune.bytes.data, w->tune.size);
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
}

static void bases_in_the_cache_are_not_fetched_again(void **state)
{
	struct world *w = *state;
	struct store *cache;
	char folder[SCRATCH_MAX];

	scratch_folder_new(folder);
	for (int round = 0; round < 2; round++) {
		begin_again(w);
		assert_int_equal(
			store_cache_new(w->bucket, folder, 1 << 30, &cache, NULL), 0);
		w->transfer.cache = cache;
		clone(w, &w->tune);
		assert_requests(w, round ? "a clone with a cache" : "the first of them",
		                (round ? 1 : 2) * TENSORS + BESIDE);
		store_close(cache);
	}
	scratch_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
		CASE(a_push_that_was_cut_sends_nothing_twice),
		CASE(a_push_of_a_fine_tune_takes_two_requests_a_tensor),
		CASE(a_clone_of_a_fine_tune_takes_two_requests_a_tensor),
		CASE(a_clone_that_was_cut_fetches_nothing_twice),
		CASE(bases_in_the_cache_are_not_fetched_again),
	};

	return cmocka_run_group_tests_name("requests", tests, make_models, remove_models);
}
