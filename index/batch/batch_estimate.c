#include "index/batch/batch_estimate.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/low_rank.h"
#include "index/base/codec_trial.h"
#include "index/base/low_rank_trial.h"
#include "index/base/tensor_relation.h"
#include "index/batch/batch.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_scan.h"
#include "index/blob/bases.h"
#include "index/blob/blob_file.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/file_source.h"
#include "index/blob/transfer.h"
#include "index/recompact/delta_cost.h"
#include "index/work/lanes.h"

/* A tensor of the plan, and what is known of its cost, in thousandths of its size. */
struct guess {
	const struct batch_tensor *tensor;
	const struct batch_tensor *base; /* or NULL */
	unsigned supposed;               /* by sketches */
	unsigned measured;               /* UINT32_MAX: it was not tried */
};

struct estimating {
	const struct batch *batch;
	const struct batch_scan *scan;
	const struct batch_plan *plan;
	struct transfer transfer;
	struct guess *guesses; /* of each tensor of the scan; owned */
	size_t count, step;    /* every step-th is tried */
};

/* ---------------------------------------------------------------- supposing */

static void suppose(struct estimating *e)
{
	for (size_t i = 0; i < e->plan->count; i++) {
		const struct batch_unit *unit = batch_unit(e->scan, i);
		bool alone = e->plan->base[i] == i;
		for (size_t k = unit->tensors; k < unit->tensors + unit->count; k++) {
			const struct batch_tensor *t = batch_tensor(e->scan, k);
			struct guess g = { t, NULL, solo_cost_usual(t->dtype),
				           UINT32_MAX };
			struct extent_finding fx, fy;
			struct extent x, y;
			if (!alone)
				g.base = batch_tensor_like(e->scan, e->plan->base[i], t);
			if (g.base) {
				batch_tensor_extent(t, &x, &fx);
				batch_tensor_extent(g.base, &y, &fy);
				unsigned on = delta_cost_permille(&x, &y, g.supposed);
				g.supposed = on < g.supposed ? on : g.supposed;
			}
			e->guesses[k] = g;
		}
	}
}

/* ---------------------------------------------------------------- trying */

static int open_tensor(const struct estimating *e, const struct batch_tensor *t)
{
	return open(batch_file(e->batch, t->file)->path, O_RDONLY | O_CLOEXEC);
}

/* A tensor under trial, and its base's local file. */
struct trying {
	const struct estimating *e;
	const struct guess *guess;
	const struct blob_file *blob;
	struct codec_trial *trial;
	struct codec_score best;
};

/* The best of the codecs of a kind. */
static int try_codecs(struct trying *t, struct err *err)
{
	const struct effort *effort = effort_or_normal(t->e->transfer.effort);
	struct codec_score one;
	int rc = 0;

	for (unsigned i = 0; (one.codec = codec_at(i)) != NULL && !rc; i++) {
		if (one.codec->needs_base != (t->guess->base != NULL) ||
		    !one.codec->takes(t->blob->dtype) ||
		    !effort_tries(effort, one.codec, t->best.codec))
			continue;
		rc = codec_trial_run(t->trial, &t->best, &one, err);
		if (!rc && one.permille < t->best.permille)
			t->best = one;
	}
	return rc;
}

static int try_product(struct trying *t, const struct extent *x,
                       const struct record_basis *basis, const struct bases *bases,
                       struct err *err)
{
	const struct codec *codec = t->best.codec;
	const struct low_rank_task task = { &t->e->transfer, x,     t->blob,
		                            codec,           basis, bases };
	struct low_rank *product = NULL;

	if (!codec || !codec->policy.low_rank_permille || basis->parts.count ||
	    t->best.permille < codec->policy.low_rank_permille)
		return 0;
	int rc = low_rank_trial(&task, &product, &t->best.permille, err);
	low_rank_free(product);
	return rc;
}

/* Against its base. A tensor whose samples are those of its base is the same one, most
 * likely, and is stored once. */
static int try_base(struct trying *t, const struct tensor_relation *relation,
                    const struct extent *x, const struct bases *bases, struct err *err)
{
	int rc = codec_trial_predict(t->trial, &relation->basis, bases, err);

	if (!rc && !codec_trial_distance(t->trial)) {
		t->best.permille = 0;
		return 0;
	}
	if (!rc)
		rc = try_codecs(t, err);
	return rc ? rc : try_product(t, x, &relation->basis, bases, err);
}

