/* Frames: what is stored comes back bit for bit, in the smallest mode. */
#include <stdio.h>

#include "codec/common/le.h"
#include "tests/unit/frame_sample.h"

typedef void content_fn(uint8_t *src, uint8_t *base, size_t n);

static content_fn *const contents[] = { all_equal, all_zero, all_noise, near_base,
	                                one_bit_off };

enum { CONTENTS = sizeof(contents) / sizeof(contents[0]) };

static void every_codec_dtype_content_and_size_comes_back(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 8, 9, 17, 64, 1001, 9000, 70001 };

	for (size_t z = 0; z < sizeof(sizes) / sizeof(sizes[0]); z++) {
		struct sample s = sample_of(sizes[z]);
		for (int i = 0; i < CONTENTS * DTYPE_COUNT; i++) {
			enum dtype dtype = (enum dtype)(i % DTYPE_COUNT);
			contents[i / DTYPE_COUNT](s.src, s.base, s.size);
			for (unsigned c = 0; codec_at(c); c++)
				round_trip(codec_at(c), dtype, &s, scratch_of(state));
		}
		sample_wipe(&s);
	}
}

static void the_largest_frames_come_back(void **state)
{
	for (unsigned c = 0; codec_at(c); c++) {
		struct sample s = sample_of(FRAME_MAX);
		near_base(s.src, s.base, s.size);
		round_trip(codec_at(c), DTYPE_F64, &s, scratch_of(state));
		round_trip(codec_at(c), DTYPE_BYTES, &s, scratch_of(state));
		sample_wipe(&s);
	}
}

static void the_smallest_mode_is_chosen(void **state)
{
	static const struct {
		unsigned codec;
		void (*make)(uint8_t *src, uint8_t *base, size_t n);
		enum frame_mode mode;
	} cases[] = {
		{ CODEC_RAW, all_noise, FRAME_RAW },
		{ CODEC_RAW, all_equal, FRAME_RAW },
		{ CODEC_RAW, all_zero, FRAME_FILL },
		{ CODEC_ZSTD, all_noise, FRAME_RAW },
		{ CODEC_ZSTD, all_zero, FRAME_FILL },
		{ CODEC_ZSTD, near_base, FRAME_CODED },
		{ CODEC_BITX, all_equal, FRAME_SAME },
		{ CODEC_BITX, all_zero, FRAME_FILL },
		{ CODEC_BITX, all_noise, FRAME_RAW },
		{ CODEC_BITX, near_base, FRAME_CODED },
		{ CODEC_BITX, one_bit_off, FRAME_SPARSE },
		{ CODEC_ULP, near_base, FRAME_TIGHT },
		{ CODEC_ULP, one_bit_off, FRAME_SPARSE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample s = sample_of(10000);
		cases[i].make(s.src, s.base, s.size);
		round_trip(codec_by_id(cases[i].codec), DTYPE_BF16, &s,
		           scratch_of(state));
		assert_int_equal(s.out.mode, cases[i].mode);
		sample_wipe(&s);
	}
}

static void a_frame_equal_to_a_base_of_zeros_is_same_rather_than_fill(void **state)
{
	struct sample s = sample_of(4096);

	memset(s.src, 0, s.size);
	memset(s.base, 0, s.size);
	round_trip(codec_by_id(CODEC_BITX), DTYPE_F32, &s, scratch_of(state));
	assert_int_equal(s.out.mode, FRAME_SAME);
	sample_wipe(&s);
}

static void a_fill_repeats_a_whole_unit(void **state)
{
	struct sample s = sample_of(4000);

	for (size_t i = 0; i < s.size; i++)
		s.src[i] = (uint8_t)(i % 4);
	round_trip(codec_by_id(CODEC_ZSTD), DTYPE_F32, &s, scratch_of(state));
	assert_int_equal(s.out.mode, FRAME_FILL);
	assert_int_equal(s.out.stored, 4);
	round_trip(codec_by_id(CODEC_ZSTD), DTYPE_BF16, &s, scratch_of(state));
	assert_int_equal(s.out.mode, FRAME_CODED);
	sample_wipe(&s);
}

static void the_same_frame_gives_the_same_bytes_with_any_scratch(void **state)
{
	struct frame_scratch *fresh = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(frame_scratch_new(&fresh, &err), 0);
	for (unsigned c = 0; codec_at(c); c++) {
		struct sample a = sample_of(50000), b = sample_of(50000);
		near_base(a.src, a.base, a.size);
		near_base(b.src, b.base, b.size);
		round_trip(codec_at(c), DTYPE_F16, &a, scratch_of(state));
		round_trip(codec_at(c), DTYPE_F16, &b, fresh);
		assert_int_equal(a.out.stored, b.out.stored);
		assert_memory_equal(a.stored, b.stored, a.out.stored);
		sample_wipe(&a);
		sample_wipe(&b);
	}
	frame_scratch_free(fresh);
	frame_scratch_free(NULL);
}

static void codecs_are_found_by_number_and_name(void **state)
{
	/* Numbers are stored in records: these never change. */
	static const char *const names[] = { "raw", "zstd", "bitx", "float", "ulp" };
	(void)state;

	for (unsigned id = 0; id < sizeof(names) / sizeof(names[0]); id++) {
		const struct codec *codec = codec_by_name(names[id]);
		assert_non_null(codec);
		assert_int_equal(codec->id, id);
		assert_ptr_equal(codec, codec_by_id(id));
	}
	for (unsigned i = 0; codec_at(i); i++) {
		assert_true(codec_at(i)->id < CODEC_IDS);
		assert_ptr_equal(codec_by_id(codec_at(i)->id), codec_at(i));
		assert_ptr_equal(codec_by_name(codec_at(i)->name), codec_at(i));
	}
	assert_null(codec_by_id(200));
	assert_null(codec_by_name("zst"));
	assert_null(codec_by_name(""));
}

static void frames_hold_256_ki_units(void **state)
{
	(void)state;
	assert_int_equal(frame_size(DTYPE_BYTES), 256 * 1024);
	assert_int_equal(frame_size(DTYPE_BF16), 512 * 1024);
	assert_int_equal(frame_size(DTYPE_C64), FRAME_MAX);
}

/* ---- real weights */

/* The bytes after the header of $ZLLM_DATA/<name>/model.safetensors. */
static uint8_t *real_weights(const char *name, size_t *size)
{
	char path[4096];
	uint8_t head[8];

	snprintf(path, sizeof(path), "%s/%s/model.safetensors", getenv("ZLLM_DATA"),
	         name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(head, 1, 8, f), 8);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long all = ftell(f), start = 8 + (long)le64_load(head);
	assert_true(all > start);
	assert_int_equal(fseek(f, start, SEEK_SET), 0);
	*size = (size_t)(all - start);
	uint8_t *bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, f), *size);
	fclose(f);
	return bytes;
}

