/*
 * Two halves: the tensors of both sides are matched by name; then each pair is
 * compared by word_diff.c.
 */
#include "index/survey/model_diff.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/relatives.h"
#include "index/base/tensor_names.h"
#include "index/model/format_table.h"
#include "index/survey/model_side.h"

/* A tensor of a side, or a file that is not a model. */
struct item {
	struct side_part *part;
	const struct extent *x; /* NULL: the file */
	size_t order;
	bool used;
	struct item *old; /* of a new one: what it is compared with, or NULL */
};

struct items {
	struct item *list;
	struct item **by_name; /* sorted */
	size_t count;
};

struct comparing {
	struct model_side *a, *b;
	struct items old, new;
	struct word_diff *words;
	struct model_diff_sum sum;
};

/* ---------------------------------------------------------------- matching */

static const char *name_of(const struct item *i)
{
	return i->x ? i->x->name : i->part->name;
}

/* Files first, then tensors; by name, by file, by order. */
static int compare_names(const struct item *a, const struct item *b)
{
	if (!a->x != !b->x)
		return a->x ? 1 : -1;
	return strcmp(name_of(a), name_of(b));
}

static int by_name(const void *left, const void *right)
{
	const struct item *a = *(struct item *const *)left,
			  *b = *(struct item *const *)right;
	int order = compare_names(a, b);

	return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static bool is_item(const struct side_part *p, const struct extent *x)
{
	return format_of(p->extents->model)->has_tensors && x->kind == EXTENT_TENSOR;
}

static size_t count_items(const struct model_side *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct extents *x = s->parts[i]->extents;
		count += !format_of(x->model)->has_tensors;
		for (size_t k = 0; k < x->count; k++)
			count += is_item(s->parts[i], &x->list[k]);
	}
	return count;
}

static int list_items(const struct model_side *s, struct items *out, struct err *err)
{
	size_t count = count_items(s), n = 0;

	out->list = calloc(count + 1, sizeof(*out->list));
	out->by_name = calloc(count + 1, sizeof(struct item *));
	if (!out->list || !out->by_name)
		return err_nomem(err, "a list of tensors");
	for (size_t i = 0; i < s->count; i++) {
		const struct extents *x = s->parts[i]->extents;
		if (!format_of(x->model)->has_tensors)
			out->list[n++] = (struct item){ .part = s->parts[i] };
		for (size_t k = 0; k < x->count; k++)
			if (is_item(s->parts[i], &x->list[k]))
				out->list[n++] = (struct item){ s->parts[i], &x->list[k],
					                        0, false, NULL };
	}
	for (size_t i = 0; i < n; i++) {
		out->list[i].order = i;
		out->by_name[i] = &out->list[i];
	}
	out->count = n;
	qsort(out->by_name, n, sizeof(struct item *), by_name);
	return 0;
}

static void items_wipe(struct items *i)
{
	free(i->list);
	free(i->by_name);
}

/* The old one that `new` is compared with: of the same name, in a file of the same
 * name if there is one. Two single files are compared whatever they are called. */
static struct item *find_old(const struct comparing *c, const struct item *new)
{
	struct item *first = NULL;
	size_t low = 0, high = c->old.count;

	if (!new->x && c->a->count == 1 && c->b->count == 1 && c->old.count == 1 &&
	    !c->old.list[0].x)
		return &c->old.list[0];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_names(c->old.by_name[middle], new) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < c->old.count && compare_names(c->old.by_name[low], new) == 0;
	     low++) {
		struct item *old = c->old.by_name[low];
		if (old->used)
			continue;
		if (strcmp(old->part->name, new->part->name) == 0)
			return old;
		if (!first)
			first = old;
	}
	return first;
}

static void match_names(struct comparing *c)
{
	for (size_t i = 0; i < c->new.count; i++) {
		struct item *new = &c->new.list[i];
		new->old = find_old(c, new);
		if (new->old)
			new->old->used = true;
	}
}

/* The tensors of the old side that have no namesake, in one list; (*items)[i] belongs to
 * the tensor i. */
static int list_unmatched(const struct comparing *c, struct extents *out,
                          struct item ***items, struct err *err)
{
	out->list = calloc(c->old.count + 1, sizeof(*out->list));
	*items = calloc(c->old.count + 1, sizeof(**items));
	if (!out->list || !*items)
		return err_nomem(err, "a list of tensors");
	for (size_t i = 0; i < c->old.count; i++) {
		struct item *old = &c->old.list[i];
		if (!old->x || old->used)
			continue;
		out->list[out->count] = *old->x;
		out->list[out->count].inlined = false; /* small ones are compared, too */
		(*items)[out->count++] = old;
	}
	return 0;
}

/* Tensors without a namesake are compared with what a push would code them against: in a
 * wrapper they have another prefix. */
static void match_relations(struct comparing *c, const struct tensor_names *names,
                            const struct extents *old, struct item *const *items)
{
	for (size_t i = 0; i < c->new.count; i++) {
		struct item *new = &c->new.list[i];
		struct tensor_relation relation;
		if (new->old || !new->x ||
		    !tensor_names_relate(names, new->x, &relation) ||
		    relation.kind > RELATION_WINDOW)
			continue;
		struct item *like = items[relation.bases[0] - old->list];
		if (like->used)
			continue;
		new->old = like;
		like->used = true;
	}
}

