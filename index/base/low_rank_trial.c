#include "index/base/low_rank_trial.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/kernel/kernel.h"
#include "codec/low_rank.h"
#include "codec/low_rank_fit.h"
#include "codec/low_rank_frame.h"
#include "codec/parts.h"
#include "codec/record.h"
#include "index/blob/blob_file.h"
#include "index/blob/blob_source.h"
#include "index/blob/predictor.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/work/scratch_shelf.h"

enum {
	BLOCK_VALUES = 64 * 1024, /* about, of whole rows */
	BLOCKS_MAX = 20,          /* that are looked at: five MiB as F32; fewer where */
	BLOCKS_MIN = 10,          /* many lanes share the memory */
	FIRST_LOOK = 5,           /* blocks, */
	FIRST_AXES = 8,           /* and axes */
	MEASURE_EACH = 5,         /* one block of so many is held out, to measure */
	SOME_AXES = 24,           /* sought before all */
	ROWS_MIN = 32             /* of a tensor, and values of a row */
};

/* Bits of a value that have to be in sight at the first look. */
static const double FIRST_BITS = 0.03;

/* A block of rows, and where its differences stand. */
struct block {
	uint64_t row; /* of the tensor */
	bool read;
};

struct trial {
	const struct low_rank_task *task;
	struct predictor *predictor;
	struct frame_scratch *scratch;
	size_t row;         /* values of a row */
	uint64_t rows;      /* of the tensor */
	size_t block_rows;  /* rows of a block */
	size_t block_bytes; /* decoded bytes of it */
	size_t count;       /* of blocks */
	bool all;           /* the blocks are the whole tensor, but for some last rows */
	struct block blocks[BLOCKS_MAX];
	uint8_t *raw,
		*predicted; /* of the blocks that measure the gain, and of one more */
	uint8_t *coded;     /* of one */
	float *distance;    /* of all blocks, those for measuring last */
};

/* ---------------------------------------------------------------- samples */

/* Values of a row of the matrix that a tensor is: of its last dimension where it is a
 * matrix or a stack of such, of all but the first where it is a convolution. */
static uint64_t row_of(const struct extent *x)
{
	uint64_t row = 1;

	if (x->dim_count == 2 || x->dim_count == 3)
		return x->dims[x->dim_count - 1];
	for (unsigned i = 1; i < x->dim_count; i++)
		if (__builtin_mul_overflow(row, x->dims[i], &row))
			return 0;
	return x->dim_count ? row : 0;
}

/* A lane's part of the memory, in blocks. */
static size_t blocks_max(const struct transfer *t)
{
	size_t share = TRANSFER_MEMORY / 2 / t->lanes / (BLOCK_VALUES * sizeof(float));

	share = share < BLOCKS_MIN ? BLOCKS_MIN : share;
	return share > BLOCKS_MAX ? BLOCKS_MAX : share;
}

/* False where the tensor is not a matrix, or not a large enough one. */
static bool plan(struct trial *t)
{
	const struct extent *x = t->task->extent;
	uint64_t row = row_of(x), unit = dtype_unit(x->dtype);

	if (!low_rank_takes(x->dtype) || row < ROWS_MIN || row > BLOCK_VALUES ||
	    x->size % (row * unit) != 0 || x->size / (row * unit) < ROWS_MIN)
		return false;
	t->row = (size_t)row;
	t->rows = x->size / (row * unit);
	t->block_rows = BLOCK_VALUES / t->row;
	if (t->block_rows > t->rows / FIRST_LOOK)
		t->block_rows = (size_t)(t->rows / FIRST_LOOK);
	t->block_bytes = t->block_rows * t->row * unit;
	uint64_t have = t->rows / t->block_rows;
	size_t most = blocks_max(t->task->transfer);
	t->all = have <= most;
	t->count = t->all ? (size_t)have : most;
	for (size_t i = 0; i < t->count; i++)
		t->blocks[i].row = (t->rows - t->block_rows) * i / (t->count - 1);
	return true;
}

/* Whether block `i` is for measuring what was found in others. */
static bool is_measured(const struct trial *t, size_t i)
{
	return !t->all && i % MEASURE_EACH == MEASURE_EACH / 2;
}

