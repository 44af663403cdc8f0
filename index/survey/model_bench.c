/*
 * Batch by batch, codec by codec; a batch has frames of several tensors of one dtype:
 *
 *     file --> raw  [frame|frame|...]  --encode--> coded [frame |frame |...]
 *     base --> base [frame|frame|...]              --decode--> back
 *
 * Time is the thread's own (CLOCK_THREAD_CPUTIME_ID): nothing waits in there, and
 * others who use the machine do not count. Of several threads each has frames of its
 * own, about as many bytes as the others, and the longest time of one is that of all.
 */
#include "index/survey/model_bench.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/record.h"
#include "index/blob/predictor.h"
#include "index/survey/bench_likes.h"
#include "index/survey/local_model.h"
#include "index/work/file_range.h"

enum {
	BATCH_BYTES = 4 * 1024 * 1024, /* of a batch for each thread */
	BATCH_FRAMES = 1024,           /* of a batch at the most */
	ALIGNMENT = 64                 /* bytes, of frames in memory */
};

/* What is done to the frames of a batch, in this order. */
enum pass_kind { PASS_ENCODE, PASS_ALONE, PASS_DECODE, PASSES };

/* A frame in memory. */
struct bench_frame {
	size_t at, size; /* bytes, in each of the batch's buffers */
	uint64_t start;  /* where it begins in its tensor, in values */
	size_t tensor;   /* of the batch */
	unsigned slice;  /* the thread that has it */
	struct frame_out out;
	double seconds[PASSES]; /* of the fastest round; negative: not treated */
};

/* A tensor of which frames are in memory. */
struct bench_tensor {
	const struct extent *extent;
	bool like;                          /* something in the base predicts it */
	struct parts parts;                 /* by which it does */
	struct bench_sum sums[BENCH_SLOTS]; /* of its frames until now */
};

/* What one thread has. */
struct slice {
	struct frame_scratch *scratch;
	size_t bytes; /* of its frames */
};

struct bench {
	const struct local_model *model;
	struct bench_likes *likes;   /* in the base; owned; NULL: no base */
	struct predictor *predictor; /* of the last tensor; NULL: it has no like */
	struct pool *pool;
	struct slice *slices; /* one for each thread */
	unsigned threads, rounds;
	const struct codec *only; /* or NULL: every codec */
	struct model_bench *out;

	/* The batch. */
	enum dtype dtype;
	size_t used, room;                       /* bytes of each of these: */
	uint8_t *raw, *predicted, *coded, *back; /* owned */
	struct bench_frame *frames;              /* BATCH_FRAMES; owned */
	size_t frame_count;
	struct bench_tensor *tensors; /* BATCH_FRAMES; owned */
	size_t tensor_count;
};

/* ---------------------------------------------------------------- one pass */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What is done to each frame of the batch that the codec can code. */
struct pass {
	struct bench *bench;
	const struct codec *codec;
	enum pass_kind kind;
};

static struct frame_job job_of(const struct pass *p, const struct slice *s,
                               const struct bench_frame *f)
{
	return (struct frame_job){
		.codec = p->codec,
		.dtype = p->bench->dtype,
		.base = p->codec->needs_base ? p->bench->predicted + f->at : NULL,
		.parts = p->codec->needs_base ? &p->bench->tensors[f->tensor].parts
		                              : NULL,
		.start = f->start,
		.size = f->size,
		.scratch = s->scratch,
	};
}

static bool can_code(const struct pass *p, const struct bench_frame *f)
{
	return !p->codec->needs_base || p->bench->tensors[f->tensor].like;
}

static int encode_frame(const struct pass *p, const struct slice *s,
                        struct bench_frame *f, struct err *err)
{
	const struct frame_job job = job_of(p, s, f);

	return frame_encode(&job, p->bench->raw + f->at, p->bench->coded + f->at, &f->out,
	                    err);
}

