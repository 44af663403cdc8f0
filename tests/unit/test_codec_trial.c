/* Trials: what a codec is said to make of a blob is what it makes of the samples. */
#include "tests/unit/trial_blob.h"

#include "codec/codec_table.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/record.h"
#include "index/base/codec_trial.h"
#include "tests/unit/job_of.h"

enum { SAMPLE = 2 * CODEC_SAMPLE_VALUES /* bytes of one, of 16-bit values */ };

static const struct codec_score none = { NULL, 0 };

static struct codec_trial *trial_of(void **state, const struct blob_file *blob)
{
	struct codec_trial *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(codec_trial_begin(transfer_of(state), blob, &t, &err), 0);
	return t;
}

static unsigned score_of(struct codec_trial *t, const struct codec *codec)
{
	struct codec_score score = { codec, 77777 };
	struct err err = ERR_INIT;

	assert_int_equal(codec_trial_run(t, &none, &score, &err), 0);
	assert_ptr_equal(score.codec, codec);
	return score.permille;
}

/* ---------------------------------------------------------------- samples */

static void a_score_is_what_a_small_blob_takes_in_thousandths_rounded_up(void **state)
{
	enum { BYTES = 100000 };
	uint8_t *bytes = weights_of(BYTES / 2, 5, 0), *coded = malloc(BYTES);
	struct blob_file blob = blob_of(bytes, BYTES, DTYPE_BF16);
	struct codec_trial *t = trial_of(state, &blob);
	const struct codec *codec;
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;
	unsigned least = 1000;

	assert_int_equal(frame_scratch_new(&scratch, &err), 0);
	for (unsigned i = 0; (codec = codec_at(i)) != NULL; i++) {
		const struct frame_job job = job_of(codec, DTYPE_BF16, NULL, BYTES,
		                                    scratch);
		struct frame_out out;
		if (codec->needs_base)
			continue;
		assert_int_equal(frame_encode(&job, bytes, coded, &out, &err), 0);
		unsigned permille = score_of(t, codec);
		assert_int_equal(permille, (out.stored * 1000 + BYTES - 1) / BYTES);
		least = permille < least ? permille : least;
	}
	assert_in_range(least, 500, 800);
	frame_scratch_free(scratch);
	codec_trial_end(t);
	blob_close(&blob);
	free(bytes);
	free(coded);
}

/* Four samples of zeros in noise: whoever looked elsewhere would see noise. */
static void samples_are_spread_evenly_from_end_to_end(void **state)
{
	enum { BYTES = 20 * SAMPLE + 4444 };
	uint8_t *bytes = noise_of(BYTES, 1);

	for (size_t i = 0; i < CODEC_SAMPLES; i++) {
		size_t values = (BYTES - SAMPLE) / 2;
		memset(bytes + values * i / (CODEC_SAMPLES - 1) * 2, 0, SAMPLE);
	}
	struct blob_file blob = blob_of(bytes, BYTES, DTYPE_BF16);
	struct codec_trial *t = trial_of(state, &blob);
	assert_int_equal(score_of(t, codec_by_id(CODEC_FLOAT)), 1);
	codec_trial_end(t);
	blob_close(&blob);
	/* And they are no longer than that. */
	for (size_t i = 1; i + 1 < CODEC_SAMPLES; i++) {
		size_t at = (BYTES - SAMPLE) / 2 * i / (CODEC_SAMPLES - 1) * 2;
		bytes[at] = 1;
		blob = blob_of(bytes, BYTES, DTYPE_BF16);
		t = trial_of(state, &blob);
		assert_true(score_of(t, codec_by_id(CODEC_RAW)) > 200);
		codec_trial_end(t);
		blob_close(&blob);
		bytes[at] = 0;
		bytes[at - 1] = bytes[at + SAMPLE] = 1;
	}
	blob = blob_of(bytes, BYTES, DTYPE_BF16);
	t = trial_of(state, &blob);
	assert_int_equal(score_of(t, codec_by_id(CODEC_RAW)), 1);
	codec_trial_end(t);
	blob_close(&blob);
	free(bytes);
}

static void an_empty_blob_takes_nothing(void **state)
{
	struct blob_file blob = blob_of((const uint8_t *)"", 0, DTYPE_BYTES);
	struct codec_trial *t = NULL;
	struct err err = ERR_INIT;

	int rc = codec_trial_begin(transfer_of(state), &blob, &t, &err);
	codec_trial_end(rc ? NULL : t);
	blob_close(&blob);
	assert_int_equal(rc, 0);
}

