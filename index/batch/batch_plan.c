#include "index/batch/batch_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/relatives.h"
#include "index/batch/batch_scan.h"
#include "index/recompact/base_plan.h"
#include "index/recompact/delta_cost.h"

/* A delta of a unit has to be worth it, as one of a tensor has. */
enum { KEEP_BELOW_PERCENT = 97, PLANNED_MAX = 8 /* tensors of a unit */ };

static const size_t nobody = SIZE_MAX;

struct planning {
	const struct batch_scan *scan;
	struct batch_plan *plan;
	uint32_t *group; /* of each unit: one of its group; owned */
	uint32_t *list;  /* units, by group; owned */
};

/* ---------------------------------------------------------------- costs */

static bool fits(const struct batch_tensor *t, const struct batch_tensor *base,
                 unsigned *permille)
{
	struct extent_finding fx, fy;
	struct extent x, y;

	if (base->name != t->name)
		return false;
	batch_tensor_extent(t, &x, &fx);
	batch_tensor_extent(base, &y, &fy);
	*permille = delta_cost_permille(&x, &y, solo_cost_usual(t->dtype));
	return relatives_alike(&x, &y);
}

/* An embedding and a head have one name-key: so the nearest of those that fit. */
static const struct batch_tensor *nearest(const struct batch_scan *s, size_t k,
                                          const struct batch_tensor *t, unsigned *least)
{
	const struct batch_unit *unit = batch_unit(s, k);
	const struct batch_tensor *best = NULL;
	unsigned permille;

	*least = UINT32_MAX;
	for (size_t i = 0; t->name && i < unit->count; i++) {
		const struct batch_tensor *one = batch_tensor(s, unit->tensors + i);
		if (fits(t, one, &permille) && (!best || permille < *least)) {
			best = one;
			*least = permille;
		}
	}
	return best;
}

const struct batch_tensor *batch_tensor_like(const struct batch_scan *s, size_t k,
                                             const struct batch_tensor *t)
{
	unsigned ignored;

	return nearest(s, k, t, &ignored);
}

/* The first few tell enough of which unit is whose base. */
static size_t planned_of(const struct batch_unit *unit)
{
	return unit->count < PLANNED_MAX ? unit->count : PLANNED_MAX;
}

static uint64_t part_of(uint64_t bytes, unsigned permille)
{
	return bytes / 1000 * permille + bytes % 1000 * permille / 1000;
}

uint64_t batch_cost_alone(const struct batch_scan *s, size_t i)
{
	const struct batch_unit *unit = batch_unit(s, i);
	uint64_t sum = 0;

	for (size_t k = 0; k < planned_of(unit); k++) {
		const struct batch_tensor *t = batch_tensor(s, unit->tensors + k);
		sum += part_of(t->bytes, solo_cost_usual(t->dtype));
	}
	return sum;
}

uint64_t batch_cost_on(const struct batch_scan *s, size_t i, size_t k)
{
	const struct batch_unit *unit = batch_unit(s, i);
	uint64_t sum = 0;

	for (size_t n = 0; n < planned_of(unit); n++) {
		const struct batch_tensor *t = batch_tensor(s, unit->tensors + n);
		unsigned permille = solo_cost_usual(t->dtype), on;
		nearest(s, k, t, &on);
		sum += part_of(t->bytes, on < permille ? on : permille);
	}
	return sum;
}

/* ---------------------------------------------------------------- groups */

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* The smaller number stays, so that it does not depend on the order of joining. */
static void join(uint32_t *parent, uint32_t i, uint32_t k)
{
	i = root_of(parent, i);
	k = root_of(parent, k);
	if (i < k)
		parent[k] = i;
	else
		parent[i] = k;
}

struct holder {
	uint64_t name;
	uint32_t unit;
};

