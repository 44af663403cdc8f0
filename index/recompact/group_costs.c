#include "index/recompact/group_costs.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "index/recompact/delta_cost.h"
#include "index/recompact/reencode.h"
#include "index/recompact/stock.h"

enum {
	LEARN_LEAST = 250, /* thousandths of what a sketch says, that a record teaches */
	SOLO_HOPE = 8,     /* an eighth less */
	DELTA_HOPE = 2,
	WORTH_PERCENT = 97, /* of what it takes solo: a delta ties two records together */

	/* A record is looked at anew where it takes so much more than its sketch says: a
	 * part of that, and these bytes. */
	SUSPECT_PART = 8,
	SUSPECT_BYTES = 4096
};

struct group_way *group_way(const struct group_costs *c, size_t i, size_t j)
{
	return &c->ways[i * c->count + j];
}

/* ---------------------------------------------------------------- what there is */

/* The member whose id begins so; c->count where there is none. */
static size_t member_of(const struct group_costs *c, const uint8_t base[KEY_BASE_PREFIX])
{
	size_t i = 0;

	while (i < c->count &&
	       memcmp(c->members[i].blob->id.bytes, base, KEY_BASE_PREFIX) != 0)
		i++;
	return i;
}

/* Solo records first: deltas need to know them. */
static void note_solos(struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct stock_record *r;
		size_t n = stock_records_of(c->stock, &c->members[i].blob->id, &r);
		if (n && !r->record.base_count)
			group_way(c, i, i)->have = r->stored;
	}
}

/* Whether all bases of a record have live solo records. */
static bool stands(const struct group_costs *c, const struct key_record *r)
{
	for (unsigned k = 0; k < r->base_count; k++)
		if (!stock_solo(c->stock, r->bases[k]))
			return false;
	return true;
}

static void note_delta(struct group_costs *c, size_t i, const struct stock_record *r)
{
	size_t j = r->record.base_count == 1 ? member_of(c, r->record.bases[0])
	                                     : c->count;

	if (!stands(c, &r->record))
		return;
	if (j < c->count && j != i)
		group_way(c, i, j)->have = r->stored;
	else if (r->stored < c->aside[i])
		c->aside[i] = r->stored;
}

static void note_deltas(struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct stock_record *r;
		size_t n = stock_records_of(c->stock, &c->members[i].blob->id, &r);
		for (size_t k = 0; k < n; k++)
			if (r[k].record.base_count)
				note_delta(c, i, &r[k]);
	}
}

/* ---------------------------------------------------------------- as it is now */

static size_t cheapest_delta(const struct group_costs *c, size_t i)
{
	size_t best = i;

	for (size_t j = 0; j < c->count; j++)
		if (j != i && group_way(c, i, j)->have < BASE_PLAN_NEVER &&
		    (best == i || group_way(c, i, j)->have < group_way(c, i, best)->have))
			best = j;
	return best;
}

static bool is_stood_on(const struct group_costs *c, size_t j)
{
	for (size_t i = 0; i < c->count; i++)
		if (i != j && group_way(c, i, j)->have < BASE_PLAN_NEVER)
			return true;
	return c->members[j].blob->flags & STOCK_PINNED;
}

/* A blob that others stand on is a base; one with several records that nobody stands on is
 * counted as the cheapest of them. */
static void find_now(struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		uint64_t solo = group_way(c, i, i)->have;
		size_t best = cheapest_delta(c, i);
		uint64_t delta = best == i ? BASE_PLAN_NEVER
		                           : group_way(c, i, best)->have;
		if (solo < BASE_PLAN_NEVER &&
		    (is_stood_on(c, i) || (solo <= delta && solo <= c->aside[i])))
			c->now[i] = (uint32_t)i;
		else if (best != i && delta <= c->aside[i])
			c->now[i] = (uint32_t)best;
		else if (c->aside[i] < BASE_PLAN_NEVER)
			c->now[i] = BASE_PLAN_ASIDE;
		else
			c->now[i] = BASE_PLAN_GONE;
	}
}