static int decode_frame(const struct pass *p, const struct slice *s,
                        const struct bench_frame *f, struct err *err)
{
	const struct frame_job job = job_of(p, s, f);

	return frame_decode(&job, &f->out, p->bench->coded + f->at,
	                    p->bench->back + f->at, err);
}

/* Codes again without proof, what it makes being known already. */
static void encode_alone(const struct pass *p, const struct slice *s,
                         const struct bench_frame *f)
{
	const struct frame_job job = job_of(p, s, f);

	p->codec->encode(&job, p->bench->raw + f->at, p->bench->back + f->at,
	                 f->size - 1);
}

/* Whether the codec has something to do on its own. */
static bool codes_alone(const struct pass *p, const struct bench_frame *f)
{
	return p->codec->id != CODEC_RAW && f->out.mode != FRAME_SAME &&
	       f->out.mode != FRAME_FILL;
}

static int treat(const struct pass *p, const struct slice *s, struct bench_frame *f,
                 struct err *err)
{
	double *best = &f->seconds[p->kind], start = now();
	int rc = 0;

	if (p->kind == PASS_ENCODE)
		rc = encode_frame(p, s, f, err);
	else if (p->kind == PASS_DECODE)
		rc = decode_frame(p, s, f, err);
	else if (codes_alone(p, f))
		encode_alone(p, s, f);
	else
		return 0;
	double seconds = now() - start;
	if (*best < 0 || seconds < *best)
		*best = seconds;
	return rc;
}

static int run_slice(void *ctx, size_t k, struct err *err)
{
	const struct pass *p = ctx;
	struct bench *b = p->bench;
	struct slice *s = &b->slices[k];

	for (size_t i = 0; i < b->frame_count; i++) {
		struct bench_frame *f = &b->frames[i];
		if (f->slice != k || !can_code(p, f))
			continue;
		int rc = treat(p, s, f, err);
		if (!rc)
			continue;
		const char *name = b->tensors[f->tensor].extent->name;
		return name && *name ? err_context(err, "tensor '%s'", name) : rc;
	}
	return 0;
}

static int run_pass(struct bench *b, const struct codec *codec, enum pass_kind kind,
                    struct err *err)
{
	struct pass p = { b, codec, kind };

	int rc = pool_try(b->pool, b->threads, run_slice, &p, err);

	return rc ? err_context(err, "codec %s", codec->name) : 0;
}

/* ---------------------------------------------------------------- one batch */

static int largest_first(const void *a, const void *b)
{
	const struct bench_frame *const *x = a, *const *y = b;

	if ((*x)->size != (*y)->size)
		return (*x)->size < (*y)->size ? 1 : -1;
	return *x < *y ? -1 : *x > *y;
}

/* Gives each frame, the largest first, to the thread that has least. */
static int share_out(struct bench *b, struct err *err)
{
	struct bench_frame **order = malloc(BATCH_FRAMES * sizeof(struct bench_frame *));

	if (!order)
		return err_nomem(err, "measuring");
	for (size_t i = 0; i < b->frame_count; i++)
		order[i] = &b->frames[i];
	qsort(order, b->frame_count, sizeof(struct bench_frame *), largest_first);
	for (unsigned k = 0; k < b->threads; k++)
		b->slices[k].bytes = 0;
	for (size_t i = 0; i < b->frame_count; i++) {
		unsigned least = 0;
		for (unsigned k = 1; k < b->threads; k++)
			if (b->slices[k].bytes < b->slices[least].bytes)
				least = k;
		b->slices[least].bytes += order[i]->size;
		order[i]->slice = least;
	}
	free(order);
	return 0;
}

/* The seconds that all threads took together, next to those that the longest took: a
 * frame's seconds times this are its part of the time that went by. */
static double part_of_all(const struct bench *b, enum pass_kind kind)
{
	double all = 0, longest = 0;

	for (unsigned k = 0; k < b->threads; k++) {
		double sum = 0;
		for (size_t i = 0; i < b->frame_count; i++) {
			const struct bench_frame *f = &b->frames[i];
			sum += f->slice == k && f->seconds[kind] > 0 ? f->seconds[kind]
			                                             : 0;
		}
		all += sum;
		longest = sum > longest ? sum : longest;
	}
	return all > 0 ? longest / all : 1;
}