/* 1 where it cannot be. */
static int try_on(struct trying *t, struct err *err)
{
	const struct batch_tensor *base = t->guess->base;
	struct bases bases = BASES_INIT;
	struct tensor_relation relation;
	struct extent_finding fx, fy;
	struct extent x, y;
	int fd = open_tensor(t->e, base), rc = 1;

	batch_tensor_extent(t->guess->tensor, &x, &fx);
	batch_tensor_extent(base, &y, &fy);
	if (fd >= 0 && relation_by_shape(&x, &y, &relation))
		rc = file_source_of(fd, base->offset, base->size, &bases.list[0], err);
	if (!rc) {
		bases.count = 1;
		rc = try_base(t, &relation, &x, &bases, err);
		bases_close(&bases);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int measure(const struct estimating *e, struct guess *g,
                   const struct blob_file *blob, struct err *err)
{
	struct trying t = { e, g, blob, NULL, { NULL, UINT32_MAX } };
	int rc = codec_trial_begin(&e->transfer, blob, &t.trial, err);

	if (!rc)
		rc = g->base ? try_on(&t, err) : try_codecs(&t, err);
	codec_trial_end(t.trial);
	if (!rc && t.best.permille <= 1000)
		g->measured = t.best.permille;
	return rc;
}

static int try_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct estimating *e = ctx;
	struct guess *g = &e->guesses[i * e->step];
	struct err ignored = ERR_INIT;
	struct blob_file blob = { .dtype = g->tensor->dtype,
		                  .fd = open_tensor(e, g->tensor),
		                  .offset = g->tensor->offset,
		                  .size = g->tensor->size };

	(void)lane;
	if (blob.fd < 0)
		return 0;
	int rc = measure(e, g, &blob, &ignored);
	close(blob.fd);
	if (rc == ERR_NOMEM)
		*err = ignored;
	return rc == ERR_NOMEM ? rc : 0;
}

/* ---------------------------------------------------------------- adding up */

/* By how much sketches are off: of tensors alone, and of those on a base. */
struct correction {
	double supposed, measured;
};

static void correct(const struct estimating *e, struct correction by[2])
{
	for (size_t i = 0; i < e->count; i++) {
		const struct guess *g = &e->guesses[i];
		struct correction *c = &by[g->base != NULL];
		if (g->measured == UINT32_MAX)
			continue;
		c->supposed += (double)g->supposed * (double)g->tensor->bytes;
		c->measured += (double)g->measured * (double)g->tensor->bytes;
	}
}

static double permille_of(const struct guess *g, const struct correction by[2])
{
	const struct correction *c = &by[g->base != NULL];

	if (g->measured != UINT32_MAX)
		return g->measured;
	return c->supposed > 0 ? g->supposed * c->measured / c->supposed : g->supposed;
}

static void add_up(const struct estimating *e, struct batch_estimate *out)
{
	struct correction by[2] = { { 0, 0 }, { 0, 0 } };

	correct(e, by);
	for (size_t i = 0; i < e->plan->count; i++) {
		const struct batch_unit *unit = batch_unit(e->scan, i);
		double sum = (double)(unit->bytes - unit->tensor_bytes);
		for (size_t k = unit->tensors; k < unit->tensors + unit->count; k++)
			sum += permille_of(&e->guesses[k], by) / 1000 *
			       (double)e->guesses[k].tensor->bytes;
		out->units[i] = (uint64_t)sum;
		out->stored += out->units[i];
		out->bytes += unit->bytes;
	}
	for (size_t i = 0; i < e->count; i++)
		out->trials += e->guesses[i].measured != UINT32_MAX;
}

/* ---------------------------------------------------------------- the whole */

int batch_estimate_make(const struct batch_look *look, const struct transfer *t,
                        struct batch_estimate *out, struct err *err)
{
	struct estimating e = { look->batch, look->scan, look->plan, .step = 1 };

	*out = (struct batch_estimate){ .units = calloc(e.plan->count + 1,
		                                        sizeof(*out->units)) };
	e.count = e.scan->tensors.size / sizeof(struct batch_tensor);
	e.guesses = calloc(e.count + 1, sizeof(*e.guesses));
	e.step = e.count / BATCH_TRIALS_MAX + 1;
	e.transfer = transfer_view(t, t->lanes, NULL);
	e.transfer.effort = &effort_fast;
	struct lanes_work work = { .count = (e.count + e.step - 1) / e.step,
		                   .task = try_one,
		                   .ctx = &e };
	int rc = out->units && e.guesses ? 0 : err_nomem(err, "an estimate");

	if (!rc) {
		suppose(&e);
		rc = lanes_run(t->lanes, &work, err);
	}
	if (!rc)
		add_up(&e, out);
	free(e.guesses);
	return rc;
}

void batch_estimate_wipe(struct batch_estimate *e)
{
	free(e->units);
	e->units = NULL;
}
