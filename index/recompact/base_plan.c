/*
 * A family is a set of blobs that are tied to one another, directly or not, by deltas that
 * take less than the blob solo. Families are planned one after another:
 *
 *     stars       nobody is served at first, each pays for itself; the blob whose star
 *                 saves most becomes a base, until none saves anything
 *     exchange    open one, close one, or both: the move that saves most, until none does
 *
 * A member's two nearest bases are kept, so that what it pays when one of them closes is
 * known at once.
 */
#include "index/recompact/base_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

/* Steps of a family's plan, in looks at a pair of blobs; then it stays as it is. */
enum { LOOKS_MAX = 200 * 1000 * 1000 };

enum { NOBODY = UINT32_MAX };

/* What a member pays, and to whom. */
struct nearest {
	uint32_t first, second; /* members, or NOBODY: aside, or not at all */
	uint64_t pays, else_pays;
};

struct family {
	const struct base_plan_group *group;
	uint32_t *members; /* numbers in the group */
	size_t count;
	bool *open; /* solo, and a base for others */
	struct nearest *near;
	uint64_t looks;
};

static uint64_t solo_of(const struct family *f, size_t i)
{
	return f->group->solo[f->members[i]];
}

static uint64_t delta_of(const struct family *f, size_t i, size_t j)
{
	return f->group->delta[f->members[i] * f->group->count + f->members[j]];
}

static bool is_needed(const struct family *f, size_t i)
{
	return f->group->roles[f->members[i]] & BASE_PLAN_NEEDED;
}

static bool is_pinned(const struct family *f, size_t i)
{
	return f->group->roles[f->members[i]] & BASE_PLAN_PINNED;
}

/* What member `i` pays when no base serves it and it is none. */
static uint64_t alone(const struct family *f, size_t i)
{
	return is_needed(f, i) ? f->group->aside[f->members[i]] : 0;
}

/* ---------------------------------------------------------------- what is paid */

static void offer(struct nearest *n, uint32_t base, uint64_t price)
{
	if (price < n->pays) {
		n->second = n->first;
		n->else_pays = n->pays;
		n->first = base;
		n->pays = price;
	} else if (price < n->else_pays) {
		n->second = base;
		n->else_pays = price;
	}
}

/* What member `i`, were it closed, would pay to the open ones. */
static struct nearest look_around(struct family *f, size_t i)
{
	struct nearest n = { NOBODY, NOBODY, alone(f, i), BASE_PLAN_NEVER };

	n.else_pays = n.pays;
	for (size_t j = 0; j < f->count && is_needed(f, i); j++)
		if (f->open[j] && j != i)
			offer(&n, (uint32_t)j, delta_of(f, i, j));
	f->looks += f->count;
	return n;
}

static uint64_t settle(struct family *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < f->count; i++) {
		f->near[i] = look_around(f, i);
		sum += f->open[i] ? solo_of(f, i) : f->near[i].pays;
	}
	return sum;
}

/* ---------------------------------------------------------------- moves */

/* Gains are what a move saves; a loss is below 0. */
static int64_t gain_of_opening(struct family *f, size_t k)
{
	int64_t gain = (int64_t)f->near[k].pays - (int64_t)solo_of(f, k);

	for (size_t i = 0; i < f->count; i++) {
		if (f->open[i] || i == k || !is_needed(f, i))
			continue;
		uint64_t price = delta_of(f, i, k);
		if (price < f->near[i].pays)
			gain += (int64_t)(f->near[i].pays - price);
	}
	f->looks += f->count;
	return gain;
}

static int64_t gain_of_closing(struct family *f, size_t k)
{
	int64_t gain = (int64_t)solo_of(f, k) - (int64_t)f->near[k].pays;

	for (size_t i = 0; i < f->count; i++)
		if (!f->open[i] && f->near[i].first == k)
			gain -= (int64_t)(f->near[i].else_pays - f->near[i].pays);
	f->looks += f->count;
	return gain;
}