static void add_frames(struct bench *b, enum codec_id id)
{
	double part[PASSES];

	for (int kind = 0; kind < PASSES; kind++)
		part[kind] = part_of_all(b, kind);
	for (size_t i = 0; i < b->frame_count; i++) {
		const struct bench_frame *f = &b->frames[i];
		struct bench_sum *sum = &b->tensors[f->tensor].sums[id];
		if (f->seconds[PASS_ENCODE] < 0)
			continue;
		sum->tensors = 1;
		sum->raw += f->size;
		sum->stored += f->out.stored + RECORD_ENTRY_SIZE;
		sum->encode += f->seconds[PASS_ENCODE] * part[PASS_ENCODE];
		sum->decode += f->seconds[PASS_DECODE] * part[PASS_DECODE];
		if (f->seconds[PASS_ALONE] < 0)
			continue;
		sum->alone += f->seconds[PASS_ALONE] * part[PASS_ALONE];
		sum->alone_raw += f->size;
	}
}

static int measure_codec(struct bench *b, const struct codec *codec, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->frame_count; i++)
		for (int kind = 0; kind < PASSES; kind++)
			b->frames[i].seconds[kind] = -1;
	for (unsigned run = 0; run < b->rounds && !rc; run++)
		for (int kind = 0; kind < PASSES && !rc; kind++)
			rc = run_pass(b, codec, kind, err);
	if (!rc)
		add_frames(b, codec->id);
	return rc;
}

static int measure_batch(struct bench *b, struct err *err)
{
	int rc = share_out(b, err);

	for (unsigned id = 0; id < BENCH_CODECS && !rc; id++) {
		const struct codec *codec = codec_by_id(id);
		if (codec && (!b->only || codec == b->only) && codec->takes(b->dtype))
			rc = measure_codec(b, codec, err);
	}
	return rc;
}

/* ---------------------------------------------------------------- sums */

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

/* All frames of the tensor were measured. */
static void add_tensor(struct model_bench *out, struct bench_tensor *t)
{
	struct bench_sum *best = &t->sums[BENCH_BEST];

	for (unsigned i = 0; i < BENCH_CODECS; i++)
		if (t->sums[i].tensors &&
		    (!best->tensors || t->sums[i].stored < best->stored))
			*best = t->sums[i];
	for (unsigned k = 0; k < BENCH_SLOTS; k++) {
		add_sum(&out->sums[t->extent->dtype][k], &t->sums[k]);
		add_sum(&out->sums[DTYPE_COUNT][k], &t->sums[k]);
	}
}

/* Measures what is in memory, and empties it. The last tensor stays where more of its
 * frames are to come. */
static int end_batch(struct bench *b, bool more_of_last, struct err *err)
{
	int rc = measure_batch(b, err);
	size_t ended = b->tensor_count - (more_of_last ? 1 : 0);

	if (rc)
		return rc;
	for (size_t i = 0; i < ended; i++)
		add_tensor(b->out, &b->tensors[i]);
	if (more_of_last)
		b->tensors[0] = b->tensors[ended];
	b->tensor_count = more_of_last;
	b->frame_count = 0;
	b->used = 0;
	return 0;
}

/* ---------------------------------------------------------------- reading */

/* Reads `n` bytes of the last tensor, from its byte `at`, as a frame of the batch. */
static int add_frame(struct bench *b, uint64_t at, size_t n, struct err *err)
{
	const struct bench_tensor *t = &b->tensors[b->tensor_count - 1];
	struct bench_frame *f = &b->frames[b->frame_count];

	*f = (struct bench_frame){ .at = b->used,
		                   .size = n,
		                   .start = at / dtype_unit(b->dtype),
		                   .tensor = b->tensor_count - 1 };
	int rc = file_range_read(b->model->fd, t->extent->offset + at, b->raw + b->used,
	                         n, err);
	if (rc)
		return err_context(err, "%s", b->model->path);
	if (t->like)
		rc = predictor_read(b->predictor, at, n, b->predicted + b->used, err);
	b->used += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	b->frame_count++;
	return rc;
}

