/*
 * Tensor by tensor, batch by batch, codec by codec:
 *
 *     file --> raw  [frame|frame|...]  --encode--> coded [frame |frame |...]
 *     base --> base [frame|frame|...]              --decode--> back
 *
 * Time is the thread's own (CLOCK_THREAD_CPUTIME_ID): nothing waits in there, and
 * others who use the machine do not count.
 */
#include "index/model_bench.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/cast.h"
#include "codec/common/err.h"
#include "codec/prediction.h"
#include "codec/record.h"
#include "index/file_range.h"
#include "index/local_model.h"
#include "index/relatives.h"

enum {
	RUNS = 3,
	BATCH_MAX = 32 * 1024 * 1024, /* bytes */
	SPAN_FACTOR = 2               /* no cast reads more than twice our bytes */
};

struct bench {
	const struct local_model *model, *base;
	const struct extent **by_name; /* the base's tensors, sorted; owned */
	size_t named;
	struct frame_scratch *scratch;
	uint8_t *raw, *predicted, *coded, *back; /* BATCH_MAX each */
	uint8_t *span;                           /* of the base, before it is cast */
	struct frame_out *frames;                /* of the batch */
};

/* The frames in memory. */
struct batch {
	enum dtype dtype;
	size_t size;
	bool has_base;
};

/* ---------------------------------------------------------------- likes */

static int by_name(const void *a, const void *b)
{
	const struct extent *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int sort_base(struct bench *b, struct err *err)
{
	if (!b->base)
		return 0;
	const struct extents *x = &b->base->extents;
	b->by_name = malloc((x->count ? x->count : 1) * sizeof(const struct extent *));
	if (!b->by_name)
		return err_nomem(err, "a list of tensors");
	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].name)
			b->by_name[b->named++] = &x->list[i];
	qsort(b->by_name, b->named, sizeof(const struct extent *), by_name);
	return 0;
}

static const struct extent *find_like(const struct bench *b, const struct extent *x)
{
	const struct extent *const *found = NULL;

	if (b->named)
		found = bsearch(&x, b->by_name, b->named, sizeof(x), by_name);
	return found && relatives_alike(x, *found) ? *found : NULL;
}

/* ---------------------------------------------------------------- one batch */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void keep_least(double *best, double seconds)
{
	if (*best < 0 || seconds < *best)
		*best = seconds;
}

static size_t frame_at(const struct batch *batch, size_t at)
{
	size_t whole = frame_size(batch->dtype);

	return batch->size - at < whole ? batch->size - at : whole;
}

