/* Files to extents: any file is covered without a hole, and hashed right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/model/chunker.h"
#include "index/model/extent.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ------------------------------------------------------------ files in memory */

static void fill_random(uint8_t *bytes, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * UINT64_C(6364136223846793005) +
		       UINT64_C(1442695040888963407);
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

static void add_random(struct buf *b, size_t n, uint64_t seed)
{
	assert_true(buf_reserve(b, n));
	fill_random(b->data + b->size, n, seed);
	b->size += n;
}

static int file_of(const struct buf *bytes)
{
	int fd = memfd_create("extents", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t done = 0; done < bytes->size;) {
		ssize_t n = pwrite(fd, bytes->data + done, bytes->size - done,
		                   (off_t)done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	return fd;
}

/* A tensor of `size` bytes for model_of(), by order; 0 ends the list. */
struct part {
	uint64_t size;
	uint64_t gap; /* bytes in front of it */
};

static struct buf model_of(const struct part *parts, size_t count, size_t padding)
{
	struct buf json = BUF_INIT, file = BUF_INIT;
	uint64_t at = 0;

	buf_add_str(&json, "{");
	for (size_t i = 0; i < count; i++) {
		at += parts[i].gap;
		buf_addf(&json,
		         "%s\"t%zu\":{\"dtype\":\"U8\",\"shape\":[%llu],\"data_offsets\":"
		         "[%llu,%llu]}",
		         i ? "," : "", i, (unsigned long long)parts[i].size,
		         (unsigned long long)at,
		         (unsigned long long)(at + parts[i].size));
		at += parts[i].size;
	}
	buf_add_str(&json, "}");
	while (padding--)
		buf_add_u8(&json, ' ');
	buf_add_u64(&file, json.size);
	buf_add(&file, json.data, json.size);
	add_random(&file, at, 17);
	buf_wipe(&json);
	return file;
}

/* -------------------------------------------------------------- what must hold */

static void check_cover(const struct extents *x, const struct buf *bytes)
{
	uint64_t at = 0;

	assert_int_equal(x->size, bytes->size);
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *e = &x->list[i];
		struct oid id;
		assert_int_equal(e->offset, at);
		assert_true(e->size <= bytes->size - at);
		assert_true(sha256_of(bytes->data + at, e->size, &id));
		assert_true(oid_equal(&id, &e->id));
		struct xxh128 sum = xxh128_of(bytes->data + at, e->size);
		assert_true(xxh128_equal(&sum, &e->sum));
		at += e->size;
	}
	assert_int_equal(at, bytes->size);
}

struct progress {
	uint64_t last;
	bool backwards;
};

static void note_progress(void *ctx, uint64_t bytes)
{
	struct progress *p = ctx;

	p->backwards |= bytes <= p->last;
	p->last = bytes;
}

/* Scans and hashes, and checks all that holds for every file. */
static struct extents hashed(const struct buf *bytes)
{
	struct extents x;
	struct err err = ERR_INIT;
	struct oid whole, want;
	struct progress progress = { 0, false };
	struct extents_progress told = { note_progress, &progress };
	int fd = file_of(bytes);

	assert_int_equal(model_scan(fd, bytes->size, &x, &err), 0);
	assert_int_equal(extents_hash(fd, &x, &whole, &told, &err), 0);
	close(fd);
	assert_true(sha256_of(bytes->data, bytes->size, &want));
	assert_true(oid_equal(&whole, &want));
	assert_int_equal(progress.last, bytes->size);
	assert_false(progress.backwards);
	check_cover(&x, bytes);
	return x;
}

/* ----------------------------------------------------------------- the tests */

static void opaque_files_of_any_size_are_covered(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0,           1,           7,       8,
		                        9,           100 * KIB,   MIB - 1, MIB,
		                        MIB + 1,     4 * MIB - 1, 4 * MIB, 4 * MIB + 1,
		                        8 * MIB + 3, 21 * MIB };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf bytes = BUF_INIT;
		add_random(&bytes, sizes[i], i);
		struct extents x = hashed(&bytes);
		assert_int_equal(x.model, MODEL_OPAQUE);
		assert_true(sizes[i] >= MIB || x.count == (sizes[i] > 0));
		for (size_t k = 0; k < x.count; k++) {
			assert_int_equal(x.list[k].kind, EXTENT_CHUNK);
			assert_int_equal(x.list[k].inlined, sizes[i] < MIB);
		}
		extents_wipe(&x);
		buf_wipe(&bytes);
	}
}

