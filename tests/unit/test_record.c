/* Heads of records: written and read again, and everything else refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/record.h"

/* Bytes of the head, as docs/format-record.md has them. */
enum {
	AT_VERSION = 8,
	AT_CODEC = 10,
	AT_DTYPE = 11,
	AT_PREDICTION = 12,
	AT_BASES = 13,
	AT_FLAGS = 14,
	AT_SIZE = 16,
	AT_FRAME_SIZE = 24,
	AT_FRAMES = 28,
	AT_PARAMETERS = 48,
	AT_BASE_DTYPE = 52,
	AT_RESERVED = 53,
	AT_BASE_OFFSET = 96,
	AT_ENTRY = 104, /* the first frame of a record with one base */
	AT_MODE = AT_ENTRY + 4
};

enum { FRAME = 512 * 1024, BLOB_SIZE = 3 * FRAME + 1000 };

static struct record_basis some_basis(void)
{
	struct record_basis basis = { .base_count = 1 };

	basis.bases[0] = (struct record_base){ .offset = 4096, .dtype = DTYPE_BF16 };
	memset(basis.bases[0].id.bytes, 0xb5, SHA256_SIZE);
	return basis;
}

/* A delta of four BF16 frames, one of each mode. */
static struct record_head sample_head(void)
{
	struct record_basis basis = some_basis();
	struct record_head head;
	struct err err = ERR_INIT;

	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_BITX), DTYPE_BF16,
	                                  BLOB_SIZE, &basis, &err),
	                 0);
	head.frames[0] = (struct frame_out){ FRAME_CODED, 1234, { { 1 } } };
	head.frames[1] = (struct frame_out){ FRAME_SAME, 0, { { 2 } } };
	head.frames[2] = (struct frame_out){ FRAME_FILL, 2, { { 3 } } };
	head.frames[3] = (struct frame_out){ FRAME_RAW, 1000, { { 4 } } };
	head.sum = xxh128_of("content", 7);
	return head;
}

static struct buf sample_bytes(void)
{
	struct record_head head = sample_head();
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(b.size, record_head_size(&head));
	record_head_wipe(&head);
	return b;
}

/* Makes the sum at the end right again, as someone hostile would. */
static void sign(uint8_t *bytes, size_t n)
{
	struct xxh128 sum = xxh128_of(bytes, n - 8);

	memcpy(bytes + n - 8, sum.bytes, 8);
}

/* What reading says: parse's code, or measure's if that fails before. */
static int read_head(const uint8_t *bytes, size_t n, struct record_head *head,
                     uint64_t *body)
{
	struct err err = ERR_INIT;
	size_t size;

	int rc = record_head_measure(bytes, n, &size, &err);
	if (!rc)
		rc = record_head_parse(bytes, n, head, body, &err);
	assert_int_equal(err.code, rc);
	if (rc == ERR_FORMAT)
		assert_non_null(strstr(err.text, "upgrade git-zllm"));
	return rc;
}

static int read_and_drop(const uint8_t *bytes, size_t n)
{
	struct record_head head;
	uint64_t body;

	int rc = read_head(bytes, n, &head, &body);
	if (!rc)
		record_head_wipe(&head);
	return rc;
}

static void a_head_reads_as_it_was_written(void **state)
{
	struct record_head want = sample_head(), got;
	struct buf b = sample_bytes();
	struct err err = ERR_INIT;
	uint64_t body = 0;
	size_t size = 0;
	(void)state;

	assert_int_equal(record_head_measure(b.data, RECORD_FIXED_SIZE, &size, &err), 0);
	assert_int_equal(size, b.size);
	assert_int_equal(read_head(b.data, b.size, &got, &body), 0);
	assert_int_equal(body, 1234 + 0 + 2 + 1000);
	assert_int_equal(got.codec, CODEC_BITX);
	assert_int_equal(got.dtype, DTYPE_BF16);
	assert_int_equal(got.prediction, PREDICTION_BASE);
	assert_int_equal(got.basis.base_count, 1);
	assert_true(oid_equal(&got.basis.bases[0].id, &want.basis.bases[0].id));
	assert_int_equal(got.basis.bases[0].offset, 4096);
	assert_int_equal(got.size, BLOB_SIZE);
	assert_int_equal(got.frame_size, FRAME);
	assert_int_equal(got.frame_count, 4);
	assert_true(xxh128_equal(&got.sum, &want.sum));
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(got.frames[i].mode, want.frames[i].mode);
		assert_int_equal(got.frames[i].stored, want.frames[i].stored);
		assert_true(xxh128_equal(&got.frames[i].sum, &want.frames[i].sum));
	}
	record_head_wipe(&got);
	record_head_wipe(&want);
	buf_wipe(&b);
}

