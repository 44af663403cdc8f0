/*
 * Which of a group of like blobs are stored solo, and which as deltas against which of
 * these, so that all of them together take the fewest bytes. Depth is 1: a base is solo.
 *
 *     solo[j]         solo[k]             what opening j, and k, as a base costs
 *      /   \           /  |  \            delta[i][j]
 *     i     i         i   i   i
 *
 * That is the problem of where to build warehouses (uncapacitated facility location). It
 * is solved by growing stars, the one that saves most first, and then by opening, closing
 * and exchanging bases as long as that saves anything; so also from what is stored now,
 * and the better of the two is taken. A plan never costs more than what is stored now.
 *
 * Blobs between which no delta pays are of different families, and planned apart.
 *
 * Pure; same input, same output; any thread. Time is bounded whatever the numbers are.
 */
#ifndef ZLLM_BASE_PLAN_H
#define ZLLM_BASE_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { BASE_PLAN_MAX = 1024 }; /* blobs of one group */

/* A cost that is never paid; more than any real one, and a group's sum still fits. */
#define BASE_PLAN_NEVER ((uint64_t)1 << 52)

enum {
	BASE_PLAN_NEEDED = 1, /* somebody reads it: it has to be stored in some way */
	BASE_PLAN_PINNED =
		2 /* others, who are not of the group, stand on it: it is solo */
};

/* What is asked. All costs are in bytes, at most BASE_PLAN_NEVER, and what they say of one
 * record may be more than its size: what writing it takes can be counted in. */
struct base_plan_group {
	size_t count;         /* at most BASE_PLAN_MAX */
	const uint64_t *solo; /* [i]: blob i, solo */
	const uint64_t
		*delta; /* [i * count + j]: i as a delta against j, which is solo */
	const uint64_t *aside; /* [i]: as it is, standing on blobs outside the group */
	const uint8_t *roles;  /* [i]: of the flags above */
};

/* What becomes of a blob: BASE_PLAN_ASIDE and _GONE, or the number of its base; its own
 * number: it is solo. */
enum {
	BASE_PLAN_ASIDE = BASE_PLAN_MAX, /* it stays as it is, outside the group */
	BASE_PLAN_GONE                   /* nobody reads it, nobody stands on it */
};

/* Plans. `now` is what is stored, likewise, and `out` has room for as many. 0, or
 * ERR_NOMEM. */
int base_plan_make(const struct base_plan_group *g, const uint32_t *now, uint32_t *out,
                   struct err *err);

/* What a plan takes. */
uint64_t base_plan_cost(const struct base_plan_group *g, const uint32_t *plan);

#endif