/* Chunks straddle the pass's buffers; the cuts must not show it. */
static void chunks_are_those_of_the_chunker(void **state)
{
	(void)state;
	struct buf bytes = BUF_INIT;
	size_t at = 0;

	add_random(&bytes, 30 * MIB, 23);
	memset(bytes.data + 5 * MIB, 0, 9 * MIB);
	struct extents x = hashed(&bytes);
	for (size_t i = 0; i < x.count; i++) {
		assert_int_equal(x.list[i].size,
		                 chunk_cut(bytes.data + at, bytes.size - at));
		at += x.list[i].size;
	}
	extents_wipe(&x);
	buf_wipe(&bytes);
}

static void a_model_keeps_its_tensors_whole_and_its_small_ones_inline(void **state)
{
	(void)state;
	static const struct part parts[] = {
		{ 10, 0 },       { 0, 0 },       { 64 * KIB - 1, 3 },
		{ 64 * KIB, 0 }, { 9 * MIB, 1 }, { 5, 3 * MIB },
		{ 0, 0 }
	};
	static const bool inlined[] = { true, true, true, false, false, true, true };
	struct buf bytes = model_of(parts, COUNT(parts), 0);
	struct extents x = hashed(&bytes);
	size_t tensors = 0, gap_chunks = 0;

	assert_int_equal(x.model, MODEL_SAFETENSORS);
	assert_int_equal(x.list[0].kind, EXTENT_HEADER);
	assert_true(x.list[0].inlined);
	for (size_t i = 1; i < x.count; i++) {
		const struct extent *e = &x.list[i];
		if (e->kind == EXTENT_GAP) {
			gap_chunks += e->size > 3;
			continue;
		}
		assert_int_equal(e->kind, EXTENT_TENSOR);
		/* of the two empty ones, the first lies before t2's gap */
		assert_int_equal(e->size, parts[tensors].size);
		assert_int_equal(e->inlined, inlined[tensors]);
		tensors++;
	}
	assert_int_equal(tensors, COUNT(parts));
	assert_true(gap_chunks >= 1);
	extents_wipe(&x);
	buf_wipe(&bytes);
}

static void a_large_header_is_cut_and_gets_records(void **state)
{
	(void)state;
	static const struct part part = { 100, 0 };
	struct buf bytes = model_of(&part, 1, 9 * MIB + 1);
	struct extents x = hashed(&bytes);
	size_t headers = 0;

	while (headers < x.count && x.list[headers].kind == EXTENT_HEADER) {
		assert_int_equal(x.list[headers].inlined,
		                 x.list[headers].size < 64 * KIB);
		headers++;
	}
	assert_in_range(headers, 3, 40);
	assert_int_equal(headers + 1, x.count);
	assert_string_equal(x.list[headers].name, "t0");
	extents_wipe(&x);
	buf_wipe(&bytes);
}

static void inline_bytes_have_a_total(void **state)
{
	(void)state;
	enum { N = 300 };
	static struct part parts[N];
	uint64_t total = 0;
	size_t records = 0;

	for (size_t i = 0; i < N; i++)
		parts[i] = (struct part){ 32 * KIB, 0 };
	struct buf bytes = model_of(parts, N, 0);
	struct extents x = hashed(&bytes);
	for (size_t i = 0; i < x.count; i++) {
		total += x.list[i].inlined ? x.list[i].size : 0;
		records += !x.list[i].inlined;
	}
	assert_true(total <= EXTENT_INLINE_TOTAL);
	assert_true(total > EXTENT_INLINE_TOTAL - 64 * KIB);
	assert_int_equal(records, N - (total - x.list[0].size) / (32 * KIB));
	extents_wipe(&x);
	buf_wipe(&bytes);
}

