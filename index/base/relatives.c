#include "index/base/relatives.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/kin_match.h"
#include "index/base/tensor_names.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/tensor_name.h"

enum {
	NEARLY_PERCENT = 2, /* of all bytes: what may be left unsatisfied */
	MORE_MANIFESTS = 8  /* read for what little is left */
};

/* A tensor of the object being pushed, and what was found for it. */
struct wanted {
	const struct extent *extent;
	struct relative likes[RELATIVES_LIKES_MAX]; /* best first */
	size_t count;
	bool found;     /* something near */
	bool satisfied; /* and that is enough: nothing more is read for it */
};

/* A blob of a relative that has a local copy. */
struct local_blob {
	const struct extent *extent;
	const char *path;
};

/* The manifest of a hint. */
struct loaded {
	struct manifest manifest;
	struct loaded *next;
};

struct relatives {
	struct wanted *wanted; /* sorted by the core of the name */
	size_t wanted_count;
	const struct extent **extents; /* of the wanted, in their order */
	struct kin_match *kin;         /* room for one of each */
	uint64_t bytes, unsatisfied;   /* of all wanted, and of those not satisfied */
	uint64_t lacking;              /* of those for which nothing near was found */

	struct loaded *loaded; /* owned */
	size_t requests;

	struct local_blob *locals; /* sorted by id */
	size_t local_count;
};

/* ---------------------------------------------------------------- likeness */

bool relatives_alike(const struct extent *x, const struct extent *base)
{
	if (x->dtype != base->dtype && !cast_exists(base->dtype, x->dtype))
		return false;
	if (x->dim_count != base->dim_count)
		return false;
	for (unsigned i = 1; i < x->dim_count; i++)
		if (x->dims[i] != base->dims[i])
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(tensor_name_core(x->extent->name),
	              tensor_name_core(y->extent->name));
}

/* Among those of one name: a file may hold "a" and "model.a". */
static struct wanted *find_wanted(const struct relatives *r, const struct extent *x)
{
	struct wanted key = { .extent = x };
	struct wanted *found = NULL, *end = r->wanted + r->wanted_count;

	if (x->name && r->wanted_count)
		found = bsearch(&key, r->wanted, r->wanted_count, sizeof(key), by_name);
	if (!found)
		return NULL;
	while (found > r->wanted && by_name(found - 1, &key) == 0)
		found--;
	for (; found < end && by_name(found, &key) == 0; found++)
		if (found->extent == x)
			return found;
	return NULL;
}

/* The tensor from which the distance is told: the only one, of the same rows. */
static const struct extent *measured(const struct tensor_relation *relation)
{
	switch (relation->kind) {
	case RELATION_SAME:
	case RELATION_CAST:
	case RELATION_ROWS:
	case RELATION_TIED:
		return relation->basis.base_count == 1 ? relation->bases[0] : NULL;
	default:
		return NULL;
	}
}

/* The tensor that the relation is about, where it is one and predicts all. */
static const struct extent *single(const struct tensor_relation *relation)
{
	bool whole = relation->basis.base_count == 1 && !relation->basis.parts.count;

	return whole ? relation->bases[0] : NULL;
}

/* The beginning of the id of the base that `x` stands for. */
static const uint8_t *root_of(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);

	return f->base_count == 1 ? f->bases[0] : x->id.bytes;
}

static bool same_root(const struct tensor_relation *a, const struct tensor_relation *b)
{
	const struct extent *x = single(a), *y = single(b);

	if (x && y)
		return memcmp(root_of(x), root_of(y), EXTENT_BASE_PREFIX) == 0;
	return record_basis_equal(&a->basis, &b->basis);
}

static bool already_there(const struct wanted *w, const struct tensor_relation *like)
{
	for (size_t i = 0; i < w->count; i++)
		if (same_root(&w->likes[i].relation, like))
			return true;
	return false;
}

/* ---------------------------------------------------------------- ranking */

static bool user_said(const struct relative *a)
{
	return a->hint->source == BASE_SOURCE_USER;
}

/* Whether `a`, which came later, ranks before `b`. Distances of samples are rough:
 * only a difference of an eighth counts. */
static bool ranks_before(enum dtype dtype, const struct relative *a,
                         const struct relative *b)
{
	enum gap_class x = sketch_gap_class(dtype, &a->gap);
	enum gap_class y = sketch_gap_class(dtype, &b->gap);

	if (user_said(a) != user_said(b))
		return user_said(a);
	if (x != y)
		return x < y;
	if (a->gap.known && b->gap.known) {
		unsigned margin = b->gap.steps / 8;
		if (a->gap.steps + margin < b->gap.steps)
			return true;
		if (a->gap.steps > b->gap.steps + margin)
			return false;
	}
	return a->hint->source < b->hint->source;
}

