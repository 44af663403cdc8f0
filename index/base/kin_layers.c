#include "index/base/kin_layers.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/layer_name.h"
#include "index/model/extent.h"

struct placed {
	struct layer_name name;
	const struct extent *extent;
};

/* What a pair says; and, after the count, what most pairs said. */
struct vote {
	struct layer_name x, base;
};

struct votes {
	struct vote *list; /* owned; sorted */
	size_t count;
};

struct kin_layers {
	struct placed *placed; /* the model's, sorted by head, layer and tail */
	size_t placed_count;
	struct votes layers, roles;
};

/* ---------------------------------------------------------------- the model's tensors */

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = layer_name_compare_layer(&x->name, &y->name);

	return order ? order : strcmp(x->name.tail, y->name.tail);
}

int kin_layers_new(const struct extents *model, struct kin_layers **out, struct err *err)
{
	struct kin_layers *l = calloc(1, sizeof(*l));

	if (l)
		l->placed = calloc(model->count + 1, sizeof(*l->placed));
	if (!l || !l->placed) {
		kin_layers_free(l);
		return err_nomem(err, "the layers of a model");
	}
	for (size_t i = 0; i < model->count; i++) {
		struct placed one = { .extent = &model->list[i] };
		if (one.extent->name && !one.extent->inlined &&
		    layer_name_of(one.extent->name, &one.name))
			l->placed[l->placed_count++] = one;
	}
	if (l->placed_count)
		qsort(l->placed, l->placed_count, sizeof(*l->placed), by_place);
	*out = l;
	return 0;
}

void kin_layers_free(struct kin_layers *l)
{
	if (!l)
		return;
	free(l->placed);
	free(l->layers.list);
	free(l->roles.list);
	free(l);
}

/* ---------------------------------------------------------------- counting votes */

static int by_layer(const void *a, const void *b)
{
	const struct vote *v = a, *w = b;
	int order = layer_name_compare_layer(&v->x, &w->x);

	return order ? order : layer_name_compare_layer(&v->base, &w->base);
}

static int by_role(const void *a, const void *b)
{
	const struct vote *v = a, *w = b;
	int order = layer_name_compare_role(&v->x, &w->x);

	return order ? order : strcmp(v->base.tail, w->base.tail);
}

typedef int name_order_fn(const struct layer_name *a, const struct layer_name *b);

/* Sorts the votes, and leaves of those for one thing, as `same` says, what most said; of
 * as many the first. */
static void count_votes(struct votes *votes, int (*order)(const void *, const void *),
                        name_order_fn *same)
{
	struct vote *list = votes->list;
	size_t kept = 0, most = 0;

	if (votes->count)
		qsort(list, votes->count, sizeof(*list), order);
	for (size_t i = 0, end; i < votes->count; i = end) {
		for (end = i + 1; end < votes->count && !order(&list[i], &list[end]);)
			end++;
		if (kept && !same(&list[kept - 1].x, &list[i].x)) {
			if (end - i > most) {
				most = end - i;
				list[kept - 1] = list[i];
			}
		} else {
			most = end - i;
			list[kept++] = list[i];
		}
	}
	votes->count = kept;
}

static int room_for(struct votes *votes, size_t count)
{
	free(votes->list);
	*votes = (struct votes){ .list = calloc(count + 1, sizeof(*votes->list)) };
	return votes->list ? 0 : ERR_NOMEM;
}

int kin_layers_learn(struct kin_layers *l, const struct kin_pair *pairs, size_t count,
                     struct err *err)
{
	if (room_for(&l->layers, count) || room_for(&l->roles, count))
		return err_nomem(err, "the layers of a model");
	for (size_t i = 0; i < count; i++) {
		struct vote vote;
		if (!pairs[i].x->name || !layer_name_of(pairs[i].x->name, &vote.x) ||
		    !layer_name_of(pairs[i].base->name, &vote.base))
			continue;
		l->layers.list[l->layers.count++] = vote;
		l->roles.list[l->roles.count++] = vote;
	}
	count_votes(&l->layers, by_layer, layer_name_compare_layer);
	count_votes(&l->roles, by_role, layer_name_compare_role);
	return 0;
}

/* ---------------------------------------------------------------- asking */

/* The number of the first vote that is not before `x`. */
static size_t first_vote(const struct votes *votes, const struct layer_name *x,
                         name_order_fn *order)
{
	size_t low = 0, high = votes->count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (order(&votes->list[at].x, x) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* The layer of the model that became that of `x`: as was said; else as far from where the
 * layer before it, or behind it, came from. */
static bool layer_of(const struct kin_layers *l, const struct layer_name *x,
                     struct layer_name *out)
{
	const struct votes *votes = &l->layers;
	size_t at = first_vote(votes, x, layer_name_compare_layer);
	const struct vote *found = NULL;

	const struct vote *behind = at < votes->count ? &votes->list[at] : NULL;

	if (at > 0 && !layer_name_compare_head(&votes->list[at - 1].x, x))
		found = &votes->list[at - 1];
	if (behind && (!layer_name_compare_layer(&behind->x, x) ||
	               (!found && !layer_name_compare_head(&behind->x, x))))
		found = behind;
	if (!found)
		return false;
	*out = found->base;
	/* One that would come before the first is none of the model's. */
	out->layer += x->layer - found->x.layer;
	return true;
}

const struct extent *kin_layers_propose(const struct kin_layers *l,
                                        const struct extent *x)
{
	struct placed key = { .extent = NULL };
	struct layer_name name;

	if (!x->name || !l->placed_count || !layer_name_of(x->name, &name) ||
	    !layer_of(l, &name, &key.name))
		return NULL;
	size_t at = first_vote(&l->roles, &name, layer_name_compare_role);
	if (at == l->roles.count || layer_name_compare_role(&l->roles.list[at].x, &name))
		return NULL;
	key.name.tail = l->roles.list[at].base.tail;
	const struct placed *found = bsearch(&key, l->placed, l->placed_count,
	                                     sizeof(key), by_place);
	return found ? found->extent : NULL;
}