static void the_bytes_are_those_of_the_format(void **state)
{
	static const uint8_t fixed[48] = { 'Z',  'L',  'L',  'M', 'R', 'E', 'C', 0,
		                           1,    0,    2,    11,  1,   1,   0,   0,
		                           0xe8, 0x03, 0x18, 0,   0,   0,   0,   0,
		                           0,    0,    8,    0,   4,   0,   0,   0 };
	struct buf b = sample_bytes();
	(void)state;

	assert_memory_equal(b.data, fixed, 32);
	assert_int_equal(le32_load(b.data + AT_PARAMETERS), 0);
	assert_memory_equal(b.data + AT_BASE_DTYPE, fixed + 32, 12);
	assert_int_equal(b.data[64], 0xb5);
	assert_int_equal(le64_load(b.data + AT_BASE_OFFSET), 4096);
	assert_int_equal(le32_load(b.data + AT_ENTRY), 1234);
	assert_int_equal(b.data[AT_MODE], FRAME_CODED);
	assert_int_equal(b.size, 64 + 40 + 4 * 24 + 8);
	buf_wipe(&b);
}

static void frames_cover_the_blob_and_the_last_is_the_rest(void **state)
{
	struct record_head head = sample_head();
	(void)state;

	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(record_frame_start(&head, i), (uint64_t)i * FRAME);
		assert_int_equal(record_frame_size(&head, i), i < 3 ? FRAME : 1000);
	}
	record_head_wipe(&head);
}

static void blobs_of_any_size_get_the_frames_they_need(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t frames, last;
	} cases[] = { { 0, 0, 0 },
		      { 1, 1, 1 },
		      { FRAME - 1, 1, FRAME - 1 },
		      { FRAME, 1, FRAME },
		      { FRAME + 1, 2, 1 },
		      { (uint64_t)FRAME * 70000, 70000, FRAME } };
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_head head, back;
		struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		uint64_t body;
		assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ZSTD),
		                                  DTYPE_BF16, cases[i].size, NULL, &err),
		                 0);
		assert_int_equal(head.frame_count, cases[i].frames);
		for (uint32_t k = 0; k < head.frame_count; k++)
			head.frames[k].stored = record_frame_size(&head, k);
		assert_int_equal(record_head_format(&head, &b, &err), 0);
		assert_int_equal(read_head(b.data, b.size, &back, &body), 0);
		assert_int_equal(body, cases[i].size);
		if (cases[i].frames)
			assert_int_equal(record_frame_size(&back, cases[i].frames - 1),
			                 cases[i].last);
		record_head_wipe(&head);
		record_head_wipe(&back);
		buf_wipe(&b);
	}
}

static void a_head_is_appended_after_what_the_buffer_has(void **state)
{
	struct record_head head = sample_head();
	struct buf alone = sample_bytes(), b = BUF_INIT;
	struct err err = ERR_INIT;
	(void)state;

	buf_add_str(&b, "before");
	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(b.size, 6 + alone.size);
	assert_memory_equal(b.data + 6, alone.data, alone.size);
	record_head_wipe(&head);
	buf_wipe(&alone);
	buf_wipe(&b);
}

