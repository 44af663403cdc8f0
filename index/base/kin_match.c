#include "index/base/kin_match.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/kin_key.h"
#include "index/base/kin_layers.h"
#include "index/model/extent.h"
#include "index/model/tensor_name.h"

enum {
	NEAR_MAX = 4,   /* tensors of the model that are kept for one */
	SIGNS_MAX = 8,  /* that differ in a sketch that may be near: of strangers 12 do */
	TIE_STEPS = 16, /* and an eighth: within that samples cannot tell two apart */
	TIE_PART = 8
};

/* A tensor of the model. */
struct kin_tensor {
	const struct extent *extent;
	uint64_t key;
	uint32_t signs;
	bool taken; /* it is the base of one */
};

struct near {
	struct kin_tensor *kin;
	struct sketch_gap gap;
	bool named; /* it has the name of the tensor it is near to */
};

/* A tensor that is wanted, and what is near. */
struct seeker {
	const struct extent *extent;
	size_t number;              /* in the task */
	struct near near[NEAR_MAX]; /* nearest first */
	size_t count;
	const struct near *choice;
};

struct matching {
	struct kin_tensor *model; /* sorted by key */
	size_t model_count;
	struct seeker *seekers;
	size_t seeker_count;
	struct kin_pair *pairs; /* room for one of each seeker */
	struct kin_layers *layers;
};

/* ---------------------------------------------------------------- who is near */

static int by_key(const void *a, const void *b)
{
	const struct kin_tensor *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->extent->offset < y->extent->offset
	               ? -1
	               : x->extent->offset > y->extent->offset;
}

static size_t first_of_key(const struct matching *m, uint64_t key)
{
	size_t low = 0, high = m->model_count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (m->model[at].key < key)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static bool same_name(const struct extent *x, const struct extent *base)
{
	return *x->name &&
	       strcmp(tensor_name_core(x->name), tensor_name_core(base->name)) == 0;
}

/* Of two as near as one another the named one comes first: it is never pushed out. */
static bool comes_before(const struct near *a, const struct near *b)
{
	if (a->gap.steps != b->gap.steps)
		return a->gap.steps < b->gap.steps;
	return a->named && !b->named;
}

static void add_near(struct seeker *s, const struct near *one)
{
	size_t at = s->count;

	while (at > 0 && comes_before(one, &s->near[at - 1]))
		at--;
	if (at == NEAR_MAX && !one->named)
		return;
	if (at == NEAR_MAX)
		at--;
	if (s->count < NEAR_MAX)
		s->count++;
	memmove(&s->near[at + 1], &s->near[at], (s->count - at - 1) * sizeof(s->near[0]));
	s->near[at] = *one;
}

static void look_around(const struct matching *m, struct seeker *s)
{
	const struct extent *x = s->extent;
	const struct tensor_sketch *sketch = &extent_finding(x)->sketch;
	uint64_t key = kin_key(x);
	uint32_t signs = kin_signs(x);

	for (size_t i = first_of_key(m, key);
	     i < m->model_count && m->model[i].key == key; i++) {
		struct near one = { .kin = &m->model[i] };
		const struct extent *base = one.kin->extent;
		if (__builtin_popcount(signs ^ one.kin->signs) > SIGNS_MAX)
			continue;
		one.gap = tensor_sketch_gap(x->dtype, sketch,
		                            &extent_finding(base)->sketch);
		if (sketch_gap_class(x->dtype, &one.gap) > GAP_NEAR)
			continue;
		one.named = same_name(x, base);
		add_near(s, &one);
	}
}

/* ---------------------------------------------------------------- choices */

/* How many, from the nearest, are as near as samples can tell. */
static size_t ties_of(const struct seeker *s)
{
	size_t ties = 0;

	while (ties < s->count &&
	       s->near[ties].gap.steps <=
	               s->near[0].gap.steps * (TIE_PART + 1) / TIE_PART + TIE_STEPS)
		ties++;
	return ties;
}

static int learn(struct matching *m, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < m->seeker_count; i++)
		if (m->seekers[i].choice)
			m->pairs[count++] = (struct kin_pair){
				m->seekers[i].extent, m->seekers[i].choice->kin->extent
			};
	return kin_layers_learn(m->layers, m->pairs, count, err);
}

