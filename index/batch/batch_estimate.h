/*
 * What a batch would take in a store, before anything is stored: its plan by sketches, and
 * trials of the codecs on samples of some of its tensors, against the tensors of the local
 * files that the plan says. Seconds, however many bytes there are: so many samples, and no
 * more. Where not every tensor is tried, those that are correct what sketches say of the
 * others.
 */
#ifndef ZLLM_BATCH_ESTIMATE_H
#define ZLLM_BATCH_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

struct batch_look;
struct err;
struct transfer;

struct batch_estimate {
	uint64_t *units; /* bytes that each would take; owned */
	uint64_t bytes;  /* of the batch */
	uint64_t stored; /* that it would take */
	size_t trials;
};

enum { BATCH_TRIALS_MAX = 512 };

/* `t` is of any store, and used for its threads and scratch alone. The caller wipes *out in
 * any case. A file that cannot be read counts as what it would take alone. */
int batch_estimate_make(const struct batch_look *look, const struct transfer *t,
                        struct batch_estimate *out, struct err *err);
void batch_estimate_wipe(struct batch_estimate *e);

#endif