/* ---------------------------------------------------------------- the model */

static bool is_full(const struct bench *b, size_t next)
{
	return b->frame_count == BATCH_FRAMES || b->room - b->used < next;
}

static int add_tensor_to_batch(struct bench *b, const struct extent *x, struct err *err)
{
	struct bench_tensor *t = &b->tensors[b->tensor_count];
	int rc = 1;

	*t = (struct bench_tensor){ .extent = x };
	if (b->likes)
		rc = bench_likes_find(b->likes, x, &b->predictor, &t->parts, err);
	if (rc < 0)
		return rc;
	t->like = rc == 0;
	b->tensor_count++;
	return 0;
}

static int measure_tensor(struct bench *b, const struct extent *x, struct err *err)
{
	size_t whole = frame_size(x->dtype);

	if (b->tensor_count == BATCH_FRAMES) {
		int rc = end_batch(b, false, err);
		if (rc)
			return rc;
	}
	int rc = add_tensor_to_batch(b, x, err);
	if (rc)
		return rc;
	for (uint64_t at = 0; at < x->size; at += whole) {
		size_t n = x->size - at < whole ? (size_t)(x->size - at) : whole;
		rc = is_full(b, n) ? end_batch(b, true, err) : 0;
		if (!rc)
			rc = add_frame(b, at, n, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Dtype by dtype, so that few batches are small. */
static int measure_all(struct bench *b, struct err *err)
{
	const struct extents *x = &b->model->extents;

	for (unsigned dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		int rc = 0;
		b->dtype = (enum dtype)dtype;
		for (size_t i = 0; i < x->count && !rc; i++) {
			const struct extent *one = &x->list[i];
			if (one->kind == EXTENT_TENSOR && one->size &&
			    one->dtype == b->dtype)
				rc = measure_tensor(b, one, err);
		}
		if (!rc)
			rc = end_batch(b, false, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int bench_init(struct bench *b, const struct local_model *base, struct err *err)
{
	b->room = (size_t)BATCH_BYTES * b->threads;
	b->raw = malloc(b->room);
	b->predicted = malloc(b->room);
	b->coded = malloc(b->room);
	b->back = malloc(b->room);
	b->frames = calloc(BATCH_FRAMES, sizeof(*b->frames));
	b->tensors = calloc(BATCH_FRAMES, sizeof(*b->tensors));
	b->slices = calloc(b->threads, sizeof(*b->slices));
	if (!b->raw || !b->predicted || !b->coded || !b->back || !b->frames ||
	    !b->tensors || !b->slices)
		return err_nomem(err, "measuring");
	int rc = pool_new(b->threads, &b->pool, err);
	for (unsigned k = 0; k < b->threads && !rc; k++)
		rc = frame_scratch_new(&b->slices[k].scratch, err);
	if (!rc && base)
		rc = bench_likes_new(base, &b->likes, err);
	return rc;
}

static void bench_wipe(struct bench *b)
{
	for (unsigned k = 0; k < b->threads && b->slices; k++)
		frame_scratch_free(b->slices[k].scratch);
	free(b->slices);
	pool_free(b->pool);
	bench_likes_free(b->likes);
	free(b->raw);
	free(b->predicted);
	free(b->coded);
	free(b->back);
	free(b->frames);
	free(b->tensors);
}

int model_bench_run(const struct bench_task *task, struct model_bench *out,
                    struct err *err)
{
	struct bench b = { .model = task->model,
		           .threads = task->threads,
		           .rounds = task->rounds,
		           .only = task->only,
		           .out = out };
	int rc = bench_init(&b, task->base, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = measure_all(&b, err);
	bench_wipe(&b);
	return rc;
}