static int by_name(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

/* Units that share a name-key are of one group. */
static int find_groups(struct planning *p, struct err *err)
{
	const struct batch_scan *s = p->scan;
	struct buf all = BUF_INIT;

	for (uint32_t i = 0; i < p->plan->count; i++) {
		const struct batch_unit *unit = batch_unit(s, i);
		p->group[i] = i;
		for (size_t k = 0; k < unit->count; k++) {
			struct holder h = { batch_tensor(s, unit->tensors + k)->name, i };
			if (h.name)
				buf_add(&all, &h, sizeof(h));
		}
	}
	if (all.failed) {
		buf_wipe(&all);
		return err_nomem(err, "a list of tensors");
	}
	struct holder *list = (struct holder *)(void *)all.data;
	size_t count = all.size / sizeof(*list);
	if (count)
		qsort(list, count, sizeof(*list), by_name);
	for (size_t i = 1; i < count; i++)
		if (list[i].name == list[i - 1].name)
			join(p->group, list[i].unit, list[i - 1].unit);
	for (uint32_t i = 0; i < p->plan->count; i++)
		p->group[i] = root_of(p->group, i);
	buf_wipe(&all);
	return 0;
}

/* A group too large to be planned at once is cut where directions differ: a family mostly
 * stays together. */
static int compare_heads(const struct batch_scan *s, uint32_t i, uint32_t k)
{
	const struct batch_unit *x = batch_unit(s, i), *y = batch_unit(s, k);

	if (!x->count || !y->count)
		return (x->count > 0) - (y->count > 0);
	const struct batch_tensor *a = batch_tensor(s, x->tensors);
	const struct batch_tensor *b = batch_tensor(s, y->tensors);
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->sketch.band != b->sketch.band)
		return a->sketch.band < b->sketch.band ? -1 : 1;
	return memcmp(a->sketch.values, b->sketch.values, sizeof(a->sketch.values));
}

static int by_group(const void *a, const void *b, void *ctx)
{
	const struct planning *p = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (p->group[i] != p->group[k])
		return p->group[i] < p->group[k] ? -1 : 1;
	int order = compare_heads(p->scan, i, k);
	return order ? order : i < k ? -1 : i > k;
}

/* ---------------------------------------------------------------- bases */

/* What base_plan.h asks for, of `count` units. */
struct costs {
	uint64_t *solo, *delta, *aside;
	uint8_t *roles;
	uint32_t *now, *chosen;
};

static void costs_wipe(struct costs *c)
{
	free(c->solo);
	free(c->delta);
	free(c->aside);
	free(c->roles);
	free(c->now);
	free(c->chosen);
}

static int costs_make(struct costs *c, size_t n, struct err *err)
{
	*c = (struct costs){
		malloc(n * sizeof(uint64_t)), malloc(n * n * sizeof(uint64_t)),
		malloc(n * sizeof(uint64_t)), malloc(n),
		malloc(n * sizeof(uint32_t)), malloc(n * sizeof(uint32_t))
	};
	return c->solo && c->delta && c->aside && c->roles && c->now && c->chosen
	               ? 0
	               : err_nomem(err, "a plan");
}

static void fill_costs(const struct planning *p, const uint32_t *units, size_t n,
                       struct costs *c)
{
	for (size_t i = 0; i < n; i++) {
		c->solo[i] = batch_cost_alone(p->scan, units[i]);
		c->aside[i] = BASE_PLAN_NEVER;
		c->roles[i] = BASE_PLAN_NEEDED;
		c->now[i] = (uint32_t)i;
		for (size_t k = 0; k < n; k++) {
			uint64_t on = i == k ? BASE_PLAN_NEVER
			                     : batch_cost_on(p->scan, units[i], units[k]);
			bool pays = on < c->solo[i] / 100 * KEEP_BELOW_PERCENT;
			c->delta[i * n + k] = pays ? on : BASE_PLAN_NEVER;
		}
	}
}

static int plan_group(struct planning *p, const uint32_t *units, size_t n,
                      struct err *err)
{
	struct costs c;
	int rc = costs_make(&c, n, err);

	if (!rc) {
		fill_costs(p, units, n, &c);
		const struct base_plan_group g = { n, c.solo, c.delta, c.aside, c.roles };
		rc = base_plan_make(&g, c.now, c.chosen, err);
	}
	for (size_t i = 0; i < n && !rc; i++)
		p->plan->base[units[i]] = c.chosen[i] < n ? units[c.chosen[i]] : units[i];
	costs_wipe(&c);
	return rc;
}