static void a_base_goes_with_codecs_that_need_one_and_no_others(void **state)
{
	struct record_basis basis = some_basis();
	struct record_head head = { .size = 77 };
	struct err err = ERR_INIT;
	(void)state;

	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_BITX), DTYPE_U8, 10,
	                                  NULL, &err),
	                 ERR_INPUT);
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ZSTD), DTYPE_U8, 10,
	                                  &basis, &err),
	                 ERR_INPUT);
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_RAW), DTYPE_U8,
	                                  UINT64_MAX, NULL, &err),
	                 ERR_INPUT);
	assert_int_equal(head.size, 77);
}

/* One to eight bytes of the sample replaced, and the sum made right again. */
static const struct {
	unsigned at, n;
	uint64_t value;
	int code;
} changes[] = {
	{ 0, 1, 'X', ERR_DAMAGED },
	{ 7, 1, 1, ERR_DAMAGED },
	{ AT_VERSION, 2, 0, ERR_DAMAGED },
	{ AT_VERSION, 2, 2, ERR_FORMAT },
	{ AT_CODEC, 1, CODEC_ZSTD, ERR_DAMAGED }, /* takes no base */
	{ AT_CODEC, 1, 200, ERR_FORMAT },
	{ AT_DTYPE, 1, DTYPE_COUNT, ERR_FORMAT },
	{ AT_DTYPE, 1, DTYPE_F16, 0 },
	{ AT_PREDICTION, 1, PREDICTION_NONE, ERR_DAMAGED },
	{ AT_PREDICTION, 1, PREDICTION_LOW_RANK, ERR_DAMAGED }, /* by which factors? */
	{ AT_PREDICTION, 1, PREDICTION_COMBINATION, ERR_FORMAT },
	{ AT_PREDICTION, 1, PREDICTION_CAST, ERR_DAMAGED },  /* from what dtype? */
	{ AT_PREDICTION, 1, PREDICTION_PARTS, ERR_DAMAGED }, /* and where are they? */
	{ AT_PREDICTION, 1, PREDICTION_PARTS + 1, ERR_FORMAT },
	{ AT_BASES, 1, 0, ERR_DAMAGED },
	{ AT_BASES, 1, 2, ERR_DAMAGED },
	{ AT_FLAGS, 2, 0x8000, ERR_FORMAT },
	{ AT_SIZE, 8, BLOB_SIZE + FRAME, ERR_DAMAGED },
	{ AT_SIZE, 8, 3 * FRAME, ERR_DAMAGED },
	{ AT_SIZE, 8, UINT64_MAX, ERR_DAMAGED },
	{ AT_SIZE, 8, 0, ERR_DAMAGED },
	{ AT_SIZE, 8, BLOB_SIZE - 1, ERR_DAMAGED }, /* the raw frame is longer */
	{ AT_FRAME_SIZE, 4, 0, ERR_DAMAGED },
	{ AT_FRAME_SIZE, 4, FRAME - 1, ERR_DAMAGED },
	{ AT_FRAME_SIZE, 4, FRAME_MAX + 2, ERR_DAMAGED },
	{ AT_FRAME_SIZE, 4, UINT32_MAX, ERR_DAMAGED },
	{ AT_FRAMES, 4, 5, ERR_DAMAGED },
	{ AT_FRAMES, 4, UINT32_MAX, ERR_DAMAGED },
	{ AT_PARAMETERS, 4, 1, ERR_DAMAGED }, /* the head has another length */
	{ AT_PARAMETERS, 4, UINT32_MAX, ERR_DAMAGED },
	{ AT_RESERVED, 1, 1, ERR_FORMAT },
	{ AT_RESERVED + 10, 1, 0x80, ERR_FORMAT },
	{ AT_BASE_DTYPE, 1, DTYPE_F32, ERR_DAMAGED }, /* only casts have one */
	{ AT_BASE_DTYPE, 1, DTYPE_COUNT, ERR_FORMAT },
	{ AT_BASE_OFFSET, 8, UINT64_MAX, ERR_DAMAGED },
	{ AT_BASE_OFFSET, 8, UINT64_MAX - 2 * BLOB_SIZE, 0 },
	{ AT_ENTRY, 4, 0, ERR_DAMAGED },
	{ AT_ENTRY, 4, FRAME, ERR_DAMAGED },
	{ AT_ENTRY, 4, UINT32_MAX, ERR_DAMAGED },
	{ AT_MODE, 1, FRAME_RAW, ERR_DAMAGED },
	{ AT_MODE, 1, FRAME_SAME, ERR_DAMAGED },
	{ AT_MODE, 1, FRAME_FILL, ERR_DAMAGED },
	{ AT_MODE, 1, FRAME_TIGHT, ERR_DAMAGED }, /* bitx has no such form */
	{ AT_MODE, 1, FRAME_SPARSE, 0 },
	{ AT_MODE, 1, FRAME_MODES, ERR_FORMAT },
	{ AT_MODE + 1, 1, 1, ERR_FORMAT },
	{ AT_MODE + 3, 1, 1, ERR_FORMAT },
	{ AT_ENTRY + 24, 4, 1, ERR_DAMAGED }, /* SAME that stores something */
};