/* Where in t->distance block `i` is, in blocks. */
static size_t place_of(const struct trial *t, size_t i)
{
	size_t before = 0, measured = 0;

	for (size_t k = 0; k < t->count; k++) {
		measured += is_measured(t, k);
		before += k < i && is_measured(t, k) == is_measured(t, i);
	}
	return is_measured(t, i) ? t->count - measured + before : before;
}

/* Whether this block is coded with and without the product, to measure the gain. */
static bool measures_gain(const struct trial *t, size_t i)
{
	return t->all ? i % MEASURE_EACH == 0 : is_measured(t, i);
}

/* Where in t->raw and t->predicted block `i` is. All other blocks share the
 * first place: they are needed only until their distances are known. */
static size_t room_of(const struct trial *t, size_t i)
{
	return measures_gain(t, i) ? (i / MEASURE_EACH + 1) * t->block_bytes : 0;
}

static int read_block(struct trial *t, size_t i, struct err *err)
{
	enum dtype dtype = t->task->blob->dtype;
	uint64_t at = t->blocks[i].row * t->row * dtype_unit(dtype);
	uint8_t *raw = t->raw + room_of(t, i);
	uint8_t *predicted = t->predicted + room_of(t, i);
	size_t values = t->block_rows * t->row;

	if (t->blocks[i].read)
		return 0;
	int rc = blob_file_read(t->task->blob, at, raw, t->block_bytes, err);
	if (!rc)
		rc = predictor_read(t->predictor, at, t->block_bytes, predicted, err);
	if (rc)
		return rc;
	low_rank_distance(dtype, raw, predicted, values,
	                  t->distance + place_of(t, i) * values);
	t->blocks[i].read = true;
	return 0;
}

/* ---------------------------------------------------------------- looking */

/* Distances of blocks, one after another: those from which axes are found, then those on
 * which the axes are measured. */
struct view {
	const float *distance;
	size_t find, measure; /* blocks */
};

/* Fits up to `count` axes to the blocks that are for finding, and measures them on the
 * others, if any. */
static int look(const struct trial *t, const struct view *view, unsigned count,
                struct low_rank_axes *out, struct err *err)
{
	struct low_rank_rows rows = { view->distance, view->find * t->block_rows, t->row,
		                      kernel_best() };
	int rc = low_rank_axes_find(&rows, count, out, err);

	if (rc || !view->measure)
		return rc;
	rows.distance += rows.count * rows.width;
	rows.count = view->measure * t->block_rows;
	return low_rank_axes_measure(out, &rows, err);
}

/* Picks a few blocks far apart, in the order of the tensor. */
static int look_first(struct trial *t, double *bits, struct err *err)
{
	size_t values = t->block_rows * t->row;
	float *some = malloc(FIRST_LOOK * values * sizeof(*some));
	struct low_rank_axes axes = { 0 };
	int rc = some ? 0 : err_nomem(err, "samples");

	for (size_t k = 0; k < FIRST_LOOK && !rc; k++) {
		size_t i = (t->count - 1) * k / (FIRST_LOOK - 1);
		rc = read_block(t, i, err);
		if (!rc)
			memcpy(some + k * values, t->distance + place_of(t, i) * values,
			       values * sizeof(*some));
	}
	size_t find = t->all ? FIRST_LOOK : FIRST_LOOK - 1;
	const struct view view = { some, find, FIRST_LOOK - find };
	if (!rc)
		rc = look(t, &view, FIRST_AXES, &axes, err);
	if (!rc)
		low_rank_axes_best(&axes, t->rows, bits);
	low_rank_axes_wipe(&axes);
	free(some);
	return rc;
}

/* Goes over all blocks, first for a few axes; then, where most of these pay, for as many
 * as there may be. */
