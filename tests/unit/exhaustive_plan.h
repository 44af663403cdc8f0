/*
 * The best plan there is for a group of blobs, by trying all sets of bases that can be it:
 * for tests and benchmarks of the planner.
 *
 * All sets of up to `SETS_OF` bases are tried for each family; a larger set is never better
 * where even its bases alone, at the cheapest, and the cheapest delta of each other blob take
 * more: that is asserted, so what comes out is proved to be the best.
 */
#ifndef ZLLM_TEST_EXHAUSTIVE_PLAN_H
#define ZLLM_TEST_EXHAUSTIVE_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/recompact/base_plan.h"

enum { SETS_OF = 3, FAMILY_MAX = 64 };

struct exhaustive {
	const struct base_plan_group *group;
	uint32_t members[FAMILY_MAX];
	size_t count;
	uint64_t best;
};

static inline uint64_t exhaustive_delta(const struct exhaustive *e, size_t i, size_t j)
{
	return e->group->delta[e->members[i] * e->group->count + e->members[j]];
}

/* What the family takes on the bases `set`, `n` of them. */
static inline uint64_t exhaustive_cost(const struct exhaustive *e, const size_t *set,
                                       size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->count; i++) {
		uint64_t solo = e->group->solo[e->members[i]], best = solo;
		for (size_t k = 0; k < n; k++) {
			if (set[k] == i) {
				best = solo;
				break;
			}
			uint64_t delta = exhaustive_delta(e, i, set[k]);
			best = delta < best ? delta : best;
		}
		sum += best;
	}
	return sum;
}

static inline void exhaustive_try(struct exhaustive *e, size_t *set, size_t n,
                                  size_t from)
{
	uint64_t cost = exhaustive_cost(e, set, n);

	e->best = cost < e->best ? cost : e->best;
	for (size_t i = from; i < e->count && n < SETS_OF; i++) {
		set[n] = i;
		exhaustive_try(e, set, n + 1, i + 1);
	}
}

/* What no plan of more than SETS_OF bases passes: all at their cheapest delta, and those
 * whose own record costs least beyond that are the bases. */
static inline uint64_t exhaustive_bound(const struct exhaustive *e)
{
	uint64_t sum = 0, extra[SETS_OF + 1];

	memset(extra, 0xff, sizeof(extra));
	for (size_t i = 0; i < e->count; i++) {
		uint64_t solo = e->group->solo[e->members[i]], least = solo;
		for (size_t j = 0; j < e->count; j++)
			if (j != i && exhaustive_delta(e, i, j) < least)
				least = exhaustive_delta(e, i, j);
		sum += least;
		for (size_t k = 0, more = solo - least; k < SETS_OF + 1; k++)
			if (more < extra[k]) {
				uint64_t old = extra[k];
				extra[k] = more;
				more = old;
			}
	}
	for (size_t k = 0; k < SETS_OF + 1; k++)
		sum += extra[k];
	return sum;
}

static inline uint64_t exhaustive_family(struct exhaustive *e)
{
	size_t set[SETS_OF] = { 0 };

	e->best = UINT64_MAX;
	exhaustive_try(e, set, 0, 0);
	if (e->count > SETS_OF + 1 && exhaustive_bound(e) < e->best) {
		fprintf(stderr,
		        "a larger set of bases may be better: %llu, %llu of %zu\n",
		        (unsigned long long)exhaustive_bound(e),
		        (unsigned long long)e->best, e->count);
		abort();
	}
	return e->best;
}

/* Sketches of strangers are near by chance once in some thousand times, never so near. */
static inline bool exhaustive_ties(const struct base_plan_group *g, size_t i, size_t j)
{
	return g->delta[i * g->count + j] < g->solo[i] / 4 * 3;
}

/* The same for a group; all of its blobs are needed. Families are what deltas tie that save
 * a quarter at least. */
static inline uint64_t exhaustive_group(const struct base_plan_group *g)
{
	uint64_t sum = 0;
	bool *done = calloc(g->count + 1, sizeof(*done));

	for (size_t root = 0; root < g->count; root++) {
		struct exhaustive e = { .group = g };
		if (done[root])
			continue;
		done[root] = true;
		e.members[e.count++] = (uint32_t)root;
		for (size_t k = 0; k < e.count; k++)
			for (size_t j = 0; j < g->count; j++)
				if (!done[j] && (exhaustive_ties(g, e.members[k], j) ||
				                 exhaustive_ties(g, j, e.members[k]))) {
					if (e.count == FAMILY_MAX)
						abort();
					done[j] = true;
					e.members[e.count++] = (uint32_t)j;
				}
		sum += exhaustive_family(&e);
	}
	free(done);
	return sum;
}

#endif