static void every_field_is_checked_though_the_sum_is_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct buf b = sample_bytes();
		for (unsigned k = 0; k < changes[i].n; k++)
			b.data[changes[i].at + k] = (uint8_t)(changes[i].value >>
			                                      (8 * k));
		sign(b.data, b.size);
		int rc = read_and_drop(b.data, b.size);
		if (rc != changes[i].code)
			fail_msg("change %zu, at %u: %d instead of %d", i, changes[i].at,
			         rc, changes[i].code);
		buf_wipe(&b);
	}
}

static void a_cast_says_from_which_dtype(void **state)
{
	struct record_basis basis = { .base_count = 1 };
	struct record_head head, back;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	uint64_t body;
	(void)state;

	basis.bases[0].dtype = DTYPE_F32;
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_BITX), DTYPE_BF16, 10,
	                                  &basis, &err),
	                 0);
	head.frames[0] = (struct frame_out){ FRAME_SAME, 0, { { 1 } } };
	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(b.data[AT_PREDICTION], PREDICTION_CAST);
	assert_int_equal(b.data[AT_BASE_DTYPE], DTYPE_F32);
	assert_int_equal(record_head_parse(b.data, b.size, &back, &body, &err), 0);
	assert_int_equal(back.basis.bases[0].dtype, DTYPE_F32);
	record_head_wipe(&back);
	record_head_wipe(&head);
	buf_wipe(&b);

	basis.bases[0].dtype = DTYPE_U8;
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_BITX), DTYPE_BF16, 10,
	                                  &basis, &err),
	                 ERR_INPUT);
}

static void parts_and_bases_read_as_they_were_written(void **state)
{
	struct record_basis basis = { .base_count = 2 };
	struct record_head head, back;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	uint64_t body;
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		basis.bases[i].dtype = DTYPE_F32;
		memset(basis.bases[i].id.bytes, (int)i + 1, SHA256_SIZE);
	}
	basis.parts = (struct parts){
		50, 2, { { 1, 0, 3, 0, 20, 5, 30 }, { 0, 0, 4, 20, 30, 1, 40 } }
	};
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16, 400,
	                                  &basis, &err),
	                 0);
	head.frames[0] = (struct frame_out){ FRAME_SAME, 0, { { 1 } } };
	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(b.size, record_head_size(&head));
	assert_int_equal(b.data[AT_PREDICTION], PREDICTION_PARTS);
	assert_int_equal(record_head_parse(b.data, b.size, &back, &body, &err), 0);
	assert_int_equal(back.prediction, PREDICTION_PARTS);
	assert_true(record_basis_equal(&back.basis, &basis));
	record_head_wipe(&back);
	record_head_wipe(&head);
	buf_wipe(&b);

	basis.bases[1].dtype = DTYPE_F16; /* bases of two dtypes */
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16, 400,
	                                  &basis, &err),
	                 ERR_INPUT);
	basis.bases[1].dtype = DTYPE_F32;
	basis.bases[1].offset = 4;
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16, 400,
	                                  &basis, &err),
	                 ERR_INPUT);
	basis.bases[1].offset = 0;
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16, 401,
	                                  &basis, &err),
	                 ERR_INPUT);
	basis.parts.count = 0; /* two bases of a whole */
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16, 400,
	                                  &basis, &err),
	                 ERR_INPUT);
}