static int look_at_all(struct trial *t, struct low_rank **out, struct err *err)
{
	struct view view = { t->distance, 0, t->count };
	struct low_rank_axes axes = { 0 };
	unsigned rank = 0, sought = SOME_AXES;
	int rc = 0;
	double bits;

	for (size_t i = 0; i < t->count && !rc; i++) {
		view.find += !is_measured(t, i);
		rc = read_block(t, i, err);
	}
	view.measure -= view.find;
	for (; !rc; sought = LOW_RANK_MAX) {
		low_rank_axes_wipe(&axes);
		rc = look(t, &view, sought, &axes, err);
		rank = rc ? 0 : low_rank_axes_best(&axes, t->rows, &bits);
		if (sought == LOW_RANK_MAX || rank < SOME_AXES * 3 / 4)
			break;
	}
	if (!rc && rank)
		rc = low_rank_of_axes(&axes, rank, t->rows, out, err);
	low_rank_axes_wipe(&axes);
	return rc;
}

/* ---------------------------------------------------------------- coding */

/* Bytes of the blocks that measure the gain, raw and coded. */
static int code(struct trial *t, const struct low_rank *l, uint64_t *raw,
                uint64_t *stored, struct err *err)
{
	struct frame_job job = { .codec = t->task->codec,
		                 .dtype = t->task->blob->dtype,
		                 .size = t->block_bytes,
		                 .scratch = t->scratch,
		                 .low_rank = l };

	*raw = *stored = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct frame_out made;
		if (!measures_gain(t, i))
			continue;
		job.base = t->predicted + room_of(t, i);
		int rc = frame_encode(&job, t->raw + room_of(t, i), t->coded, &made, err);
		if (rc)
			return rc;
		*raw += t->block_bytes;
		*stored += made.stored;
	}
	return 0;
}

/* Whether it pays, and what it makes. */
static int compare(struct trial *t, const struct low_rank *l, bool *pays,
                   unsigned *permille, struct err *err)
{
	uint64_t raw, plain, with;
	int rc = code(t, NULL, &raw, &plain, err);

	if (!rc)
		rc = code(t, l, &raw, &with, err);
	if (rc)
		return rc;
	double head = (double)low_rank_size(l) / (double)t->task->blob->size;
	double part = (double)with / (double)raw + head;
	*pays = part * 100 <= (double)plain / (double)raw *
	                              t->task->codec->policy.low_rank_keep_percent;
	*permille = (unsigned)(part * 1000) + 1;
	return 0;
}

/* ---------------------------------------------------------------- the whole */

static int begin(struct trial *t, struct err *err)
{
	const struct low_rank_task *task = t->task;
	struct predictor_source source = {
		.bases = task->bases,
		.read = blob_source_read,
		.block = t->block_bytes,
	};
	size_t bytes = (t->count / MEASURE_EACH + 2) * t->block_bytes;

	t->raw = malloc(bytes);
	t->predicted = malloc(bytes);
	t->coded = malloc(t->block_bytes);
	t->distance = malloc((t->count * t->block_rows * t->row + 1) *
	                     sizeof(*t->distance));
	if (!t->raw || !t->predicted || !t->coded || !t->distance)
		return err_nomem(err, "samples");
	int rc = scratch_shelf_take(task->transfer->shelf, &t->scratch, err);
	return rc ? rc
	          : predictor_new(task->basis, task->blob->dtype, &source, &t->predictor,
	                          err);
}

static int try(struct trial *t, struct low_rank **out, unsigned *permille,
               struct err *err)
{
	struct low_rank *found = NULL;
	double bits = 0;
	bool pays = false;
	int rc = look_first(t, &bits, err);

	if (rc || bits < FIRST_BITS)
		return rc;
	rc = look_at_all(t, &found, err);
	if (!rc && found)
		rc = compare(t, found, &pays, permille, err);
	if (rc || !pays) {
		low_rank_free(found);
		return rc;
	}
	*out = found;
	return 0;
}

int low_rank_trial(const struct low_rank_task *task, struct low_rank **out,
                   unsigned *permille, struct err *err)
{
	struct trial t = { .task = task };

	*out = NULL;
	if (!plan(&t))
		return 0;
	int rc = begin(&t, err);
	if (!rc)
		rc = try(&t, out, permille, err);
	if (t.scratch)
		scratch_shelf_put_back(task->transfer->shelf, t.scratch);
	predictor_free(t.predictor);
	free(t.raw);
	free(t.predicted);
	free(t.coded);
	free(t.distance);
	return rc;
}