/* The record from which a blob is read, and what that takes. */
static void find_readable(struct group_costs *c, size_t i)
{
	struct group_member *m = &c->members[i];
	const struct stock_record *r;
	size_t n = stock_records_of(c->stock, &m->blob->id, &r);
	uint64_t best = BASE_PLAN_NEVER;

	for (size_t k = 0; k < n; k++) {
		uint64_t bytes = r[k].stored;
		if (!stands(c, &r[k].record))
			continue;
		for (unsigned b = 0; b < r[k].record.base_count; b++)
			bytes += stock_solo(c->stock, r[k].record.bases[b])->stored;
		if (bytes >= best)
			continue;
		best = bytes;
		key_record(&r[k].record, m->readable);
	}
	m->reading = best;
	m->lost = best == BASE_PLAN_NEVER;
}

/* ---------------------------------------------------------------- what could be */

/* What it costs to have the blob coded anew so. */
static uint64_t price_of(const struct group_costs *c, size_t i, size_t j)
{
	const struct group_member *m = &c->members[i];
	uint32_t permille = group_way(c, i, j)->permille;

	if (permille == UINT32_MAX || m->lost || c->members[j].lost)
		return BASE_PLAN_NEVER;
	uint64_t made = reencode_bytes(m->blob->size, permille);
	uint64_t read = m->reading + (i == j ? 0 : c->members[j].reading);
	uint64_t price = made + (read + made) / RECOMPACT_TOLL;
	return price < BASE_PLAN_NEVER ? price : BASE_PLAN_NEVER;
}

static void set_price(struct group_costs *c, size_t i, size_t j)
{
	uint64_t have = group_way(c, i, j)->have, price = price_of(c, i, j);
	uint64_t *to = i == j ? &c->solo[i] : &c->delta[i * c->count + j];

	*to = have <= price ? have : price;
}

bool group_way_is_new(const struct group_costs *c, size_t i, size_t j)
{
	return price_of(c, i, j) < group_way(c, i, j)->have;
}

/* Whether a record of so many bytes is the very one that a push wrote which did not try
 * all that is tried today. */
static bool is_untried(const struct group_costs *c, size_t i, uint64_t have)
{
	const struct stock_blob *b = c->members[i].blob;

	return !(b->flags & STOCK_TRIED) && (!b->remembered || b->remembered == have);
}

/* A record that the store has is looked at anew where it is untried, and hope decides until
 * a trial does: a low-rank product may leave half of a delta. And where it is larger than
 * its sketch says. Else it is as good as it gets. */
static uint32_t guess_of_record(const struct group_costs *c, size_t i, size_t j,
                                uint32_t guess)
{
	uint64_t have = group_way(c, i, j)->have, size = c->members[i].blob->size;
	uint64_t said = reencode_bytes(size, guess);

	if (is_untried(c, i, have)) {
		uint64_t hope = have * 1000 / size;
		hope -= hope / (i == j ? SOLO_HOPE : DELTA_HOPE);
		return hope < guess ? (uint32_t)hope : guess;
	}
	return have > said + said / SUSPECT_PART + SUSPECT_BYTES ? guess : UINT32_MAX;
}

/* What pushes demand of a delta too (codec.h, codec_policy). */
static uint32_t if_worth_it(const struct group_costs *c, size_t i, size_t j,
                            uint32_t permille)
{
	uint64_t solo = group_way(c, i, i)->have, size = c->members[i].blob->size;
	uint64_t alone = solo < BASE_PLAN_NEVER && size ? solo * 1000 / size
	                                                : c->members[i].blob->solo;

	return i != j && (uint64_t)permille * 100 > alone * WORTH_PERCENT ? UINT32_MAX
	                                                                  : permille;
}

/* What sketches say of `i` on `j`, or of it alone. */
static uint32_t sketched(const struct group_costs *c, size_t i, size_t j)
{
	const struct group_member *x = &c->members[i], *base = &c->members[j];

	if (!x->blob->size || !base->blob->size)
		return UINT32_MAX;
	if (i == j)
		return x->blob->solo;
	return delta_cost_permille(&x->extent, &base->extent, x->blob->solo);
}

/* By how much a delta that the store has of `i` is smaller than its sketch says, in
 * thousandths: what is a low-rank product away from one base is one, or two, away from
 * its siblings. 1000 where there is none, or it is no smaller. */
