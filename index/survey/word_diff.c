#include "index/survey/word_diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/frame.h"
#include "codec/low_rank.h"
#include "codec/record.h"
#include "index/base/low_rank_trial.h"
#include "index/blob/bases.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_source.h"
#include "index/blob/transfer.h"
#include "index/survey/model_side.h"
#include "index/work/scratch_shelf.h"

enum { SPAN_FACTOR = 2 /* no cast reads more than twice our bytes */ };

/* What one frame comes to. */
struct frame_diff {
	uint64_t words_changed, bits_changed;
	uint64_t stored;
	struct frame_scratch *scratch;
};

struct word_diff {
	const struct transfer *transfer;
	size_t frames; /* in a window */
	uint8_t *raw, *predicted, *span, *coded;
	struct frame_diff *results; /* one for each frame of a window */

	/* The pair under way. */
	const struct codec *codec; /* NULL: no delta */
	struct low_rank
		*product; /* added to what the old tensor predicts; owned; or NULL */
	enum dtype dtype;
	size_t frame_size; /* bytes of a whole frame */
	size_t size;       /* bytes in the window */
	size_t compared;   /* of them, those that the old tensor has too */
};

double word_count_distance(const struct word_count *count)
{
	return count->words ? (double)count->bits / (double)count->words : 0;
}

int word_diff_new(const struct transfer *t, struct word_diff **out, struct err *err)
{
	struct word_diff *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a comparison");
	w->transfer = t;
	w->frames = pool_width(t->pool);
	size_t window = w->frames * (size_t)FRAME_MAX;
	w->raw = malloc(window);
	w->predicted = malloc(window);
	w->span = malloc(SPAN_FACTOR * window);
	w->coded = malloc(window);
	w->results = calloc(w->frames, sizeof(*w->results));
	if (!w->raw || !w->predicted || !w->span || !w->coded || !w->results) {
		word_diff_free(w);
		return err_nomem(err, "a comparison");
	}
	for (size_t i = 0; i < w->frames; i++) {
		int rc = scratch_shelf_take(t->shelf, &w->results[i].scratch, err);
		if (rc) {
			word_diff_free(w);
			return rc;
		}
	}
	*out = w;
	return 0;
}

void word_diff_free(struct word_diff *w)
{
	if (!w)
		return;
	for (size_t i = 0; w->results && i < w->frames; i++)
		if (w->results[i].scratch)
			scratch_shelf_put_back(w->transfer->shelf, w->results[i].scratch);
	free(w->results);
	free(w->raw);
	free(w->predicted);
	free(w->span);
	free(w->coded);
	free(w);
}

/* ---------------------------------------------------------------- one frame */

/* Counts what differs in `n` bytes of words of `unit` bytes, which the compiler knows.
 * Bits are counted: the order of bytes does not matter. */
static inline __attribute__((always_inline)) void count_units(const uint8_t *a,
                                                              const uint8_t *b, size_t n,
                                                              size_t unit,
                                                              struct frame_diff *out)
{
	for (size_t i = 0; i + unit <= n; i += unit) {
		uint64_t x = 0, y = 0;
		memcpy(&x, a + i, unit);
		memcpy(&y, b + i, unit);
		out->words_changed += x != y;
		out->bits_changed += (uint64_t)__builtin_popcountll(x ^ y);
	}
}

static void count_words(const uint8_t *a, const uint8_t *b, size_t n, unsigned unit,
                        struct frame_diff *out)
{
	switch (unit) {
	case 2:
		count_units(a, b, n, 2, out);
		break;
	case 4:
		count_units(a, b, n, 4, out);
		break;
	case 8:
		count_units(a, b, n, 8, out);
		break;
	default:
		count_units(a, b, n, 1, out);
		break;
	}
}

static int diff_frame(void *ctx, size_t i, struct err *err)
{
	struct word_diff *w = ctx;
	struct frame_diff *r = &w->results[i];
	size_t at = i * w->frame_size;
	size_t n = w->size - at < w->frame_size ? w->size - at : w->frame_size;
	size_t both = w->compared > at ? w->compared - at : 0;
	struct frame_out coded = { FRAME_RAW, 0, { { 0 } } };

	r->words_changed = r->bits_changed = r->stored = 0;
	count_words(w->raw + at, w->predicted + at, both < n ? both : n,
	            dtype_unit(w->dtype), r);
	if (!w->codec)
		return 0;
	const struct frame_job job = { .codec = w->codec,
		                       .dtype = w->dtype,
		                       .base = w->predicted + at,
		                       .size = n,
		                       .scratch = r->scratch,
		                       .low_rank = w->product };
	int rc = frame_encode(&job, w->raw + at, w->coded + at, &coded, err);
	r->stored = coded.stored + RECORD_ENTRY_SIZE;
	return rc;
}

/* ---------------------------------------------------------------- one pair */

/* The bytes of the two tensors. */
struct both {
	struct blob_source *old, *new;
};