static int plan_groups(struct planning *p, struct err *err)
{
	size_t count = p->plan->count;
	int rc = 0;

	for (size_t i = 0, end; i < count && !rc; i = end) {
		end = i + 1;
		while (end < count && end - i < BASE_PLAN_MAX &&
		       p->group[p->list[end]] == p->group[p->list[i]])
			end++;
		if (end - i > 1)
			rc = plan_group(p, p->list + i, end - i, err);
	}
	return rc;
}

/* ---------------------------------------------------------------- families, order */

/* Units are ordered by model: what has no tensors goes with the first of its model. */
static void join_models(struct planning *p, uint32_t *parent)
{
	const struct batch_scan *s = p->scan;
	size_t count = p->plan->count;

	for (size_t i = 0, end; i < count; i = end) {
		size_t first = nobody;
		for (end = i;
		     end < count && batch_unit(s, end)->model == batch_unit(s, i)->model;
		     end++)
			if (first == nobody && batch_unit_has_tensors(s, end))
				first = end;
		for (size_t k = i; k < end && first != nobody; k++)
			if (!batch_unit_has_tensors(s, k))
				join(parent, (uint32_t)k, (uint32_t)first);
	}
}

static void find_families(struct planning *p)
{
	struct batch_plan *plan = p->plan;
	uint32_t *parent = p->group; /* which is not needed any more */

	for (uint32_t i = 0; i < plan->count; i++)
		parent[i] = i;
	for (uint32_t i = 0; i < plan->count; i++)
		join(parent, i, plan->base[i]);
	join_models(p, parent);
	for (uint32_t i = 0; i < plan->count; i++) {
		uint32_t root = root_of(parent, i);
		/* A root is the smallest of its family, and so comes first. */
		plan->family[i] = root == i ? (uint32_t)plan->families++
		                            : plan->family[root];
	}
}

static int by_turn(const void *a, const void *b, void *ctx)
{
	const struct planning *p = ctx;
	const struct batch_plan *plan = p->plan;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (plan->family[i] != plan->family[k])
		return plan->family[i] < plan->family[k] ? -1 : 1;
	bool di = plan->base[i] != i, dk = plan->base[k] != k;
	if (di != dk)
		return di ? 1 : -1;
	uint32_t fi = batch_unit(p->scan, i)->file, fk = batch_unit(p->scan, k)->file;
	return fi < fk ? -1 : fi > fk;
}

/* ---------------------------------------------------------------- the whole */

static int plan_all(struct planning *p, struct err *err)
{
	struct batch_plan *plan = p->plan;
	int rc = find_groups(p, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < plan->count; i++)
		plan->order[i] = p->list[i] = plan->base[i] = i;
	if (plan->count)
		qsort_r(p->list, plan->count, sizeof(*p->list), by_group, p);
	rc = plan_groups(p, err);
	if (rc)
		return rc;
	find_families(p);
	if (plan->count)
		qsort_r(plan->order, plan->count, sizeof(*plan->order), by_turn, p);
	return 0;
}

int batch_plan_make(const struct batch_scan *s, struct batch_plan *out, struct err *err)
{
	size_t count = batch_unit_count(s),
	       bytes = (count ? count : 1) * sizeof(uint32_t);
	struct planning p = { s, out, calloc(1, bytes), malloc(bytes) };

	*out = (struct batch_plan){ .count = count,
		                    .base = malloc(bytes),
		                    .family = malloc(bytes),
		                    .order = malloc(bytes) };
	int rc = p.group && p.list && out->base && out->family && out->order
	                 ? plan_all(&p, err)
	                 : err_nomem(err, "a plan");
	free(p.group);
	free(p.list);
	return rc;
}

void batch_plan_wipe(struct batch_plan *p)
{
	free(p->base);
	free(p->family);
	free(p->order);
	*p = (struct batch_plan){ .count = 0 };
}