static size_t stored_in_all(const struct codec *codec, const uint8_t *src,
                            const uint8_t *base, size_t size,
                            struct frame_scratch *scratch)
{
	size_t frame = frame_size(DTYPE_BF16), total = 0;
	struct sample s = sample_of(frame);

	for (size_t at = 0; at < size; at += frame) {
		s.size = size - at < frame ? size - at : frame;
		memcpy(s.src, src + at, s.size);
		memcpy(s.base, base + at, s.size);
		round_trip(codec, DTYPE_BF16, &s, scratch);
		total += s.out.stored;
	}
	sample_wipe(&s);
	return total;
}

static void real_weights_come_back_and_shrink_as_published(void **state)
{
	size_t size, base_size;

	if (!getenv("ZLLM_DATA")) {
		print_message("ZLLM_DATA is unset: no real weights to code\n");
		skip();
	}
	uint8_t *src = real_weights("sft-a", &size);
	uint8_t *base = real_weights("base", &base_size);
	assert_int_equal(size, base_size);
	size_t solo = stored_in_all(codec_by_id(CODEC_ZSTD), src, base, size,
	                            scratch_of(state));
	size_t delta = stored_in_all(codec_by_id(CODEC_BITX), src, base, size,
	                             scratch_of(state));
	assert_true(solo * 140 < size * 100);
	assert_true(delta * 285 < size * 100);
	free(src);
	free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_codec_dtype_content_and_size_comes_back),
		cmocka_unit_test(the_largest_frames_come_back),
		cmocka_unit_test(the_smallest_mode_is_chosen),
		cmocka_unit_test(
			a_frame_equal_to_a_base_of_zeros_is_same_rather_than_fill),
		cmocka_unit_test(a_fill_repeats_a_whole_unit),
		cmocka_unit_test(the_same_frame_gives_the_same_bytes_with_any_scratch),
		cmocka_unit_test(codecs_are_found_by_number_and_name),
		cmocka_unit_test(frames_hold_256_ki_units),
		cmocka_unit_test(real_weights_come_back_and_shrink_as_published),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
