/*
 * The lists of names of a batch (import_list.h), each put into the store when the files of
 * its model are there.
 */
#ifndef ZLLM_BATCH_LIST_H
#define ZLLM_BATCH_LIST_H

#include <stdint.h>

struct batch;
struct batch_scan;
struct err;
struct transfer;

struct batch_lists {
	const struct batch *batch;
	const struct batch_scan *scan;
	const uint8_t *shares;
	uint32_t *names;  /* numbers of names, by model; owned */
	uint32_t *starts; /* of models in `names`; owned */
};

/* 0 or ERR_NOMEM. What is pointed to outlives it. */
int batch_lists_make(struct batch_lists *out, const struct batch *b,
                     const struct batch_scan *s, const uint8_t *shares, struct err *err);
void batch_lists_wipe(struct batch_lists *l);

/* Puts the names of those files of the model that are ours and were stored; nothing where
 * there are none, or they are known elsewhere. 0 or negative. */
int batch_lists_put(const struct batch_lists *l, const struct transfer *t, uint32_t model,
                    struct err *err);

#endif
