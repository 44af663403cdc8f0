#include "index/base/codec_trial.h"

#include <stdbool.h>
#include <stdlib.h>

#include "codec/codec.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/record.h"
#include "index/blob/blob_file.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/predictor.h"
#include "index/blob/transfer.h"
#include "index/work/scratch_shelf.h"

struct codec_trial {
	const struct transfer *transfer;
	const struct blob_file *blob;
	size_t piece; /* bytes of one piece */
	size_t pieces;
	uint8_t *raw, *predicted, *coded;
	struct parts parts; /* of the latest prediction */
	struct frame_scratch *scratch;
};

/* Where piece `i` begins in the blob: at a value. */
static uint64_t piece_offset(const struct codec_trial *t, size_t i)
{
	unsigned unit = dtype_unit(t->blob->dtype);
	uint64_t room = (t->blob->size - t->piece) / unit;

	return t->pieces > 1 ? room * i / (t->pieces - 1) * unit : 0;
}

static void choose_pieces(struct codec_trial *t)
{
	size_t piece = (size_t)CODEC_SAMPLE_VALUES * dtype_unit(t->blob->dtype);
	uint64_t size = t->blob->size;

	unsigned samples = effort_or_normal(t->transfer->effort)->samples;

	while (samples > 1 && size < samples * (uint64_t)piece)
		samples = samples > CODEC_SAMPLES ? samples / 2 : 1;
	t->pieces = samples;
	t->piece = size < piece ? (size_t)size : piece;
}

static int read_pieces(struct codec_trial *t, struct err *err)
{
	for (size_t i = 0; i < t->pieces; i++) {
		int rc = blob_file_read(t->blob, piece_offset(t, i),
		                        t->raw + i * t->piece, t->piece, err);
		if (rc)
			return rc;
	}
	return 0;
}

int codec_trial_begin(const struct transfer *transfer, const struct blob_file *blob,
                      struct codec_trial **out, struct err *err)
{
	struct codec_trial *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_nomem(err, "samples");
	t->transfer = transfer;
	t->blob = blob;
	choose_pieces(t);
	t->raw = malloc(t->pieces * t->piece);
	t->predicted = malloc(t->pieces * t->piece);
	t->coded = malloc(t->piece);
	if (!t->raw || !t->predicted || !t->coded)
		rc = err_nomem(err, "samples");
	else
		rc = scratch_shelf_take(transfer->shelf, &t->scratch, err);
	if (!rc)
		rc = read_pieces(t, err);
	if (rc) {
		codec_trial_end(t);
		return rc;
	}
	*out = t;
	return 0;
}

void codec_trial_end(struct codec_trial *t)
{
	if (!t)
		return;
	if (t->scratch)
		scratch_shelf_put_back(t->transfer->shelf, t->scratch);
	free(t->raw);
	free(t->predicted);
	free(t->coded);
	free(t);
}

int codec_trial_predict(struct codec_trial *t, const struct record_basis *basis,
                        const struct bases *bases, struct err *err)
{
	enum dtype dtype = t->blob->dtype;
	struct predictor_source source = {
		.bases = bases,
		.read = blob_source_read,
		.block = frame_size(basis->bases[0].dtype),
	};
	struct predictor *predictor;

	if (record_basis_fault(basis, dtype, t->blob->size))
		return err_set(err, ERR_INPUT, "no basis of this blob");
	int rc = predictor_new(basis, dtype, &source, &predictor, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < t->pieces && !rc; i++)
		rc = predictor_read(predictor, piece_offset(t, i), t->piece,
		                    t->predicted + i * t->piece, err);
	predictor_free(predictor);
	t->parts = basis->parts;
	return rc;
}

unsigned codec_trial_distance(const struct codec_trial *t)
{
	size_t size = t->pieces * t->piece, values = size / dtype_unit(t->blob->dtype);
	uint64_t bits = 0;

	for (size_t i = 0; i < size; i++)
		bits += (unsigned)__builtin_popcount(t->raw[i] ^ t->predicted[i]);
	return values ? (unsigned)((bits * 100 + values / 2) / values) : 0;
}

/* Rounded up. */
static unsigned permille_of(size_t part, size_t whole)
{
	return whole ? (unsigned)((part * 1000 + whole - 1) / whole) : 0;
}

/* Codes the first `size` bytes of each piece; *coded is what all of them take. */
static int code_pieces(struct codec_trial *t, const struct codec *codec, size_t size,
                       size_t *coded, struct err *err)
{
	struct frame_job job = {
		.codec = codec,
		.dtype = t->blob->dtype,
		.parts = codec->needs_base ? &t->parts : NULL,
		.size = size,
		.scratch = t->scratch,
		.zstd_level = effort_or_normal(t->transfer->effort)->zstd_level,
	};

	*coded = 0;
	for (size_t i = 0; i < t->pieces; i++) {
		struct frame_out out = { FRAME_RAW, 0, { { 0 } } };
		size_t at = i * t->piece;
		job.start = piece_offset(t, i) / dtype_unit(job.dtype);
		job.base = codec->needs_base ? t->predicted + at : NULL;
		int rc = frame_encode(&job, t->raw + at, t->coded, &out, err);
		if (rc)
			return rc;
		*coded += out.stored;
	}
	return 0;
}

static int try_all(struct codec_trial *t, struct codec_score *score, struct err *err)
{
	size_t coded;
	int rc = code_pieces(t, score->codec, t->piece, &coded, err);

	if (!rc)
		score->permille = permille_of(coded, t->pieces * t->piece);
	return rc;
}

/* Codes the first values by both codecs. *lost is whether the challenger made more of
 * them: its score is then estimated from that. */
static int try_first(struct codec_trial *t, const struct codec_score *best,
                     struct codec_score *score, bool *lost, struct err *err)
{
	const struct codec_policy *policy = &score->codec->policy;
	size_t first = (size_t)policy->first_values * dtype_unit(t->blob->dtype);
	size_t mine, bests;
	int rc = code_pieces(t, best->codec, first, &bests, err);

	if (!rc)
		rc = code_pieces(t, score->codec, first, &mine, err);
	if (rc)
		return rc;
	*lost = mine > bests * policy->behind_percent / 100;
	if (!*lost)
		return 0;
	size_t parts = bests ? mine * 1000 / bests : 1000 * 1000;
	size_t most = permille_of(t->piece, t->piece);
	size_t guess = (best->permille * parts + 999) / 1000;
	score->permille = (unsigned)(guess < most ? guess : most);
	if (score->permille <= best->permille) /* of next to nothing */
		score->permille = best->permille + 1;
	return 0;
}

int codec_trial_run(struct codec_trial *t, const struct codec_score *best,
                    struct codec_score *score, struct err *err)
{
	size_t first = (size_t)score->codec->policy.first_values *
	               dtype_unit(t->blob->dtype);
	const struct effort *effort = effort_or_normal(t->transfer->effort);
	bool lost = false;
	int rc = 0;

	/* Where the first values are most of a sample, to code all of it takes hardly
	 * longer. */
	if (first && first <= t->piece / 2 && best->codec &&
	    effort->slow != EFFORT_SLOW_ALWAYS)
		rc = try_first(t, best, score, &lost, err);
	return rc || lost ? rc : try_all(t, score, err);
}