static uint32_t record_of_sketch(const struct group_costs *c, size_t i)
{
	uint64_t least = 1000, size = c->members[i].blob->size;

	for (size_t j = 0; j < c->count; j++) {
		uint64_t have = group_way(c, i, j)->have;
		uint32_t said = i == j || have == BASE_PLAN_NEVER ? UINT32_MAX
		                                                  : sketched(c, i, j);
		if (said == UINT32_MAX || !said)
			continue;
		uint64_t part = have * 1000 / size * 1000 / said;
		least = part < least ? part : least;
	}
	return (uint32_t)(least < LEARN_LEAST ? LEARN_LEAST : least);
}

static void guess_way(struct group_costs *c, size_t i, size_t j, uint32_t learned)
{
	struct group_way *way = group_way(c, i, j);
	uint32_t guess = sketched(c, i, j);

	if (guess != UINT32_MAX && way->have < BASE_PLAN_NEVER)
		guess = guess_of_record(c, i, j, guess);
	else if (guess != UINT32_MAX && i != j)
		guess = guess * learned / 1000;
	way->permille = if_worth_it(c, i, j, guess);
}

static void guess_all(struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		uint32_t learned = record_of_sketch(c, i);
		for (size_t j = 0; j < c->count; j++) {
			guess_way(c, i, j, learned);
			set_price(c, i, j);
		}
	}
}

void group_way_measured(struct group_costs *c, size_t i, size_t j, uint32_t permille)
{
	struct group_way *way = group_way(c, i, j);

	way->permille = if_worth_it(c, i, j, permille);
	way->measured = true;
	set_price(c, i, j);
}

void group_costs_settle(struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t j = 0; j < c->count; j++)
			if (!group_way(c, i, j)->measured)
				group_way_measured(c, i, j, UINT32_MAX);
}

/* ---------------------------------------------------------------- the whole */

static int allocate(struct group_costs *c, struct err *err)
{
	size_t n = c->count ? c->count : 1;

	c->members = calloc(n, sizeof(*c->members));
	c->ways = calloc(n * n, sizeof(*c->ways));
	c->solo = calloc(n, sizeof(*c->solo));
	c->delta = calloc(n * n, sizeof(*c->delta));
	c->aside = calloc(n, sizeof(*c->aside));
	c->roles = calloc(n, sizeof(*c->roles));
	c->now = calloc(n, sizeof(*c->now));
	if (!c->members || !c->ways || !c->solo || !c->delta || !c->aside || !c->roles ||
	    !c->now)
		return err_nomem(err, "a group of tensors");
	c->plan = (struct base_plan_group){ c->count, c->solo, c->delta, c->aside,
		                            c->roles };
	return 0;
}

static void begin(struct group_costs *c, size_t first)
{
	for (size_t i = 0; i < c->count; i++) {
		struct group_member *m = &c->members[i];
		m->blob = stock_blob_at(c->stock, first + i);
		stock_extent(c->stock, m->blob, &m->extent, &m->finding);
		c->aside[i] = BASE_PLAN_NEVER;
		c->roles[i] =
			(uint8_t)((m->blob->flags & STOCK_NEEDED ? BASE_PLAN_NEEDED : 0) |
		                  (m->blob->flags & STOCK_PINNED ? BASE_PLAN_PINNED : 0));
		for (size_t j = 0; j < c->count; j++)
			group_way(c, i, j)->have = BASE_PLAN_NEVER;
	}
}

int group_costs_make(struct group_costs *out, const struct stock *s, size_t group,
                     struct err *err)
{
	struct group_costs *c = out;
	size_t first;

	*c = (struct group_costs){ .stock = s };
	c->count = stock_group(s, group, &first);
	int rc = allocate(c, err);
	if (rc)
		return rc;
	begin(c, first);
	note_solos(c);
	note_deltas(c);
	for (size_t i = 0; i < c->count; i++)
		find_readable(c, i);
	find_now(c);
	guess_all(c);
	return 0;
}

void group_costs_wipe(struct group_costs *c)
{
	for (size_t i = 0; i < c->count && c->members; i++)
		c->members[i].extent.finding = NULL;
	free(c->members);
	free(c->ways);
	free(c->solo);
	free(c->delta);
	free(c->aside);
	free(c->roles);
	free(c->now);
	*c = (struct group_costs){ .count = 0 };
}
