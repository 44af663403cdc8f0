/*
 * In which context a distance is coded: the base's exponent says how large a
 * unit in the last place is. Sixteen exponents in a row have contexts of their
 * own, those beyond share the outermost. Where blocks of 128 values moved
 * further or less far than others, they belong to a class whose contexts are
 * shifted: what counts is the block's movement against the unit.
 * Pure; any thread.
 */
#ifndef ZLLM_ULP_CONTEXT_H
#define ZLLM_ULP_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"
#include "codec/kernel/kernel.h"

struct rans_room;

enum {
	ULP_CLASSES = KERNEL_CLASSES, /* of blocks */
	ULP_BANKS = 4,                /* sets of contexts */
	ULP_WINDOW = KERNEL_WINDOW,   /* contexts of a bank */
	ULP_CONTEXTS = ULP_BANKS * ULP_WINDOW
};

/* What `ulp` must know of a dtype. */
struct ulp_shape {
	unsigned unit;      /* bytes */
	unsigned exp_shift; /* of the exponent in a value */
	unsigned exp_mask;  /* once shifted */
	unsigned tokens;    /* symbols that can occur */
	bool integer;       /* of 8 bits: no exponent, plain differences */
};

/* NULL for other dtypes than floats of 8, 16 or 32 bits and integers of 8. */
const struct ulp_shape *ulp_shape_of(enum dtype dtype);

/* The contexts of a frame. */
struct ulp_contexts {
	const struct ulp_shape *shape;
	const struct kernel *kernel;
	unsigned classes;         /* 1..ULP_CLASSES */
	unsigned banks;           /* 1..ULP_BANKS */
	uint8_t low[ULP_CLASSES]; /* the exponent of the first context */
	uint8_t bank[ULP_CLASSES];
	uint8_t table[ULP_CONTEXTS]; /* the number of each context's table */
	uint8_t *block_class;        /* of each block of the frame */
};

/* The tables of `n` values, the first of which is number `at` of the frame and
 * begins a block; `base` points to that value of the base. */
void ulp_contexts_fill(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                       size_t n, uint16_t *ctx);

/* Puts them above the tokens of these values, which are in room->index from `at` on, and
 * counts what that makes in the room's counters. */
void ulp_contexts_count(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                        size_t n, struct rans_room *room);

#endif
