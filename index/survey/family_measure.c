/* How far a member of a family is from its parent, on samples. */
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/relatives.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/survey/family.h"
#include "index/survey/model_side.h"
#include "index/survey/object_cost.h"
#include "index/survey/word_diff.h"

enum {
	SAMPLES = 8,              /* tensors of a member, evenly spread */
	SAMPLE_BYTES = 512 * 1024 /* of each, from its beginning */
};

/* The tensor of the parent that is the base of `x`, or NULL. */
static const struct extent *find_base(const struct extents *parent,
                                      const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);

	for (size_t i = 0; i < parent->count; i++)
		if (f->base_count && !parent->list[i].inlined &&
		    memcmp(parent->list[i].id.bytes, f->bases[0], EXTENT_BASE_PREFIX) ==
		            0)
			return &parent->list[i];
	return NULL;
}

/* The tensors of `x` that have a base in `parent`; returns how many. */
static size_t list_pairs(const struct extents *x, const struct extents *parent,
                         const struct extent **own, const struct extent **bases)
{
	size_t count = 0;

	for (size_t i = 0; i < x->count; i++) {
		const struct extent *base = find_base(parent, &x->list[i]);
		if (base && relatives_alike(&x->list[i], base)) {
			own[count] = &x->list[i];
			bases[count++] = base;
		}
	}
	return count;
}

/* What a sample tells; one that cannot be read tells nothing. */
static void sample(struct word_diff *words, const struct word_pair *pair,
                   struct family_distance *out)
{
	struct word_count count = { .words = 0 };
	struct err ignored = ERR_INIT;

	if (word_diff_run(words, pair, &count, &ignored))
		return;
	out->sampled.words += count.words;
	out->sampled.bits += count.bits;
}

static int sample_pairs(const struct transfer *t, const struct model_side *parent,
                        const struct model_side *own, struct family_distance *out,
                        struct err *err)
{
	const struct extents *x = own->parts[0]->extents;
	const struct extent **list = calloc(2 * x->count + 1, sizeof(*list));
	struct word_diff *words = NULL;

	if (!list)
		return err_nomem(err, "a list of tensors");
	int rc = word_diff_new(t, &words, err);
	size_t count =
		rc ? 0 : list_pairs(x, parent->parts[0]->extents, list, list + x->count);
	size_t samples = count < SAMPLES ? count : SAMPLES;
	for (size_t i = 0; i < samples; i++) {
		size_t at = count * i / samples;
		const struct word_pair pair = {
			parent,        parent->parts[0], list[x->count + at], own,
			own->parts[0], list[at],         SAMPLE_BYTES
		};
		sample(words, &pair, out);
	}
	word_diff_free(words);
	free(list);
	return rc;
}

static int add_costs(const struct transfer *t, const struct manifest *m,
                     struct family_distance *out, struct err *err)
{
	struct extent_cost *costs = NULL;
	int rc = object_cost_find(t, m, 0, &costs, err);

	for (size_t i = 0; !rc && i < m->extents.count; i++)
		out->stored += costs[i].counted_before ? 0 : costs[i].stored;
	free(costs);
	return rc;
}

int family_measure(const struct transfer *t, const struct family *f, int i,
                   struct family_distance *out, struct err *err)
{
	const struct family_member *m = &f->list[i];
	struct model_side own = { .transfer = t }, parent = { .transfer = t };
	struct family_distance found = { .stored = 0 };
	int rc = model_side_add_object(&own, "", &m->oid, err);

	if (!rc)
		rc = add_costs(t, &own.parts[0]->manifest, &found, err);
	if (!rc && m->parent != FAMILY_NONE && !m->shares) {
		rc = model_side_add_object(&parent, "", &f->list[m->parent].oid, err);
		if (!rc)
			rc = sample_pairs(t, &parent, &own, &found, err);
	}
	model_side_wipe(&own);
	model_side_wipe(&parent);
	if (!rc)
		*out = found;
	return rc;
}
