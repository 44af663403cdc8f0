/* Frames: what is stored comes back bit for bit, and damage never passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame.h"
#include "codec/zstd_box.h"

static struct frame_scratch *scratch_of(void **state)
{
	return *state;
}

static int setup(void **state)
{
	struct frame_scratch *s = NULL;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&s, &err))
		return -1;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	frame_scratch_free(*state);
	return 0;
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* ---- contents: each fills `src` and `base` with something worth coding */

static void all_equal(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < n; i++)
		src[i] = base[i] = (uint8_t)next(&seed);
}

static void all_zero(uint8_t *src, uint8_t *base, size_t n)
{
	memset(src, 0, n);
	memset(base, 1, n);
}

static void all_noise(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 2;

	for (size_t i = 0; i < n; i++) {
		src[i] = (uint8_t)next(&seed);
		base[i] = (uint8_t)next(&seed);
	}
}

/* Like a fine-tune: few bits differ, and bytes lean to one side by themselves. */
static void near_base(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 3;

	for (size_t i = 0; i < n; i++) {
		base[i] = (uint8_t)(next(&seed) & next(&seed) & next(&seed));
		src[i] = base[i] ^ (next(&seed) % 16 == 0);
	}
}

static void one_bit_off(uint8_t *src, uint8_t *base, size_t n)
{
	all_equal(src, base, n);
	if (n)
		src[n - 1] ^= 0x80;
}

static void (*const contents[])(uint8_t *src, uint8_t *base,
                                size_t n) = { all_equal, all_zero, all_noise, near_base,
	                                      one_bit_off };

enum { CONTENTS = sizeof(contents) / sizeof(contents[0]) };

static const unsigned codec_ids[] = { CODEC_RAW, CODEC_ZSTD, CODEC_BITX };

enum { CODECS = sizeof(codec_ids) / sizeof(codec_ids[0]) };

/* One frame's bytes, each in an allocation of its own exact size. */
struct sample {
	uint8_t *src, *base, *stored, *back;
	size_t size;
	struct frame_out out;
};

static struct sample sample_of(size_t size)
{
	struct sample s = { .size = size };

	s.src = malloc(size);
	s.base = malloc(size);
	s.stored = malloc(size);
	s.back = malloc(size);
	return s;
}

static void sample_wipe(struct sample *s)
{
	free(s->src);
	free(s->base);
	free(s->stored);
	free(s->back);
}

static void round_trip(const struct codec *codec, enum dtype dtype, struct sample *s,
                       struct frame_scratch *scratch)
{
	struct err err = ERR_INIT;
	const uint8_t *base = codec->needs_base ? s->base : NULL;

	assert_int_equal(frame_encode(codec, dtype, s->src, base, s->size, s->stored,
	                              scratch, &s->out, &err),
	                 0);
	assert_true(frame_valid(&s->out, dtype, s->size));
	/* The decoder must need nothing but the stored bytes. */
	uint8_t *exact = malloc(s->out.stored + 1);
	memcpy(exact, s->stored, s->out.stored);
	memset(s->back, 0xee, s->size);
	assert_int_equal(frame_decode(codec, dtype, &s->out, exact, base, s->back,
	                              s->size, scratch, &err),
	                 0);
	assert_memory_equal(s->back, s->src, s->size);
	assert_int_equal(err.code, 0);
	free(exact);
}

/* ---- the tests */

static void every_codec_dtype_content_and_size_comes_back(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 8, 9, 17, 64, 1001, 9000, 70001 };

	for (size_t z = 0; z < sizeof(sizes) / sizeof(sizes[0]); z++) {
		struct sample s = sample_of(sizes[z]);
		for (int i = 0; i < CONTENTS * CODECS * DTYPE_COUNT; i++) {
			enum dtype dtype = (enum dtype)(i % DTYPE_COUNT);
			int codec = i / DTYPE_COUNT % CODECS;
			contents[i / DTYPE_COUNT / CODECS](s.src, s.base, s.size);
			round_trip(codec_by_id(codec_ids[codec]), dtype, &s,
			           scratch_of(state));
		}
		sample_wipe(&s);
	}
}

