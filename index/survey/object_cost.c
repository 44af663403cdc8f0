#include "index/survey/object_cost.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/low_rank.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_look.h"
#include "index/blob/blob_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/work/blob_set.h"
#include "index/work/lanes.h"

struct costing {
	const struct transfer *transfer;
	const struct extents *extents;
	struct extent_cost *costs;
	unsigned flags;
};

static int read_codec(const struct transfer *t, const struct extent *x, const char *key,
                      struct extent_cost *cost, struct err *err)
{
	struct blob_want want = { .id = x->id, .size = x->size, .key = key };
	struct blob_source *source;
	int rc = record_source_open(t, &want, &source, err);

	if (rc)
		return rc;
	const struct record_head *head = record_source_head(source);
	cost->codec = head->codec;
	cost->prediction = head->prediction;
	cost->rank = head->low_rank ? head->low_rank->rank : 0;
	blob_source_close(source);
	return 0;
}

static int cost_of_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct costing *c = ctx;
	const struct extent *x = &c->extents->list[i];
	struct extent_cost *cost = &c->costs[i];
	struct blob_place place;

	(void)lane;
	if (x->inlined)
		return 0;
	int rc = blob_look(c->transfer, &x->id, &place, err);
	if (rc < 0)
		return rc;
	cost->missing = rc > 0;
	if (cost->missing)
		return 0;
	cost->stored = place.stored;
	cost->record = place.record;
	if (c->flags & OBJECT_COST_CODECS)
		return read_codec(c->transfer, x, place.key, cost, err);
	return 0;
}

static int mark_repeated(const struct extents *x, struct extent_cost *costs,
                         struct err *err)
{
	struct blob_set *seen;
	int rc = blob_set_new(&seen, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < x->count && rc >= 0; i++) {
		if (x->list[i].inlined)
			continue;
		rc = blob_set_add(seen, &x->list[i].id, err);
		costs[i].counted_before = rc == 1;
	}
	blob_set_free(seen);
	return rc < 0 ? rc : 0;
}

int object_cost_find(const struct transfer *t, const struct manifest *m, unsigned flags,
                     struct extent_cost **out, struct err *err)
{
	struct costing c = { .transfer = t, .extents = &m->extents, .flags = flags };
	size_t count = m->extents.count;

	c.costs = calloc(count ? count : 1, sizeof(*c.costs));
	if (!c.costs)
		return err_nomem(err, "costs");
	struct lanes_work work = { .count = count, .task = cost_of_one, .ctx = &c };
	int rc = lanes_run(t->lanes, &work, err);
	if (!rc)
		rc = mark_repeated(&m->extents, c.costs, err);
	if (rc) {
		free(c.costs);
		return rc;
	}
	*out = c.costs;
	return 0;
}

/* ---------------------------------------------------------------- the sum */

struct summing {
	struct store *store;
	struct blob_set *counted; /* by as much of their ids as stands in a delta's key */
	struct object_sum sum;
};

static struct oid begin_of(const uint8_t id[KEY_BASE_PREFIX])
{
	struct oid begin = { { 0 } };

	memcpy(begin.bytes, id, KEY_BASE_PREFIX);
	return begin;
}

static uint64_t remembered_size(const struct extent *x, const uint8_t *base)
{
	const struct extent_finding *f = extent_finding(x);

	for (unsigned i = 0; i < f->base_count; i++)
		if (memcmp(f->bases[i], base, EXTENT_BASE_PREFIX) == 0)
			return f->base_stored[i];
	return 0;
}

/* Adds the bases of one record that were not counted yet. One that is gone is for `fsck`
 * to tell. */
static int add_bases(struct summing *s, const struct extent *x,
                     const struct extent_cost *cost, struct err *err)
{
	for (unsigned i = 0; i < cost->record.base_count; i++) {
		const uint8_t *base = cost->record.bases[i];
		struct oid begin = begin_of(base);
		struct blob_place place = { .stored = remembered_size(x, base) };
		int rc = blob_set_add(s->counted, &begin, err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			continue;
		rc = place.stored ? 0 : blob_find_base(s->store, base, &place, err);
		if (rc < 0)
			return rc;
		s->sum.needed += rc ? 0 : place.stored;
	}
	return 0;
}

static int add_own(struct summing *s, const struct manifest *m,
                   const struct extent_cost *costs, struct err *err)
{
	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		struct oid begin = begin_of(x->id.bytes);
		if (x->inlined || costs[i].counted_before)
			continue;
		s->sum.stored += costs[i].stored;
		s->sum.added += extent_finding(x)->tried_count ? costs[i].stored : 0;
		int rc = blob_set_add(s->counted, &begin, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int object_cost_sum(const struct transfer *t, const struct manifest *m,
                    const struct extent_cost *costs, struct object_sum *out,
                    struct err *err)
{
	struct summing s = { .store = t->store };
	int rc = blob_set_new(&s.counted, err);

	s.sum.stored = s.sum.added = m->stored;
	if (!rc)
		rc = add_own(&s, m, costs, err);
	s.sum.needed = s.sum.stored;
	for (size_t i = 0; i < m->extents.count && !rc; i++)
		rc = add_bases(&s, &m->extents.list[i], &costs[i], err);
	blob_set_free(s.counted);
	if (!rc)
		*out = s.sum;
	return rc;
}