/* `m` opens in the place of `k`, which may then stand on it. */
static int64_t gain_of_exchange(struct family *f, size_t k, size_t m)
{
	uint64_t price = is_needed(f, k) ? delta_of(f, k, m) : BASE_PLAN_NEVER;
	uint64_t pays = f->near[k].pays < price ? f->near[k].pays : price;
	int64_t gain = (int64_t)solo_of(f, k) - (int64_t)pays + (int64_t)f->near[m].pays -
	               (int64_t)solo_of(f, m);

	for (size_t i = 0; i < f->count; i++) {
		const struct nearest *n = &f->near[i];
		if (f->open[i] || i == m || !is_needed(f, i))
			continue;
		pays = n->first == k ? n->else_pays : n->pays;
		price = delta_of(f, i, m);
		gain += (int64_t)n->pays - (int64_t)(price < pays ? price : pays);
	}
	f->looks += f->count;
	return gain;
}

struct move {
	int64_t gain;
	uint32_t opens, closes; /* or NOBODY */
};

static void consider(struct move *best, struct move one)
{
	if (one.gain > best->gain)
		*best = one;
}

static bool can_close(const struct family *f, size_t k)
{
	return f->open[k] && !is_pinned(f, k);
}

/* The best of opening, closing one. */
static struct move best_single(struct family *f)
{
	struct move best = { 0, NOBODY, NOBODY };

	for (size_t k = 0; k < f->count; k++) {
		if (!f->open[k])
			consider(&best, (struct move){ gain_of_opening(f, k), (uint32_t)k,
			                               NOBODY });
		else if (can_close(f, k))
			consider(&best, (struct move){ gain_of_closing(f, k), NOBODY,
			                               (uint32_t)k });
	}
	return best;
}

static struct move best_exchange(struct family *f)
{
	struct move best = { 0, NOBODY, NOBODY };

	for (size_t k = 0; k < f->count && f->looks < LOOKS_MAX; k++)
		for (size_t m = 0; m < f->count && can_close(f, k); m++)
			if (!f->open[m])
				consider(&best,
				         (struct move){ gain_of_exchange(f, k, m),
				                        (uint32_t)m, (uint32_t)k });
	return best;
}

static void exchange(struct family *f)
{
	settle(f);
	while (f->looks < LOOKS_MAX) {
		struct move best = best_single(f);
		if (best.gain <= 0)
			best = best_exchange(f);
		if (best.gain <= 0)
			return;
		if (best.opens != NOBODY)
			f->open[best.opens] = true;
		if (best.closes != NOBODY)
			f->open[best.closes] = false;
		settle(f);
	}
}

/* ---------------------------------------------------------------- stars */

/* In f->near: whose star a member is in, itself where it is a base or alone, and what it
 * pays. */
static int64_t gain_of_star(struct family *f, size_t k)
{
	int64_t gain = (int64_t)f->near[k].pays - (int64_t)solo_of(f, k);

	for (size_t i = 0; i < f->count; i++) {
		uint64_t price = delta_of(f, i, k);
		if (i != k && !f->open[i] && is_needed(f, i) && price < f->near[i].pays)
			gain += (int64_t)(f->near[i].pays - price);
	}
	f->looks += f->count;
	return gain;
}

static void take_star(struct family *f, size_t k)
{
	f->open[k] = true;
	for (size_t i = 0; i < f->count; i++)
		if (i != k && !f->open[i] && is_needed(f, i))
			offer(&f->near[i], (uint32_t)k, delta_of(f, i, k));
}

static void begin_stars(struct family *f)
{
	for (size_t i = 0; i < f->count; i++) {
		uint64_t by_itself = alone(f, i), solo = solo_of(f, i);
		if (is_needed(f, i) && solo < by_itself)
			by_itself = solo;
		f->open[i] = false;
		f->near[i] = (struct nearest){ NOBODY, NOBODY, by_itself,
			                       BASE_PLAN_NEVER };
	}
	for (size_t i = 0; i < f->count; i++)
		if (is_pinned(f, i))
			take_star(f, i);
}