static void a_blob_that_ends_early_is_an_error(void **state)
{
	uint8_t *bytes = noise_of(5000, 1);
	struct blob_file blob = blob_of(bytes, 5000, DTYPE_BF16);
	struct codec_trial *t = NULL;
	struct err err = ERR_INIT;

	blob.size = 6000;
	assert_true(codec_trial_begin(transfer_of(state), &blob, &t, &err) < 0);
	assert_true(err.text[0] != '\0');
	blob_close(&blob);
	free(bytes);
}

/* ---------------------------------------------------------------- slow codecs */

/* A codec that makes what it is told to, and counts. */
struct fake {
	struct codec codec;
	unsigned permille;
	size_t seen; /* bytes that it was to code */
	const uint8_t *src;
};

static struct fake *fake_of(const struct frame_job *job)
{
	return (struct fake *)(uintptr_t)job->codec;
}

static bool fake_takes(enum dtype dtype)
{
	(void)dtype;
	return true;
}

static size_t fake_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                          size_t cap)
{
	struct fake *f = fake_of(job);
	size_t n = job->size * f->permille / 1000;

	f->seen += job->size;
	f->src = src;
	memset(dst, 0, n < cap ? n : cap);
	return n <= cap ? n : 0;
}

static int fake_decode(const struct frame_job *job, const uint8_t *src, size_t n,
                       uint8_t *dst, struct err *err)
{
	(void)src;
	(void)n;
	(void)err;
	memcpy(dst, fake_of(job)->src, job->size);
	return 0;
}

static struct fake fake(unsigned permille, unsigned first_values)
{
	return (struct fake){ .codec = { .id = CODEC_ZSTD,
		                         .name = "fake",
		                         .mode = FRAME_CODED,
		                         .policy = { .first_values = first_values,
		                                     .behind_percent = 110 },
		                         .takes = fake_takes,
		                         .encode = fake_encode,
		                         .decode = fake_decode },
		              .permille = permille };
}

/* Four samples of noise, and a codec that makes half of them. */
struct contest {
	struct blob_file blob;
	struct codec_trial *trial;
	struct fake best;
	uint8_t *bytes;
	size_t size, first; /* bytes of all samples, and of what is coded first of them */
};

enum { FIRST_VALUES = 1024 };

static void contest_begin(void **state, struct contest *c, size_t size)
{
	*c = (struct contest){ .size = size,
		               .first = CODEC_SAMPLES * FIRST_VALUES * 2,
		               .best = fake(500, 0) };
	c->bytes = noise_of(size, 3);
	c->blob = blob_of(c->bytes, size, DTYPE_BF16);
	c->trial = trial_of(state, &c->blob);
}

static void contest_end(struct contest *c)
{
	codec_trial_end(c->trial);
	blob_close(&c->blob);
	free(c->bytes);
}

static unsigned challenge(struct contest *c, struct fake *slow)
{
	struct codec_score best = { &c->best.codec, c->best.permille };
	struct codec_score score = { &slow->codec, 0 };
	struct err err = ERR_INIT;

	slow->seen = 0;
	assert_int_equal(codec_trial_run(c->trial, &best, &score, &err), 0);
	return score.permille;
}

static void a_slow_codec_far_behind_at_first_is_not_tried_further(void **state)
{
	static const unsigned behind[] = { 560, 700, 990 };
	struct contest c;

	contest_begin(state, &c, CODEC_SAMPLES * SAMPLE);
	for (int i = 0; i < 3; i++) {
		struct fake slow = fake(behind[i], FIRST_VALUES);
		unsigned score = challenge(&c, &slow);
		assert_in_range(score, behind[i] - 3, behind[i] + 3);
		assert_int_equal(slow.seen, c.first);
	}
	contest_end(&c);
}

static void a_slow_codec_near_the_best_is_tried_on_all(void **state)
{
	static const unsigned near[] = { 1, 300, 499, 500, 501, 545 };
	struct contest c;

	contest_begin(state, &c, CODEC_SAMPLES * SAMPLE);
	for (int i = 0; i < 6; i++) {
		struct fake slow = fake(near[i], FIRST_VALUES);
		assert_int_equal(challenge(&c, &slow), near[i]);
		assert_int_equal(slow.seen, c.first + c.size);
	}
	contest_end(&c);
}

static void quick_codecs_and_the_first_are_tried_at_once(void **state)
{
	struct fake quick = fake(900, 0), slow = fake(900, FIRST_VALUES);
	struct contest c;

	contest_begin(state, &c, CODEC_SAMPLES * SAMPLE);
	assert_int_equal(challenge(&c, &quick), 900);
	assert_int_equal(quick.seen, c.size);
	assert_int_equal(score_of(c.trial, &slow.codec), 900);
	assert_int_equal(slow.seen, c.size);
	contest_end(&c);
}

