/*
 * Which stacks (stack_cut.h) of a model that is pushed stay whole: those that the objects
 * which hints name have whole, as all did that were pushed before stacks were cut. A slice
 * cannot stand on a part of a large blob at a bearable price: each would have to read and
 * hash all of it.
 */
#ifndef ZLLM_STACK_KEEP_H
#define ZLLM_STACK_KEEP_H

#include <stdbool.h>

struct base_hints;
struct err;
struct extents;
struct transfer;

enum { STACK_HINTS_MAX = 4 }; /* objects that are asked */

/* Sets keep[i], false before, for each extent of `x` that has a namesake of its shape and
 * dtype with a record in one of the first objects of the hints. What cannot be read is
 * passed over. 0, or ERR_NOMEM. */
int stacks_keep(const struct transfer *t, const struct base_hints *hints,
                const struct extents *x, bool *keep, struct err *err);

#endif
