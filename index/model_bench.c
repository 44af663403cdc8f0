/*
 * Tensor by tensor, batch by batch, codec by codec:
 *
 *     file --> raw  [frame|frame|...]  --encode--> coded [frame |frame |...]
 *     base --> base [frame|frame|...]              --decode--> back
 *
 * Time is the thread's own (CLOCK_THREAD_CPUTIME_ID): nothing waits in there, and
 * others who use the machine do not count. Several threads have every so-many-th
 * frame each, and the longest time of one is that of all.
 */
#include "index/model_bench.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/cast.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/prediction.h"
#include "codec/record.h"
#include "index/file_range.h"
#include "index/local_model.h"
#include "index/relatives.h"

enum {
	BATCH_MAX = 32 * 1024 * 1024, /* bytes */
	SPAN_FACTOR = 2               /* no cast reads more than twice our bytes */
};

/* A thread's share of a pass over a batch. */
struct slice {
	struct frame_scratch *scratch;
	double seconds;
	uint64_t seen; /* bytes of the frames that it treated */
	struct err err;
};

struct bench {
	const struct local_model *model, *base;
	const struct extent **by_name; /* the base's tensors, sorted; owned */
	size_t named;
	struct pool *pool;
	struct slice *slices; /* one for each thread */
	unsigned threads, rounds;
	const struct codec *only;                /* or NULL: every codec */
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

/* What is done to each frame of a batch, `i` of them being before it and `n` its bytes;
 * adds those that it treats to s->seen. */
struct pass {
	struct bench *bench;
	const struct codec *codec;
	const struct batch *batch;
	int (*frame)(const struct pass *p, struct slice *s, size_t i, size_t n);
};

static const uint8_t *base_at(const struct pass *p, size_t at)
{
	return p->codec->needs_base ? p->bench->predicted + at : NULL;
}

static int encode_frame(const struct pass *p, struct slice *s, size_t i, size_t n)
{
	struct bench *b = p->bench;
	size_t at = i * frame_size(p->batch->dtype);

	s->seen += n;
	return frame_encode(p->codec, p->batch->dtype, b->raw + at, base_at(p, at), n,
	                    b->coded + at, s->scratch, &b->frames[i], &s->err);
}

static int decode_frame(const struct pass *p, struct slice *s, size_t i, size_t n)
{
	struct bench *b = p->bench;
	size_t at = i * frame_size(p->batch->dtype);

	s->seen += n;
	return frame_decode(p->codec, p->batch->dtype, &b->frames[i], b->coded + at,
	                    base_at(p, at), b->back + at, n, s->scratch, &s->err);
}

/* Codes again without proof, what it makes being known already. */
static int encode_alone(const struct pass *p, struct slice *s, size_t i, size_t n)
{
	struct bench *b = p->bench;
	size_t at = i * frame_size(p->batch->dtype);
	enum frame_mode mode = b->frames[i].mode;

	if (p->codec->id == CODEC_RAW) /* it has nothing to do */
		return 0;
	if (mode == FRAME_SAME || mode == FRAME_FILL)
		return 0;
	p->codec->encode(b->raw + at, base_at(p, at), n, p->batch->dtype, b->back + at,
	                 n - 1, s->scratch);
	s->seen += n;
	return 0;
}

static void run_slice(void *ctx, size_t k)
{
	const struct pass *p = ctx;
	struct slice *s = &p->bench->slices[k];
	size_t whole = frame_size(p->batch->dtype), size = p->batch->size;
	double start = now();

	for (size_t i = k; i * whole < size && !s->err.code; i += p->bench->threads)
		p->frame(p, s, i, frame_at(p->batch, i * whole));
	s->seconds = now() - start;
}

/* Returns the seconds that it took, or a negative number. */
static double run_pass(struct pass *p, uint64_t *seen, struct err *err)
{
	struct bench *b = p->bench;
	double longest = 0;

	for (unsigned k = 0; k < b->threads; k++) {
		b->slices[k].seen = 0;
		b->slices[k].err = (struct err)ERR_INIT;
	}
	pool_run(b->pool, b->threads, run_slice, p);
	*seen = 0;
	for (unsigned k = 0; k < b->threads; k++) {
		const struct slice *s = &b->slices[k];
		*seen += s->seen;
		longest = s->seconds > longest ? s->seconds : longest;
		if (s->err.code) {
			*err = s->err;
			return -1;
		}
	}
	return longest;
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
	struct pass encode = { b, codec, batch, encode_frame };
	struct pass again = { b, codec, batch, encode_alone };
	struct pass decode = { b, codec, batch, decode_frame };
	double best[3] = { -1, -1, -1 };
	uint64_t all, seen = 0;

	for (unsigned run = 0; run < b->rounds; run++) {
		double encoded = run_pass(&encode, &all, err);
		double repeated = encoded < 0 ? -1 : run_pass(&again, &seen, err);
		double decoded = encoded < 0 ? -1 : run_pass(&decode, &all, err);
		if (encoded < 0 || decoded < 0)
			return err->code;
		keep_least(&best[0], encoded);
		keep_least(&best[1], repeated);
		keep_least(&best[2], decoded);
	}
	sum->raw += batch->size;
	sum->stored += stored_bytes(b, batch);
	sum->encode += best[0];
	sum->decode += best[2];
	sum->alone += seen ? best[1] : 0;
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
		if (!codec || (b->only && codec != b->only) ||
		    !codec->takes(batch->dtype) ||
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
	b->slices = calloc(b->threads, sizeof(*b->slices));
	if (!b->slices)
		return err_nomem(err, "measuring");
	int rc = pool_new(b->threads, &b->pool, err);
	for (unsigned k = 0; k < b->threads && !rc; k++)
		rc = frame_scratch_new(&b->slices[k].scratch, err);
	return rc ? rc : sort_base(b, err);
}

static void bench_wipe(struct bench *b)
{
	for (unsigned k = 0; k < b->threads && b->slices; k++)
		frame_scratch_free(b->slices[k].scratch);
	free(b->slices);
	pool_free(b->pool);
	free(b->by_name);
	free(b->raw);
	free(b->predicted);
	free(b->span);
	free(b->coded);
	free(b->back);
	free(b->frames);
}

int model_bench_run(const struct bench_task *task, struct model_bench *out,
                    struct err *err)
{
	struct bench b = { .model = task->model,
		           .base = task->base,
		           .threads = task->threads,
		           .rounds = task->rounds,
		           .only = task->only };
	int rc = bench_init(&b, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = measure_all(&b, out, err);
	bench_wipe(&b);
	return rc;
}