static void choose(struct seeker *s, const struct near *one)
{
	s->choice = one;
	one->kin->taken = true;
}

static void choose_sure(struct matching *m)
{
	for (size_t i = 0; i < m->seeker_count; i++)
		if (ties_of(&m->seekers[i]) == 1)
			choose(&m->seekers[i], &m->seekers[i].near[0]);
}

/* The best of those that are as near: by name, by the layer, one that is free. */
static void choose_tied(struct matching *m)
{
	for (size_t i = 0; i < m->seeker_count; i++) {
		struct seeker *s = &m->seekers[i];
		const struct extent *told = kin_layers_propose(m->layers, s->extent);
		const struct near *best = NULL;
		int most = -1;
		for (size_t k = 0; k < ties_of(s) && !s->choice; k++) {
			const struct near *one = &s->near[k];
			int score = 4 * one->named + 2 * (one->kin->extent == told) +
			            !one->kin->taken;
			if (score > most) {
				most = score;
				best = one;
			}
		}
		if (best)
			choose(s, best);
	}
}

/* What the neighbours tell of a tensor that is near none. */
static void propose(const struct matching *m, const struct seeker *s,
                    struct kin_match *out)
{
	const struct extent *x = s->extent;
	const struct extent *told = kin_layers_propose(m->layers, x);

	if (!told || !kin_is_telling(told) || kin_key(told) != kin_key(x))
		return;
	struct sketch_gap gap = tensor_sketch_gap(x->dtype, &extent_finding(x)->sketch,
	                                          &extent_finding(told)->sketch);
	if (sketch_gap_class(x->dtype, &gap) != GAP_FAR)
		*out = (struct kin_match){ told, gap };
}

/* ---------------------------------------------------------------- the whole */

static int prepare(struct matching *m, const struct kin_task *task, struct err *err)
{
	const struct extents *model = task->model;

	m->model = calloc(model->count + 1, sizeof(*m->model));
	m->seekers = calloc(task->count + 1, sizeof(*m->seekers));
	m->pairs = calloc(task->count + 1, sizeof(*m->pairs));
	if (!m->model || !m->seekers || !m->pairs)
		return err_nomem(err, "a comparison of models");
	for (size_t i = 0; i < model->count; i++)
		if (kin_is_telling(&model->list[i]))
			m->model[m->model_count++] = (struct kin_tensor){
				.extent = &model->list[i],
				.key = kin_key(&model->list[i]),
				.signs = kin_signs(&model->list[i])
			};
	for (size_t i = 0; i < task->count; i++)
		if (kin_is_telling(task->wanted[i]))
			m->seekers[m->seeker_count++] =
				(struct seeker){ .extent = task->wanted[i], .number = i };
	if (m->model_count)
		qsort(m->model, m->model_count, sizeof(*m->model), by_key);
	return kin_layers_new(model, &m->layers, err);
}

static int match_all(struct matching *m, struct kin_match *out, struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < m->seeker_count; i++) {
		look_around(m, &m->seekers[i]);
		found += m->seekers[i].count > 0;
	}
	if (!found)
		return 0;
	choose_sure(m);
	int rc = learn(m, err);
	if (rc)
		return rc;
	choose_tied(m);
	rc = learn(m, err);
	for (size_t i = 0; i < m->seeker_count && !rc; i++) {
		const struct seeker *s = &m->seekers[i];
		if (s->choice)
			out[s->number] = (struct kin_match){ s->choice->kin->extent,
				                             s->choice->gap };
		else
			propose(m, s, &out[s->number]);
	}
	return rc;
}

int kin_match(const struct kin_task *task, struct kin_match *out, struct err *err)
{
	struct matching m = { .model = NULL };
	int rc = prepare(&m, task, err);

	memset(out, 0, task->count * sizeof(*out));
	if (!rc)
		rc = match_all(&m, out, err);
	kin_layers_free(m.layers);
	free(m.model);
	free(m.seekers);
	free(m.pairs);
	return rc;
}