static int encode_batch(struct bench *b, const struct codec *codec,
                        const struct batch *batch, struct err *err)
{
	size_t n;

	for (size_t at = 0, i = 0; at < batch->size; at += n, i++) {
		n = frame_at(batch, at);
		int rc = frame_encode(codec, batch->dtype, b->raw + at,
		                      codec->needs_base ? b->predicted + at : NULL, n,
		                      b->coded + at, b->scratch, &b->frames[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

static int decode_batch(struct bench *b, const struct codec *codec,
                        const struct batch *batch, struct err *err)
{
	size_t n;

	for (size_t at = 0, i = 0; at < batch->size; at += n, i++) {
		n = frame_at(batch, at);
		int rc = frame_decode(codec, batch->dtype, &b->frames[i], b->coded + at,
		                      codec->needs_base ? b->predicted + at : NULL,
		                      b->back + at, n, b->scratch, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Codes again without proof, what it makes being known already; returns the bytes it
 * was given. */
static uint64_t encode_alone(struct bench *b, const struct codec *codec,
                             const struct batch *batch)
{
	uint64_t seen = 0;
	size_t n;

	if (codec->id == CODEC_RAW)
		return 0; /* it has nothing to do */
	for (size_t at = 0, i = 0; at < batch->size; at += n, i++) {
		n = frame_at(batch, at);
		if (b->frames[i].mode == FRAME_SAME || b->frames[i].mode == FRAME_FILL)
			continue;
		codec->encode(b->raw + at, codec->needs_base ? b->predicted + at : NULL,
		              n, batch->dtype, b->back + at, n - 1, b->scratch);
		seen += n;
	}
	return seen;
}

static uint64_t stored_bytes(const struct bench *b, const struct batch *batch)
{
	uint64_t stored = 0;

	for (size_t at = 0, i = 0; at < batch->size; at += frame_at(batch, at), i++)
		stored += b->frames[i].stored + RECORD_ENTRY_SIZE;
	return stored;
}

static int measure_batch(struct bench *b, const struct codec *codec,
                         const struct batch *batch, struct bench_sum *sum,
                         struct err *err)
{
	double encode = -1, alone = -1, decode = -1;
	uint64_t seen = 0;

	for (int run = 0; run < RUNS; run++) {
		double start = now();
		int rc = encode_batch(b, codec, batch, err);
		double encoded = now();
		seen = encode_alone(b, codec, batch);
		double repeated = now();
		if (!rc)
			rc = decode_batch(b, codec, batch, err);
		double decoded = now();
		if (rc)
			return rc;
		keep_least(&encode, encoded - start);
		keep_least(&alone, repeated - encoded);
		keep_least(&decode, decoded - repeated);
	}
	sum->raw += batch->size;
	sum->stored += stored_bytes(b, batch);
	sum->encode += encode;
	sum->decode += decode;
	sum->alone += seen ? alone : 0;
	sum->alone_raw += seen;
	return 0;
}

/* ---------------------------------------------------------------- one tensor */

/* Reads what of the like there is of a span, zeros where it has ended. */
static int read_span(struct bench *b, const struct extent *like,
                     struct prediction_span span, uint8_t *out, struct err *err)
{
	size_t have = 0;

	if (span.start < like->size)
		have = like->size - span.start < span.size
		               ? (size_t)(like->size - span.start)
		               : span.size;
	memset(out + have, 0, span.size - have);
	int rc = file_range_read(b->base->fd, like->offset + span.start, out, have, err);
	return rc ? err_context(err, "%s", b->base->path) : 0;
}

static int predict_batch(struct bench *b, const struct extent *x,
                         const struct extent *like, uint64_t at, size_t n,
                         struct err *err)
{
	struct record_base base = { .dtype = like->dtype };
	struct prediction_span span = prediction_span(&base, x->dtype, at, n);
	bool plain = prediction_is_plain(&base, x->dtype);
	int rc = read_span(b, like, span, plain ? b->predicted : b->span, err);

	if (!rc && !plain)
		prediction_cast(&base, x->dtype, b->span, b->predicted, n);
	return rc;
}

static int load_batch(struct bench *b, const struct extent *x, const struct extent *like,
                      uint64_t at, size_t n, struct err *err)
{
	int rc = file_range_read(b->model->fd, x->offset + at, b->raw, n, err);

	if (rc)
		return err_context(err, "%s", b->model->path);
	return like ? predict_batch(b, x, like, at, n, err) : 0;
}

static int measure_codecs(struct bench *b, const struct batch *batch,
                          struct bench_sum sums[BENCH_SLOTS], struct err *err)
{
	for (unsigned id = 0; id < BENCH_CODECS; id++) {
		const struct codec *codec = codec_by_id(id);
		if (!codec || !codec->takes(batch->dtype) ||
		    (codec->needs_base && !batch->has_base))
			continue;
		int rc = measure_batch(b, codec, batch, &sums[id], err);
		if (rc)
			return err_context(err, "codec %s", codec->name);
		sums[id].tensors = 1;
	}
	return 0;
}

static int measure_tensor(struct bench *b, const struct extent *x,
                          struct bench_sum sums[BENCH_SLOTS], struct err *err)
{
	const struct extent *like = find_like(b, x);
	size_t whole = frame_size(x->dtype), room = BATCH_MAX / whole * whole;
	int rc = 0;

	for (uint64_t at = 0; at < x->size && !rc; at += room) {
		size_t n = x->size - at < room ? (size_t)(x->size - at) : room;
		struct batch batch = { x->dtype, n, like != NULL };
		rc = load_batch(b, x, like, at, n, err);
		if (!rc)
			rc = measure_codecs(b, &batch, sums, err);
	}
	for (unsigned i = 0; i < BENCH_CODECS; i++)
		if (sums[i].tensors && (!sums[BENCH_BEST].tensors ||
		                        sums[i].stored < sums[BENCH_BEST].stored))
			sums[BENCH_BEST] = sums[i];
	return rc && *x->name ? err_context(err, "tensor '%s'", x->name) : rc;
}

/* ---------------------------------------------------------------- the model */

static void add_sum(struct bench_sum *to, const struct bench_sum *one)
{
	to->tensors += one->tensors;
	to->raw += one->raw;
	to->stored += one->stored;
	to->encode += one->encode;
	to->decode += one->decode;
	to->alone += one->alone;
	to->alone_raw += one->alone_raw;
}

static int measure_all(struct bench *b, struct model_bench *out, struct err *err)
{
	const struct extents *x = &b->model->extents;

	for (size_t i = 0; i < x->count; i++) {
		struct bench_sum sums[BENCH_SLOTS] = { 0 };
		const struct extent *one = &x->list[i];
		if (one->kind != EXTENT_TENSOR || !one->size)
			continue;
		int rc = measure_tensor(b, one, sums, err);
		if (rc)
			return rc;
		for (unsigned k = 0; k < BENCH_SLOTS; k++) {
			add_sum(&out->sums[one->dtype][k], &sums[k]);
			add_sum(&out->sums[DTYPE_COUNT][k], &sums[k]);
		}
	}
	return 0;
}

static int bench_init(struct bench *b, struct err *err)
{
	b->raw = malloc(BATCH_MAX);
	b->predicted = malloc(BATCH_MAX);
	b->coded = malloc(BATCH_MAX);
	b->back = malloc(BATCH_MAX);
	b->span = malloc((size_t)SPAN_FACTOR * BATCH_MAX);
	b->frames = calloc(BATCH_MAX / FRAME_VALUES, sizeof(*b->frames));
	if (!b->raw || !b->predicted || !b->coded || !b->back || !b->span || !b->frames)
		return err_nomem(err, "measuring");
	int rc = frame_scratch_new(&b->scratch, err);
	return rc ? rc : sort_base(b, err);
}

static void bench_wipe(struct bench *b)
{
	frame_scratch_free(b->scratch);
	free(b->by_name);
	free(b->raw);
	free(b->predicted);
	free(b->span);
	free(b->coded);
	free(b->back);
	free(b->frames);
}

int model_bench_run(const struct local_model *model, const struct local_model *base,
                    struct model_bench *out, struct err *err)
{
	struct bench b = { .model = model, .base = base };
	int rc = bench_init(&b, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = measure_all(&b, out, err);
	bench_wipe(&b);
	return rc;
}
