/*
 * Which tensor of another model each tensor of one derives from, by what they hold: their
 * sketches (tensor_sketch.h), of the same kin-key. Names only break ties.
 *
 *     wanted   a b c d e f            each by the nearest: a, c, d, f are sure
 *               \ \ ...\              b is as near to two: the one of its name, then the
 *     model    A B B'C D E F          one that its layer points at, then the one that
 *                                     nobody has yet
 *                                     e is near none: what its neighbours tell
 *                                     (kin_layers.h), unless that is far
 *
 * A tensor of the model may be the base of several, as where layers were duplicated.
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_KIN_MATCH_H
#define ZLLM_KIN_MATCH_H

#include <stddef.h>

#include "index/model/tensor_sketch.h"

struct err;
struct extent;
struct extents;

struct kin_match {
	const struct extent *base; /* of the model; NULL: none is near */
	struct sketch_gap gap;
};

struct kin_task {
	const struct extent *const *wanted; /* `count` of them */
	size_t count;
	const struct extents *model;
};

/* Finds for each wanted tensor its match: out[i] is that of wanted[i]. Those that have no
 * record or whose sketch tells nothing have none. 0, or ERR_NOMEM. */
int kin_match(const struct kin_task *task, struct kin_match *out, struct err *err);

#endif