static int match_all(struct comparing *c, struct err *err)
{
	struct extents unmatched = { .count = 0 };
	struct tensor_names *names = NULL;
	struct item **items = NULL;

	match_names(c);
	int rc = list_unmatched(c, &unmatched, &items, err);
	if (!rc && unmatched.count)
		rc = tensor_names_new(&unmatched, &names, err);
	if (!rc && names)
		match_relations(c, names, &unmatched, items);
	tensor_names_free(names);
	free(unmatched.list);
	free(items);
	return rc;
}

/* ---------------------------------------------------------------- comparing */

static uint64_t size_of(const struct item *i)
{
	return i->x ? i->x->size : i->part->extents->size;
}

/* What is known without reading. */
static bool same_id(const struct item *a, const struct item *b)
{
	return a->part->stored && b->part->stored && a->x->size == b->x->size &&
	       oid_equal(&a->x->id, &b->x->id);
}

static bool same_meaning(const struct extent *a, const struct extent *b)
{
	return a->dtype == b->dtype && a->size == b->size &&
	       a->dim_count == b->dim_count &&
	       memcmp(a->dims, b->dims, a->dim_count * sizeof(a->dims[0])) == 0;
}

static int compare_tensors(struct comparing *c, const struct item *old,
                           const struct item *new, struct tensor_diff *d, struct err *err)
{
	bool same = same_meaning(old->x, new->x);

	d->old = old->x;
	d->new = new->x;
	d->kind = DIFF_CHANGED;
	if (same && (same_id(old, new) || !new->x->size)) {
		d->kind = DIFF_EQUAL;
		return 0;
	}
	if (!relatives_alike(new->x, old->x))
		return 0;
	struct word_pair pair = { c->a, old->part, old->x, c->b, new->part, new->x, 0 };
	int rc = word_diff_run(c->words, &pair, &d->count, err);
	if (rc)
		return err_context(err, "tensor '%s'", new->x->name);
	d->compared = true;
	if (same && !d->count.changed)
		d->kind = DIFF_EQUAL;
	return 0;
}

/* Of files that are not models the oids tell whether they are the same. */
static int compare_files(struct comparing *c, const struct item *old,
                         const struct item *new, struct tensor_diff *d, struct err *err)
{
	int rc = model_side_name(c->a, err);

	if (!rc)
		rc = model_side_name(c->b, err);
	if (!rc)
		d->kind = oid_equal(&old->part->oid, &new->part->oid) ? DIFF_EQUAL
		                                                      : DIFF_CHANGED;
	return rc;
}

static void sum_up(struct model_diff_sum *s, const struct tensor_diff *d)
{
	s->tensors[d->kind]++;
	s->old_size += d->old_size;
	s->new_size += d->new_size;
	if (d->kind == DIFF_EQUAL && d->new)
		s->count.words += d->new->size / dtype_unit(d->new->dtype);
	if (d->kind == DIFF_CHANGED && d->compared) {
		s->count.words += d->count.words;
		s->count.changed += d->count.changed;
		s->count.bits += d->count.bits;
	}
	if (d->kind == DIFF_CHANGED && d->count.delta)
		s->count.delta += d->count.delta;
	else if (d->kind == DIFF_CHANGED || d->kind == DIFF_NEW)
		s->unlike += d->new_size;
}

static int compare_item(struct comparing *c, struct item *new, struct tensor_diff *d,
                        struct err *err)
{
	struct item *old = new->old;

	*d = (struct tensor_diff){ .kind = DIFF_NEW,
		                   .new_part = new->part,
		                   .new = new->x,
		                   .new_size = size_of(new) };
	if (!old)
		return 0;
	d->old_part = old->part;
	d->old_size = size_of(old);
	return new->x ? compare_tensors(c, old, new, d, err)
	              : compare_files(c, old, new, d, err);
}

static int compare_all(struct comparing *c, const struct model_diff_request *request,
                       struct err *err)
{
	struct tensor_diff d;
	int rc = 0;

	for (size_t i = 0; !rc && i < c->new.count; i++) {
		rc = compare_item(c, &c->new.list[i], &d, err);
		if (rc)
			break;
		sum_up(&c->sum, &d);
		rc = request->each(request->ctx, &d);
	}
	for (size_t i = 0; !rc && i < c->old.count; i++) {
		const struct item *old = &c->old.list[i];
		if (old->used)
			continue;
		d = (struct tensor_diff){ .kind = DIFF_GONE,
			                  .old_part = old->part,
			                  .old = old->x,
			                  .old_size = size_of(old) };
		sum_up(&c->sum, &d);
		rc = request->each(request->ctx, &d);
	}
	return rc;
}

int model_diff_run(const struct model_diff_request *request, struct model_diff_sum *out,
                   struct err *err)
{
	struct comparing c = { .a = request->old, .b = request->new };
	int rc = word_diff_new(c.a->transfer, &c.words, err);

	if (!rc)
		rc = list_items(c.a, &c.old, err);
	if (!rc)
		rc = list_items(c.b, &c.new, err);
	if (!rc)
		rc = match_all(&c, err);
	if (!rc)
		rc = compare_all(&c, request, err);
	if (!rc)
		*out = c.sum;
	items_wipe(&c.old);
	items_wipe(&c.new);
	word_diff_free(c.words);
	return rc;
}