/* The old values for the window at `offset` of the new tensor, cast where needed. */
static int read_old(struct word_diff *w, const struct word_pair *pair,
                    struct blob_source *old, uint64_t offset, struct err *err)
{
	enum dtype from = pair->old->dtype, to = pair->new->dtype;
	unsigned unit = dtype_unit(to), old_unit = dtype_unit(from);

	if (from == to)
		return blob_source_read(old, offset, w->size, w->predicted, err);
	size_t count = w->size / unit;
	int rc = blob_source_read(old, offset / unit * old_unit, count * old_unit,
	                          w->span, err);
	if (!rc)
		cast_values(from, to, w->span, count, w->predicted);
	return rc;
}

static int diff_window(struct word_diff *w, struct word_count *out, struct err *err)
{
	size_t frames = (w->size + w->frame_size - 1) / w->frame_size;

	int rc = pool_try(w->transfer->pool, frames, diff_frame, w, err);

	for (size_t i = 0; i < frames && !rc; i++) {
		const struct frame_diff *r = &w->results[i];
		out->changed += r->words_changed;
		out->bits += r->bits_changed;
		out->delta += r->stored;
	}
	return rc;
}

static int diff_windows(struct word_diff *w, const struct word_pair *pair,
                        const struct both *bytes, struct word_count *out, struct err *err)
{
	uint64_t both = pair->old->size / dtype_unit(pair->old->dtype) *
	                dtype_unit(w->dtype);
	uint64_t size = pair->new->size;
	int rc = 0;

	if (pair->limit && pair->limit < size)
		size = pair->limit;

	for (uint64_t at = 0; !rc && at < size; at += w->size) {
		uint64_t left = size - at, shared = both > at ? both - at : 0;
		size_t window = w->frames * w->frame_size;
		w->size = left < window ? (size_t)left : window;
		w->compared = shared < w->size ? (size_t)shared : w->size;
		rc = blob_source_read(bytes->new, at, w->size, w->raw, err);
		if (!rc)
			rc = read_old(w, pair, bytes->old, at, err);
		if (!rc)
			rc = diff_window(w, out, err);
	}
	out->words = (both < size ? both : size) / dtype_unit(w->dtype);
	if (w->codec)
		out->delta += RECORD_FIXED_SIZE;
	return rc;
}

/* ---------------------------------------------------------------- products */

/* Whether a push would look for a low-rank product: where the old tensor predicts all of
 * the new one, in another shape of its first dimension at the most, and the delta is
 * dear. */
static bool may_have_product(const struct word_diff *w, const struct word_pair *pair,
                             const struct word_count *count)
{
	uint64_t least = w->codec ? w->codec->policy.low_rank_permille : 0;

	return least && !pair->limit &&
	       count->words == pair->new->size / dtype_unit(w->dtype) &&
	       count->delta >= pair->new->size / 1000 * least;
}

/* The delta with a product, where one pays on samples, as in base_choice.c. */
static int diff_with_product(struct word_diff *w, const struct word_pair *pair,
                             const struct both *bytes, struct word_count *out,
                             struct err *err)
{
	const struct extent *x = pair->new;
	const struct record_basis basis = {
		.base_count = 1,
		.bases = { { .id = pair->old->id, .dtype = pair->old->dtype } },
	};
	const struct bases bases = { 1, { bytes->old } };
	const struct blob_file blob = { .id = x->id,
		                        .sum = x->sum,
		                        .dtype = w->dtype,
		                        .size = x->size,
		                        .source = bytes->new };
	const struct low_rank_task task = { w->transfer, x,      &blob,
		                            w->codec,    &basis, &bases };
	struct word_count with = { .words = 0 };
	unsigned permille;
	int rc = low_rank_trial(&task, &w->product, &permille, err);

	if (rc || !w->product)
		return rc;
	w->frame_size = low_rank_frame_bytes(w->product, w->dtype, w->frame_size);
	rc = w->frame_size ? diff_windows(w, pair, bytes, &with, err) : 0;
	with.delta += low_rank_size(w->product);
	if (!rc && w->frame_size && with.delta < out->delta)
		out->delta = with.delta;
	low_rank_free(w->product);
	w->product = NULL;
	return rc;
}

int word_diff_run(struct word_diff *w, const struct word_pair *pair,
                  struct word_count *out, struct err *err)
{
	struct both bytes = { NULL, NULL };

	w->dtype = pair->new->dtype;
	w->codec = codec_for_delta(w->dtype);
	w->frame_size = (size_t)FRAME_VALUES * dtype_unit(w->dtype);
	int rc = side_part_open(pair->old_part, pair->old_side->transfer, pair->old,
	                        &bytes.old, err);
	if (!rc)
		rc = side_part_open(pair->new_part, pair->new_side->transfer, pair->new,
		                    &bytes.new, err);
	if (!rc)
		rc = diff_windows(w, pair, &bytes, out, err);
	if (!rc && may_have_product(w, pair, out))
		rc = diff_with_product(w, pair, &bytes, out, err);
	blob_source_close(bytes.old);
	blob_source_close(bytes.new);
	return rc;
}