static void insert(struct wanted *w, const struct relative *like)
{
	enum dtype dtype = w->extent->dtype;
	size_t at = w->count;

	while (at > 0 && ranks_before(dtype, like, &w->likes[at - 1]))
		at--;
	if (at == RELATIVES_LIKES_MAX)
		return;
	if (w->count < RELATIVES_LIKES_MAX)
		w->count++;
	memmove(&w->likes[at + 1], &w->likes[at],
	        (w->count - at - 1) * sizeof(w->likes[0]));
	w->likes[at] = *like;
}

/* What samples of the tensor took solo, and on its base, in thousandths, when it was pushed;
 * 0 where its manifest does not say. */
static unsigned solo_permille(const struct extent_finding *f)
{
	unsigned least = 0;

	for (unsigned i = 0; i < f->tried_count; i++) {
		const struct codec *codec = codec_by_id(f->tried[i].codec);
		if (codec && !codec->needs_base &&
		    (!least || f->tried[i].permille < least))
			least = f->tried[i].permille;
	}
	return least;
}

static unsigned delta_permille(const struct extent_finding *f)
{
	for (unsigned i = 0; i < f->candidate_count; i++)
		if (memcmp(f->candidates[i].id.bytes, f->bases[0], EXTENT_BASE_PREFIX) ==
		            0 &&
		    f->candidates[i].permille != EXTENT_UNKNOWN)
			return f->candidates[i].permille;
	return 0;
}

/* A like that is a delta stands for its base; and from that it may have drifted so far that
 * another may be the better one, however near the like is. */
static bool has_drifted(const struct tensor_relation *like)
{
	const struct extent *one = single(like);
	const struct extent_finding *f = one ? extent_finding(one) : NULL;
	unsigned solo = f ? solo_permille(f) : 0;

	return solo && f->base_count == 1 && 2 * delta_permille(f) > solo;
}

/* A marker was the nearest of all that were listed: to list more would not help. */
static bool is_near(enum dtype dtype, const struct relative *like)
{
	enum gap_class enough = like->hint->source == BASE_SOURCE_MARKER ? GAP_NEAR
	                                                                 : GAP_CLOSE;

	return user_said(like) || !like->gap.known ||
	       sketch_gap_class(dtype, &like->gap) <= enough;
}

static void take_like(struct relatives *r, struct wanted *w, struct relative *like)
{
	enum dtype dtype = w->extent->dtype;
	const struct extent *one = measured(&like->relation);

	if (one && tensor_sketch_comparable(w->extent, one))
		like->gap = tensor_sketch_gap(dtype, &extent_finding(w->extent)->sketch,
		                              &extent_finding(one)->sketch);
	insert(w, like);
	if (!is_near(dtype, like))
		return;
	if (!w->found) {
		w->found = true;
		r->lacking -= w->extent->size;
	}
	if (!w->satisfied && (user_said(like) || !has_drifted(&like->relation))) {
		w->satisfied = true;
		r->unsatisfied -= w->extent->size;
	}
}

static void take_if_new(struct relatives *r, struct wanted *w, struct relative *like)
{
	if (!already_there(w, &like->relation))
		take_like(r, w, like);
}

static int take_by_name(struct relatives *r, const struct manifest *m,
                        const struct base_hint *hint, struct err *err)
{
	struct tensor_names *names;
	int rc = tensor_names_new(&m->extents, &names, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < r->wanted_count; i++) {
		struct relative like = { .hint = hint };
		if (tensor_names_relate(names, r->wanted[i].extent, &like.relation))
			take_if_new(r, &r->wanted[i], &like);
	}
	tensor_names_free(names);
	return 0;
}

/* Those that are near whatever their names: where names were changed, or layers moved. */
static int take_by_values(struct relatives *r, const struct manifest *m,
                          const struct base_hint *hint, struct err *err)
{
	const struct kin_task task = { r->extents, r->wanted_count, &m->extents };
	int rc = kin_match(&task, r->kin, err);

	for (size_t i = 0; i < r->wanted_count && !rc; i++) {
		struct relative like = { .hint = hint, .by_values = true };
		const struct extent *base = r->kin[i].base;
		if (base && relation_by_shape(r->extents[i], base, &like.relation))
			take_if_new(r, &r->wanted[i], &like);
	}
	return rc;
}

static int take_likes(struct relatives *r, const struct manifest *m,
                      const struct base_hint *hint, struct err *err)
{
	if (!r->wanted_count)
		return 0;
	int rc = take_by_name(r, m, hint, err);
	return rc ? rc : take_by_values(r, m, hint, err);
}

/* ---------------------------------------------------------------- loading */

