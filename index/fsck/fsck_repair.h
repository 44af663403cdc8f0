/*
 * A repair: all that a check found is mended (fsck_mend.h), and the objects that it touches
 * are proved by all of their bytes. What comes to light by that, a record behind a manifest
 * that could not be read, is mended in another round, of three at the most.
 */
#ifndef ZLLM_FSCK_REPAIR_H
#define ZLLM_FSCK_REPAIR_H

#include <stddef.h>

#include "index/fsck/fsck_copies.h"
#include "index/fsck/fsck_run.h"
#include "index/fsck/fsck_touch.h"

struct err;
struct transfer;

struct fsck_repair {
	const struct fsck_request *request; /* of the check */
	const struct transfer *to; /* the store as one who may write has it, without a cache */
	const struct fsck_copies *copies;
};

struct fsck_repaired {
	size_t mended; /* findings */
	size_t left;   /* objects that were touched, and are not whole */
};

/* `result` is the check's: findings are added to it, and say what became of them; `touch`
 * is whom all of them touch. 0, also when much is left; or negative: the store fails. */
int fsck_repair(const struct fsck_repair *r, struct fsck_result *result,
                struct fsck_touch *touch, struct fsck_repaired *out, struct err *err);

#endif
