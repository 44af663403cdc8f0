/*
 * In which order the units of a batch are stored, and which stands on which: bases before
 * what is made of them, whatever their names and the order they came in.
 *
 *     units  --share a tensor's name-key-->  groups  --sketches-->  costs of each on each
 *            --base_plan.h-->  bases  -->  families, one after another, bases first
 *
 * Guessed from sketches alone; the trials of the upload decide. The plan depends on the
 * files alone, so that many who look at the same ones make the same plan.
 */
#ifndef ZLLM_BATCH_PLAN_H
#define ZLLM_BATCH_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct batch_scan;
struct err;

struct batch_plan {
	size_t count;     /* units */
	uint32_t *base;   /* of each: the unit that it stands on; its own number: none */
	uint32_t *family; /* of each: numbered from 0 */
	uint32_t *order;  /* units, in the order of storing */
	size_t families;
};

/* What belongs together. */
struct batch;
struct batch_look {
	const struct batch *batch;
	const struct batch_scan *scan;
	const struct batch_plan *plan;
};

/* 0 or ERR_NOMEM. The caller wipes *out, also after an error. */
int batch_plan_make(const struct batch_scan *s, struct batch_plan *out, struct err *err);
void batch_plan_wipe(struct batch_plan *p);

/* What the first few tensors of unit `i` stand for takes alone, and on unit `k`, in bytes, by
 * sketches: to be compared with one another. */
uint64_t batch_cost_alone(const struct batch_scan *s, size_t i);
uint64_t batch_cost_on(const struct batch_scan *s, size_t i, size_t k);

/* The tensor of unit `k` that may predict tensor `t` of another unit, by its name-key and
 * shape, the nearest by sketches; NULL: none that was sketched. */
struct batch_tensor;
const struct batch_tensor *batch_tensor_like(const struct batch_scan *s, size_t k,
                                             const struct batch_tensor *t);

#endif