static void the_largest_frames_come_back(void **state)
{
	for (int c = 0; c < CODECS; c++) {
		struct sample s = sample_of(FRAME_MAX);
		near_base(s.src, s.base, s.size);
		round_trip(codec_by_id(codec_ids[c]), DTYPE_F64, &s, scratch_of(state));
		round_trip(codec_by_id(codec_ids[c]), DTYPE_BYTES, &s, scratch_of(state));
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
		{ CODEC_BITX, one_bit_off, FRAME_CODED },
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
	for (int c = 0; c < CODECS; c++) {
		struct sample a = sample_of(50000), b = sample_of(50000);
		near_base(a.src, a.base, a.size);
		near_base(b.src, b.base, b.size);
		round_trip(codec_by_id(codec_ids[c]), DTYPE_F16, &a, scratch_of(state));
		round_trip(codec_by_id(codec_ids[c]), DTYPE_F16, &b, fresh);
		assert_int_equal(a.out.stored, b.out.stored);
		assert_memory_equal(a.stored, b.stored, a.out.stored);
		sample_wipe(&a);
		sample_wipe(&b);
	}
	frame_scratch_free(fresh);
	frame_scratch_free(NULL);
}

static void damage_anywhere_is_found(void **state)
{
	for (int c = 1; c < CODECS; c++) {
		const struct codec *codec = codec_by_id(codec_ids[c]);
		struct sample s = sample_of(2000);
		near_base(s.src, s.base, s.size);
		round_trip(codec, DTYPE_BF16, &s, scratch_of(state));
		assert_int_equal(s.out.mode, FRAME_CODED);
		for (size_t bit = 0; bit < 8 * s.out.stored; bit++) {
			struct err err = ERR_INIT;
			s.stored[bit / 8] ^= (uint8_t)(1 << bit % 8);
			int rc = frame_decode(codec, DTYPE_BF16, &s.out, s.stored, s.base,
			                      s.back, s.size, scratch_of(state), &err);
			s.stored[bit / 8] ^= (uint8_t)(1 << bit % 8);
			/* A bit that changes nothing decoded may exist; no other. */
			if (rc == 0)
				assert_memory_equal(s.back, s.src, s.size);
			else
				assert_int_equal(rc, ERR_DAMAGED);
			assert_int_equal(err.code, rc);
		}
		sample_wipe(&s);
	}
}

static void a_frame_cut_short_is_refused(void **state)
{
	const struct codec *codec = codec_by_id(CODEC_BITX);
	struct sample s = sample_of(3001);

	near_base(s.src, s.base, s.size);
	round_trip(codec, DTYPE_F32, &s, scratch_of(state));
	assert_int_equal(s.out.mode, FRAME_CODED);
	for (size_t n = 0; n < s.out.stored; n++) {
		struct frame_out cut = { s.out.mode, n, s.out.sum };
		struct err err = ERR_INIT;
		uint8_t *exact = malloc(n + 1);
		memcpy(exact, s.stored, n);
		assert_int_equal(frame_decode(codec, DTYPE_F32, &cut, exact, s.base,
		                              s.back, s.size, scratch_of(state), &err),
		                 ERR_DAMAGED);
		free(exact);
	}
	sample_wipe(&s);
}

static void a_wrong_base_or_sum_is_found(void **state)
{
	static void (*const makers[])(uint8_t *, uint8_t *, size_t) = { near_base,
		                                                        all_equal };
	const struct codec *codec = codec_by_id(CODEC_BITX);

	for (int i = 0; i < 2; i++) {
		struct sample s = sample_of(3000);
		struct err err = ERR_INIT;
		makers[i](s.src, s.base, s.size);
		round_trip(codec, DTYPE_BF16, &s, scratch_of(state));
		s.base[1234] ^= 4;
		assert_int_equal(frame_decode(codec, DTYPE_BF16, &s.out, s.stored, s.base,
		                              s.back, s.size, scratch_of(state), &err),
		                 ERR_DAMAGED);
		s.base[1234] ^= 4;
		s.out.sum.bytes[15] ^= 1;
		assert_int_equal(frame_decode(codec, DTYPE_BF16, &s.out, s.stored, s.base,
		                              s.back, s.size, scratch_of(state), &err),
		                 ERR_DAMAGED);
		sample_wipe(&s);
	}
}

static void stored_sizes_that_do_not_suit_the_mode_are_refused(void **state)
{
	static const struct {
		enum frame_mode mode;
		size_t stored;
		bool valid;
	} cases[] = {
		{ FRAME_RAW, 1000, true },        { FRAME_RAW, 999, false },
		{ FRAME_RAW, 0, false },          { FRAME_CODED, 0, false },
		{ FRAME_CODED, 1, true },         { FRAME_CODED, 999, true },
		{ FRAME_CODED, 1000, false },     { FRAME_SAME, 0, true },
		{ FRAME_SAME, 1, false },         { FRAME_FILL, 2, true },
		{ FRAME_FILL, 1, false },         { FRAME_FILL, 4, false },
		{ (enum frame_mode)4, 0, false }, { (enum frame_mode)255, 1000, false },
	};
	struct sample s = sample_of(1000);

	all_noise(s.src, s.base, s.size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_out f = { cases[i].mode, cases[i].stored, { { 0 } } };
		struct err err = ERR_INIT;
		assert_int_equal(frame_valid(&f, DTYPE_BF16, s.size), cases[i].valid);
		/* Valid or not, its sum of zeros is wrong. */
		assert_int_equal(frame_decode(codec_by_id(CODEC_BITX), DTYPE_BF16, &f,
		                              s.src, s.base, s.back, s.size,
		                              scratch_of(state), &err),
		                 ERR_DAMAGED);
	}
	struct frame_out odd = { FRAME_FILL, 2, { { 0 } } };
	assert_false(frame_valid(&odd, DTYPE_BF16, 999));
	sample_wipe(&s);
}

static void calls_that_make_no_sense_are_refused(void **state)
{
	const struct codec *bitx = codec_by_id(CODEC_BITX);
	struct frame_scratch *scratch = scratch_of(state);
	struct frame_out out = { FRAME_SAME, 77, { { 0 } } };
	struct err err = ERR_INIT;
	uint8_t b[8] = { 0 };

	assert_int_equal(frame_encode(bitx, DTYPE_U8, b, NULL, 8, b, scratch, &out, &err),
	                 ERR_INPUT);
	assert_int_equal(frame_encode(bitx, DTYPE_U8, b, b, 0, b, scratch, &out, &err),
	                 ERR_INPUT);
	assert_int_equal(
		frame_encode(bitx, DTYPE_U8, b, b, FRAME_MAX + 1, b, scratch, &out, &err),
		ERR_INPUT);
	assert_int_equal(frame_decode(bitx, DTYPE_U8, &out, b, NULL, b, 8, scratch, &err),
	                 ERR_INPUT);
	assert_int_equal(out.stored, 77);
}

static bool forgetful_takes(enum dtype dtype)
{
	(void)dtype;
	return true;
}

static size_t forgetful_encode(const uint8_t *src, const uint8_t *base, size_t size,
                               enum dtype dtype, uint8_t *dst, size_t cap,
                               struct frame_scratch *scratch)
{
	(void)base;
	(void)size;
	(void)dtype;
	(void)cap;
	(void)scratch;
	dst[0] = src[0];
	return 1;
}

static int forgetful_decode(const uint8_t *src, size_t n, const uint8_t *base,
                            uint8_t *dst, size_t size, enum dtype dtype,
                            struct frame_scratch *scratch, struct err *err)
{
	(void)n;
	(void)base;
	(void)dtype;
	(void)scratch;
	(void)err;
	memset(dst, src[0], size);
	return 0;
}

static void a_codec_that_loses_bytes_is_caught_before_anything_is_stored(void **state)
{
	static const struct codec forgetful = { .id = CODEC_RAW,
		                                .name = "forgetful",
		                                .takes = forgetful_takes,
		                                .encode = forgetful_encode,
		                                .decode = forgetful_decode };
	struct sample s = sample_of(100);
	struct err err = ERR_INIT;

	all_noise(s.src, s.base, s.size);
	s.out.stored = 77;
	assert_int_equal(frame_encode(&forgetful, DTYPE_U8, s.src, NULL, s.size, s.stored,
	                              scratch_of(state), &s.out, &err),
	                 ERR_DAMAGED);
	assert_non_null(strstr(err.text, "forgetful"));
	assert_int_equal(s.out.stored, 77);
	sample_wipe(&s);
}

static void codecs_are_found_by_number_and_name(void **state)
{
	static const char *const names[] = { "raw", "zstd", "bitx" };
	(void)state;

	for (int i = 0; i < CODECS; i++) {
		const struct codec *codec = codec_by_name(names[i]);
		assert_non_null(codec);
		assert_int_equal(codec->id, codec_ids[i]);
		assert_ptr_equal(codec, codec_by_id(codec_ids[i]));
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

static void a_box_takes_one_zstd_frame_of_the_right_size_and_nothing_else(void **state)
{
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	struct zstd_box *box = zstd_box_new();
	uint8_t src[1000] = { 1 }, coded[400], back[1001];
	(void)state;

	size_t n = zstd_box_encode(box, 3, src, sizeof(src), coded, sizeof(coded) / 4);
	assert_int_not_equal(n, 0);
	back[1000] = 0x55;
	assert_true(zstd_box_decode(box, coded, n, back, 1000));
	assert_memory_equal(back, src, 1000);
	assert_int_equal(back[1000], 0x55);
	assert_false(zstd_box_decode(box, coded, n, back, 999));
	assert_false(zstd_box_decode(box, coded, n, back, 1001));
	assert_false(zstd_box_decode(box, coded, n - 1, back, 1000));
	assert_false(zstd_box_decode(box, coded, n + 1, back, 1000));
	assert_false(zstd_box_decode(box, coded, 0, back, 1000));
	/* Two frames, or one to skip, are not one. */
	memcpy(coded + n, skippable, sizeof(skippable));
	assert_false(zstd_box_decode(box, coded, n + sizeof(skippable), back, 1000));
	assert_false(zstd_box_decode(box, skippable, sizeof(skippable), back, 0));
	memcpy(coded + n, coded, n);
	assert_false(zstd_box_decode(box, coded, 2 * n, back, 1000));
	assert_int_equal(zstd_box_encode(box, 3, src, sizeof(src), coded, 3), 0);
	zstd_box_free(box);
	zstd_box_free(NULL);
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
		cmocka_unit_test(damage_anywhere_is_found),
		cmocka_unit_test(a_frame_cut_short_is_refused),
		cmocka_unit_test(a_wrong_base_or_sum_is_found),
		cmocka_unit_test(stored_sizes_that_do_not_suit_the_mode_are_refused),
		cmocka_unit_test(calls_that_make_no_sense_are_refused),
		cmocka_unit_test(
			a_codec_that_loses_bytes_is_caught_before_anything_is_stored),
		cmocka_unit_test(codecs_are_found_by_number_and_name),
		cmocka_unit_test(frames_hold_256_ki_units),
		cmocka_unit_test(
			a_box_takes_one_zstd_frame_of_the_right_size_and_nothing_else),
		cmocka_unit_test(real_weights_come_back_and_shrink_as_published),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