static bool make_room(struct relatives *r, size_t count)
{
	r->wanted = calloc(count + 1, sizeof(*r->wanted));
	r->extents = calloc(count + 1, sizeof(const struct extent *));
	r->kin = calloc(count + 1, sizeof(*r->kin));
	return r->wanted && r->extents && r->kin;
}

int relatives_new(const struct extent *const *wanted, size_t count,
                  struct relatives **out, struct err *err)
{
	struct relatives *r = calloc(1, sizeof(*r));

	if (!r || !make_room(r, count)) {
		relatives_free(r);
		return err_nomem(err, "relatives");
	}
	for (size_t i = 0; i < count; i++) {
		if (!wanted[i]->name)
			continue;
		r->wanted[r->wanted_count++].extent = wanted[i];
		r->bytes += wanted[i]->size;
	}
	r->unsatisfied = r->lacking = r->bytes;
	qsort(r->wanted, r->wanted_count, sizeof(*r->wanted), by_name);
	for (size_t i = 0; i < r->wanted_count; i++)
		r->extents[i] = r->wanted[i].extent;
	*out = r;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct local_blob *x = a, *y = b;

	return oid_compare(&x->extent->id, &y->extent->id);
}

static int add_locals(struct relatives *r, const struct manifest *m, const char *path,
                      struct err *err)
{
	size_t count = r->local_count + m->extents.count;
	struct local_blob *list = realloc(r->locals, count * sizeof(*list));

	if (!list)
		return err_nomem(err, "relatives");
	r->locals = list;
	for (size_t i = 0; i < m->extents.count; i++)
		if (!m->extents.list[i].inlined)
			list[r->local_count++] = (struct local_blob){ &m->extents.list[i],
				                                      path };
	return 0;
}

/* One hint; what cannot be read is passed over, for it is only a hint. */
static int load_one(struct relatives *r, const struct transfer *t,
                    const struct base_hint *hint, struct err *err)
{
	struct loaded *l = calloc(1, sizeof(*l));
	struct err ignored = ERR_INIT;

	if (!l)
		return err_nomem(err, "relatives");
	r->requests++;
	if (manifest_get(t->store, &hint->oid, manifest_parse_bases, &l->manifest,
	                 &ignored)) {
		free(l);
		return 0;
	}
	l->next = r->loaded;
	r->loaded = l;
	int rc = take_likes(r, &l->manifest, hint, err);
	if (!rc && hint->local_file && l->manifest.extents.count)
		rc = add_locals(r, &l->manifest, hint->local_file, err);
	return rc;
}

int relatives_load(struct relatives *r, const struct transfer *t,
                   const struct base_hints *hints, struct err *err)
{
	int rc = 0;

	for (size_t i = 0, more = 0; i < hints->count && r->unsatisfied && !rc; i++) {
		if (relatives_suffice(r) && more++ == MORE_MANIFESTS)
			break;
		rc = load_one(r, t, &hints->list[i], err);
	}
	if (r->local_count)
		qsort(r->locals, r->local_count, sizeof(*r->locals), by_id);
	return rc;
}

void relatives_free(struct relatives *r)
{
	if (!r)
		return;
	while (r->loaded) {
		struct loaded *next = r->loaded->next;
		manifest_wipe(&r->loaded->manifest);
		free(r->loaded);
		r->loaded = next;
	}
	free(r->wanted);
	free(r->extents);
	free(r->kin);
	free(r->locals);
	free(r);
}

/* ---------------------------------------------------------------- questions */

bool relatives_satisfied(const struct relatives *r, const struct extent *x)
{
	const struct wanted *w = find_wanted(r, x);

	return w && w->satisfied;
}

bool relatives_suffice(const struct relatives *r)
{
	return r->unsatisfied <= r->bytes / 100 * NEARLY_PERCENT;
}

bool relatives_found(const struct relatives *r)
{
	return r->lacking <= r->bytes / 100 * NEARLY_PERCENT;
}

size_t relatives_requests(const struct relatives *r)
{
	return r->requests;
}

size_t relatives_like(const struct relatives *r, const struct extent *x,
                      struct relative out[RELATIVES_LIKES_MAX])
{
	const struct wanted *w = find_wanted(r, x);

	if (!w)
		return 0;
	memcpy(out, w->likes, w->count * sizeof(*out));
	return w->count;
}

int relatives_local(const struct relatives *r, const struct oid *id, const char **path,
                    uint64_t *offset, uint64_t *size)
{
	struct extent wanted = { .id = *id };
	struct local_blob key = { .extent = &wanted };
	const struct local_blob *found = NULL;

	if (r->local_count)
		found = bsearch(&key, r->locals, r->local_count, sizeof(key), by_id);
	if (!found)
		return 1;
	*path = found->path;
	*offset = found->extent->offset;
	*size = found->extent->size;
	return 0;
}
