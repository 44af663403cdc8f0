/* Frames: damage, nonsense and forgetful codecs never pass. */
#include "tests/unit/frame_sample.h"

static void damage_anywhere_is_found(void **state)
{
	for (unsigned id = CODEC_ZSTD; id <= CODEC_BITX; id++) {
		const struct codec *codec = codec_by_id(id);
		struct sample s = sample_of(2000);
		near_base(s.src, s.base, s.size);
		const struct frame_job job = job_of(codec, DTYPE_BF16, s.base, s.size,
		                                    scratch_of(state));
		round_trip(codec, DTYPE_BF16, &s, scratch_of(state));
		assert_int_equal(s.out.mode, FRAME_CODED);
		for (size_t bit = 0; bit < 8 * s.out.stored; bit++) {
			struct err err = ERR_INIT;
			s.stored[bit / 8] ^= (uint8_t)(1 << bit % 8);
			int rc = frame_decode(&job, &s.out, s.stored, s.back, &err);
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
	const struct frame_job job = job_of(codec, DTYPE_F32, s.base, s.size,
	                                    scratch_of(state));
	round_trip(codec, DTYPE_F32, &s, scratch_of(state));
	assert_int_equal(s.out.mode, FRAME_CODED);
	for (size_t n = 0; n < s.out.stored; n++) {
		struct frame_out cut = { s.out.mode, n, s.out.sum };
		struct err err = ERR_INIT;
		uint8_t *exact = malloc(n + 1);
		memcpy(exact, s.stored, n);
		assert_int_equal(frame_decode(&job, &cut, exact, s.back, &err),
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
		const struct frame_job job = job_of(codec, DTYPE_BF16, s.base, s.size,
		                                    scratch_of(state));
		makers[i](s.src, s.base, s.size);
		round_trip(codec, DTYPE_BF16, &s, scratch_of(state));
		s.base[1234] ^= 4;
		assert_int_equal(frame_decode(&job, &s.out, s.stored, s.back, &err),
		                 ERR_DAMAGED);
		s.base[1234] ^= 4;
		s.out.sum.bytes[15] ^= 1;
		assert_int_equal(frame_decode(&job, &s.out, s.stored, s.back, &err),
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
		{ FRAME_TIGHT, 0, false },        { FRAME_TIGHT, 999, true },
		{ FRAME_TIGHT, 1000, false },     { FRAME_SPARSE, 0, false },
		{ FRAME_SPARSE, 999, true },      { FRAME_SPARSE, 1000, false },
		{ (enum frame_mode)6, 0, false }, { (enum frame_mode)255, 1000, false },
	};
	struct sample s = sample_of(1000);
	const struct frame_job job = job_of(codec_by_id(CODEC_BITX), DTYPE_BF16, s.base,
	                                    s.size, scratch_of(state));

	all_noise(s.src, s.base, s.size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_out f = { cases[i].mode, cases[i].stored, { { 0 } } };
		struct err err = ERR_INIT;
		assert_int_equal(frame_out_valid(&f, DTYPE_BF16, s.size), cases[i].valid);
		/* Valid or not, its sum of zeros is wrong. */
		assert_int_equal(frame_decode(&job, &f, s.src, s.back, &err),
		                 ERR_DAMAGED);
	}
	struct frame_out odd = { FRAME_FILL, 2, { { 0 } } };
	assert_false(frame_out_valid(&odd, DTYPE_BF16, 999));
	sample_wipe(&s);
}

static void calls_that_make_no_sense_are_refused(void **state)
{
	struct frame_scratch *scratch = scratch_of(state);
	struct frame_out out = { FRAME_SAME, 77, { { 0 } } };
	struct err err = ERR_INIT;
	uint8_t b[8] = { 0 };
	const struct codec *bitx = codec_by_id(CODEC_BITX);
	const struct frame_job jobs[] = { job_of(bitx, DTYPE_U8, NULL, 8, scratch),
		                          job_of(bitx, DTYPE_U8, b, 0, scratch),
		                          job_of(bitx, DTYPE_U8, b, FRAME_MAX + 1,
		                                 scratch) };

	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		assert_int_equal(frame_encode(&jobs[i], b, b, &out, &err), ERR_INPUT);
		assert_int_equal(frame_decode(&jobs[i], &out, b, b, &err), ERR_INPUT);
	}
	assert_int_equal(out.stored, 77);
}

static bool forgetful_takes(enum dtype dtype)
{
	(void)dtype;
	return true;
}

static size_t forgetful_encode(const struct frame_job *job, const uint8_t *src,
                               uint8_t *dst, size_t cap)
{
	(void)job;
	(void)cap;
	dst[0] = src[0];
	return 1;
}

static int forgetful_decode(const struct frame_job *job, const uint8_t *src, size_t n,
                            uint8_t *dst, struct err *err)
{
	(void)n;
	(void)err;
	memset(dst, src[0], job->size);
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
	const struct frame_job job = job_of(&forgetful, DTYPE_U8, NULL, s.size,
	                                    scratch_of(state));
	assert_int_equal(frame_encode(&job, s.src, s.stored, &s.out, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.text, "forgetful"));
	assert_int_equal(s.out.stored, 77);
	sample_wipe(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_anywhere_is_found),
		cmocka_unit_test(a_frame_cut_short_is_refused),
		cmocka_unit_test(a_wrong_base_or_sum_is_found),
		cmocka_unit_test(stored_sizes_that_do_not_suit_the_mode_are_refused),
		cmocka_unit_test(calls_that_make_no_sense_are_refused),
		cmocka_unit_test(
			a_codec_that_loses_bytes_is_caught_before_anything_is_stored),
	};
	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