static void a_file_that_only_looks_like_a_model_is_opaque(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		size_t header; /* bytes that it says its header has */
	} rows[] = {
		{ "{}", 3 },
		{ "{\"a\":1} and data", 7 }, /* of which tensor? */
		{ "no", 2 },
		{ "{\"a\"", 4 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf bytes = BUF_INIT;
		buf_add_u64(&bytes, rows[i].header);
		buf_add_str(&bytes, rows[i].content);
		struct extents x = hashed(&bytes);
		assert_int_equal(x.model, MODEL_OPAQUE);
		assert_int_equal(x.count, 1);
		extents_wipe(&x);
		buf_wipe(&bytes);
	}
}

static void a_file_that_changes_is_refused_and_the_extents_kept(void **state)
{
	(void)state;
	static const int deltas[] = { 1, -1, 5 * MIB };
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct oid whole;

	add_random(&bytes, 6 * MIB, 2);
	int fd = file_of(&bytes);
	for (size_t i = 0; i < COUNT(deltas); i++) {
		struct extents x;
		uint64_t size = (uint64_t)((int64_t)bytes.size + deltas[i]);
		assert_int_equal(model_scan(fd, size, &x, &err), 0);
		const struct extent *list = x.list;
		assert_int_equal(extents_hash(fd, &x, &whole, NULL, &err), ERR_MISMATCH);
		assert_non_null(strstr(err.text, deltas[i] < 0 ? "longer" : "shorter"));
		assert_ptr_equal(x.list, list);
		assert_int_equal(x.count, 1);
		extents_wipe(&x);
	}
	close(fd);
	buf_wipe(&bytes);
}

static void what_cannot_be_read_is_an_error_with_words(void **state)
{
	(void)state;
	struct extents x = { .model = MODEL_OPAQUE };
	struct err err = ERR_INIT;
	struct oid whole;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	assert_int_equal(model_scan(fd, 100, &x, &err), ERR_IO);
	assert_non_null(strstr(err.text, "cannot read"));
	struct extent chunk = { .kind = EXTENT_CHUNK, .size = 100 };
	x = (struct extents){ .size = 100, .list = &chunk, .count = 1 };
	assert_int_equal(extents_hash(fd, &x, &whole, NULL, &err), ERR_IO);
	close(fd);
}

static void a_real_model_is_covered(void **state)
{
	(void)state;
	const char *data = getenv("ZLLM_DATA");
	char path[4096];
	struct buf bytes = BUF_INIT;
	struct stat st;

	snprintf(path, sizeof(path), "%s/base/model.safetensors", data ? data : "");
	int fd = data ? open(path, O_RDONLY) : -1;
	if (fd < 0) {
		print_message("no real model: ZLLM_DATA is not set, or holds none\n");
		skip();
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(buf_reserve(&bytes, (size_t)st.st_size));
	while (bytes.size < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes.data + bytes.size,
		                 (size_t)st.st_size - bytes.size);
		assert_true(n > 0);
		bytes.size += (size_t)n;
	}
	close(fd);
	struct extents x = hashed(&bytes);
	assert_int_equal(x.model, MODEL_SAFETENSORS);
	extents_wipe(&x);
	buf_wipe(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opaque_files_of_any_size_are_covered),
		cmocka_unit_test(chunks_are_those_of_the_chunker),
		cmocka_unit_test(
			a_model_keeps_its_tensors_whole_and_its_small_ones_inline),
		cmocka_unit_test(a_large_header_is_cut_and_gets_records),
		cmocka_unit_test(inline_bytes_have_a_total),
		cmocka_unit_test(a_file_that_only_looks_like_a_model_is_opaque),
		cmocka_unit_test(a_file_that_changes_is_refused_and_the_extents_kept),
		cmocka_unit_test(what_cannot_be_read_is_an_error_with_words),
		cmocka_unit_test(a_real_model_is_covered),
	};

	return cmocka_run_group_tests_name("extents", tests, NULL, NULL);
}