/* Grows them; who is in none in the end, and is needed, is solo. */
static void grow_stars(struct family *f)
{
	begin_stars(f);
	while (f->looks < LOOKS_MAX / 2) {
		int64_t best = 0;
		size_t star = f->count;
		for (size_t k = 0; k < f->count; k++) {
			int64_t gain = f->open[k] ? 0 : gain_of_star(f, k);
			if (gain > best) {
				best = gain;
				star = k;
			}
		}
		if (star == f->count)
			break;
		take_star(f, star);
	}
	for (size_t i = 0; i < f->count; i++)
		if (is_needed(f, i) && f->near[i].first == NOBODY &&
		    solo_of(f, i) < alone(f, i))
			f->open[i] = true;
}

/* ---------------------------------------------------------------- one family */

static void begin_now(struct family *f, const uint32_t *now)
{
	for (size_t i = 0; i < f->count; i++)
		f->open[i] = now[f->members[i]] == f->members[i] || is_pinned(f, i);
}

static void write_plan(const struct family *f, uint32_t *out)
{
	for (size_t i = 0; i < f->count; i++) {
		uint32_t first = f->near[i].first, choice = BASE_PLAN_GONE;
		if (f->open[i])
			choice = f->members[i];
		else if (first != NOBODY)
			choice = f->members[first];
		else if (is_needed(f, i))
			choice = BASE_PLAN_ASIDE;
		out[f->members[i]] = choice;
	}
}

/* Both beginnings; the better one is written. */
static void plan_family(struct family *f, const uint32_t *now, uint32_t *out)
{
	f->looks = 0;
	begin_now(f, now);
	exchange(f);
	uint64_t kept = settle(f);
	write_plan(f, out);
	f->looks = 0;
	grow_stars(f);
	exchange(f);
	if (settle(f) < kept)
		write_plan(f, out);
}

/* ---------------------------------------------------------------- families */

static uint32_t root_of(uint32_t *parents, uint32_t i)
{
	while (parents[i] != i)
		i = parents[i] = parents[parents[i]];
	return i;
}

/* Whether `i` as a delta against `j` may be worth anything. */
static bool ties(const struct base_plan_group *g, size_t i, size_t j)
{
	uint64_t delta = g->delta[i * g->count + j];

	return i != j && delta < BASE_PLAN_NEVER &&
	       (delta < g->solo[i] || delta < g->aside[i]);
}

static void find_families(const struct base_plan_group *g, uint32_t *parents)
{
	for (uint32_t i = 0; i < g->count; i++)
		parents[i] = i;
	for (uint32_t i = 0; i < g->count; i++)
		for (uint32_t j = 0; j < g->count; j++)
			if (ties(g, i, j))
				parents[root_of(parents, i)] = root_of(parents, j);
}

static void plan_families(struct family *f, uint32_t *parents, const uint32_t *now,
                          uint32_t *out)
{
	size_t count = f->group->count;

	find_families(f->group, parents);
	for (uint32_t root = 0; root < count; root++) {
		if (parents[root] != root)
			continue;
		f->count = 0;
		for (uint32_t i = 0; i < count; i++)
			if (root_of(parents, i) == root)
				f->members[f->count++] = i;
		plan_family(f, now, out);
	}
}

int base_plan_make(const struct base_plan_group *g, const uint32_t *now, uint32_t *out,
                   struct err *err)
{
	size_t room = g->count ? g->count : 1;
	struct family f = { .group = g };
	uint32_t *parents = calloc(room, sizeof(*parents));
	int rc = 0;

	f.members = calloc(room, sizeof(*f.members));
	f.open = calloc(room, sizeof(*f.open));
	f.near = calloc(room, sizeof(*f.near));
	if (g->count > BASE_PLAN_MAX)
		rc = err_set(err, ERR_INPUT, "a group of more than %d blobs",
		             BASE_PLAN_MAX);
	else if (!parents || !f.members || !f.open || !f.near)
		rc = err_nomem(err, "a plan");
	else
		plan_families(&f, parents, now, out);
	free(parents);
	free(f.members);
	free(f.open);
	free(f.near);
	return rc;
}

uint64_t base_plan_cost(const struct base_plan_group *g, const uint32_t *plan)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (plan[i] == i)
			sum += g->solo[i];
		else if (plan[i] < g->count)
			sum += g->delta[i * g->count + plan[i]];
		else if (plan[i] == BASE_PLAN_ASIDE)
			sum += g->aside[i];
	}
	return sum;
}