static void a_same_frame_needs_a_base(void **state)
{
	struct record_head head;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	(void)state;

	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ZSTD), DTYPE_U8, 10,
	                                  NULL, &err),
	                 0);
	head.frames[0].mode = FRAME_SAME;
	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(read_and_drop(b.data, b.size), ERR_DAMAGED);
	record_head_wipe(&head);
	buf_wipe(&b);
}

static void parameters_belong_to_a_later_version(void **state)
{
	struct buf b = sample_bytes();
	size_t size;
	struct err err = ERR_INIT;
	(void)state;

	/* A whole head with eight bytes of them: measured right, then refused. */
	uint8_t *longer = calloc(1, b.size + 8);
	memcpy(longer, b.data, AT_ENTRY);
	memcpy(longer + AT_ENTRY + 8, b.data + AT_ENTRY, b.size - AT_ENTRY);
	le32_store(longer + AT_PARAMETERS, 8);
	sign(longer, b.size + 8);
	assert_int_equal(record_head_measure(longer, RECORD_FIXED_SIZE, &size, &err), 0);
	assert_int_equal(size, b.size + 8);
	assert_int_equal(read_and_drop(longer, b.size + 8), ERR_FORMAT);
	/* More than 64 MiB of them is no record at all. */
	le32_store(longer + AT_PARAMETERS, 64 << 20);
	assert_int_equal(record_head_measure(longer, RECORD_FIXED_SIZE, &size, &err), 0);
	assert_int_equal(size, b.size + (64 << 20));
	le32_store(longer + AT_PARAMETERS, (64 << 20) + 1);
	assert_int_equal(record_head_measure(longer, RECORD_FIXED_SIZE, &size, &err),
	                 ERR_DAMAGED);
	free(longer);
	buf_wipe(&b);
}

static void a_changed_bit_anywhere_is_found(void **state)
{
	struct buf b = sample_bytes();
	(void)state;

	for (size_t bit = 0; bit < 8 * b.size; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(read_and_drop(b.data, b.size), 0);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(read_and_drop(b.data, b.size), 0);
	buf_wipe(&b);
}

static void a_head_of_another_length_is_refused(void **state)
{
	struct buf b = sample_bytes();
	(void)state;

	for (size_t n = 0; n <= b.size + 1; n++) {
		uint8_t *exact = calloc(1, n + 1);
		memcpy(exact, b.data, n < b.size ? n : b.size);
		assert_int_equal(read_and_drop(exact, n), n == b.size ? 0 : ERR_DAMAGED);
		free(exact);
	}
	buf_wipe(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_reads_as_it_was_written),
		cmocka_unit_test(the_bytes_are_those_of_the_format),
		cmocka_unit_test(frames_cover_the_blob_and_the_last_is_the_rest),
		cmocka_unit_test(blobs_of_any_size_get_the_frames_they_need),
		cmocka_unit_test(a_head_is_appended_after_what_the_buffer_has),
		cmocka_unit_test(a_base_goes_with_codecs_that_need_one_and_no_others),
		cmocka_unit_test(every_field_is_checked_though_the_sum_is_right),
		cmocka_unit_test(a_cast_says_from_which_dtype),
		cmocka_unit_test(parts_and_bases_read_as_they_were_written),
		cmocka_unit_test(a_same_frame_needs_a_base),
		cmocka_unit_test(parameters_belong_to_a_later_version),
		cmocka_unit_test(a_changed_bit_anywhere_is_found),
		cmocka_unit_test(a_head_of_another_length_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