/* Where the first values are most of a sample there is nothing to save. */
static void short_samples_are_tried_at_once(void **state)
{
	struct fake slow = fake(900, FIRST_VALUES);
	struct contest c;

	contest_begin(state, &c, FIRST_VALUES * 3);
	assert_in_range(challenge(&c, &slow), 899, 901);
	assert_int_equal(slow.seen, c.size);
	contest_end(&c);
}

static void who_is_not_tried_further_never_ties_with_the_best(void **state)
{
	uint8_t *bytes = noise_of(CODEC_SAMPLES * SAMPLE, 3);
	struct blob_file blob = blob_of(bytes, CODEC_SAMPLES * SAMPLE, DTYPE_BF16);
	struct codec_trial *t = trial_of(state, &blob);
	struct record_basis basis = { .base_count = 1,
		                      .bases = { { .dtype = DTYPE_BF16 } } };
	struct bases bases = base_of(&blob);
	struct codec_score best = { codec_by_id(CODEC_ULP), 77777 };
	struct fake slow = fake(1, FIRST_VALUES);
	struct codec_score score = { &slow.codec, 0 };
	struct err err = ERR_INIT;

	/* Its own base: nothing is stored, and twice nothing is no more. */
	assert_int_equal(codec_trial_predict(t, &basis, &bases, &err), 0);
	assert_int_equal(codec_trial_run(t, &none, &best, &err), 0);
	assert_int_equal(best.permille, 0);
	assert_int_equal(codec_trial_run(t, &best, &score, &err), 0);
	assert_int_equal(score.permille, 1);
	assert_int_equal(slow.seen, CODEC_SAMPLES * FIRST_VALUES * 2);
	bases_close(&bases);
	codec_trial_end(t);
	blob_close(&blob);
	free(bytes);
}

/* ---------------------------------------------------------------- predictions */

static void deltas_are_tried_against_the_latest_prediction(void **state)
{
	enum { VALUES = 5 * CODEC_SAMPLE_VALUES };
	static const struct {
		uint64_t seed;
		float step;
		unsigned least, most;
	} cases[] = { { 5, 0, 0, 0 }, { 6, 0, 700, 1000 }, { 5, 1e-5f, 1, 300 } };
	uint8_t *bytes = weights_of(VALUES, 5, 0);
	struct blob_file blob = blob_of(bytes, 2 * VALUES, DTYPE_BF16);
	struct codec_trial *t = trial_of(state, &blob);
	struct record_basis basis = { .base_count = 1,
		                      .bases = { { .dtype = DTYPE_BF16 } } };
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		uint8_t *other = weights_of(VALUES, cases[i].seed, cases[i].step);
		struct blob_file base = blob_of(other, 2 * VALUES, DTYPE_BF16);
		struct bases bases = base_of(&base);
		assert_int_equal(codec_trial_predict(t, &basis, &bases, &err), 0);
		assert_in_range(score_of(t, codec_by_id(CODEC_ULP)), cases[i].least,
		                cases[i].most);
		bases_close(&bases);
		blob_close(&base);
		free(other);
	}
	codec_trial_end(t);
	blob_close(&blob);
	free(bytes);
}

static void a_basis_that_the_blob_cannot_have_is_refused(void **state)
{
	uint8_t *bytes = noise_of(5000, 1);
	struct blob_file blob = blob_of(bytes, 5000, DTYPE_BF16);
	struct codec_trial *t = trial_of(state, &blob);
	struct record_basis basis = { .base_count = 1,
		                      .bases = { { .dtype = DTYPE_I32 } } };
	struct bases bases = base_of(&blob);
	struct err err = ERR_INIT;

	assert_int_equal(codec_trial_predict(t, &basis, &bases, &err), ERR_INPUT);
	bases_close(&bases);
	codec_trial_end(t);
	blob_close(&blob);
	free(bytes);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_score_is_what_a_small_blob_takes_in_thousandths_rounded_up),
		IN_WORLD(samples_are_spread_evenly_from_end_to_end),
		IN_WORLD(an_empty_blob_takes_nothing),
		IN_WORLD(a_blob_that_ends_early_is_an_error),
		IN_WORLD(a_slow_codec_far_behind_at_first_is_not_tried_further),
		IN_WORLD(a_slow_codec_near_the_best_is_tried_on_all),
		IN_WORLD(quick_codecs_and_the_first_are_tried_at_once),
		IN_WORLD(short_samples_are_tried_at_once),
		IN_WORLD(who_is_not_tried_further_never_ties_with_the_best),
		IN_WORLD(deltas_are_tried_against_the_latest_prediction),
		IN_WORLD(a_basis_that_the_blob_cannot_have_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
