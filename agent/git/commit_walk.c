/*
 * As git's limit_list(): a queue ordered by commit time, from which the newest is
 * taken, painted, and its parents put in. A hidden commit paints its parents
 * hidden. All is painted before the first commit is shown, since hidden paint may
 * come late: clocks of committers disagree. It then costs one more visit.
 */
#include "agent/git/commit_walk.h"

#include <stdlib.h>
#include <string.h>

/* Hidden commits that are still followed when nothing else is left. */
enum { SLACK = 64 };

struct node {
	struct commit_id id;
	int64_t time;
	bool hidden;
	bool queued;
	bool met; /* was taken from the queue before */
	struct commit_id *parents;
	size_t parent_count;
};

struct commit_walk {
	commit_describe_fn *describe;
	void *ctx;
	struct node *nodes; /* in the order they were met */
	size_t count, max;
	uint32_t *slots; /* open addressing by id: 1 + index into nodes */
	size_t slot_count;
	uint32_t *queue; /* heap of indexes, newest on top */
	size_t queue_size;
	size_t shown_queued; /* of these, not hidden */
	uint32_t *order;     /* indexes, as they were taken */
	size_t order_count, order_next;
	bool painted;
};

struct commit_walk *commit_walk_new(commit_describe_fn *describe, void *ctx, size_t max)
{
	struct commit_walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->describe = describe;
	w->ctx = ctx;
	w->max = max;
	w->slot_count = 2 * max + 1;
	w->nodes = calloc(max + 1, sizeof(*w->nodes));
	w->slots = calloc(w->slot_count, sizeof(*w->slots));
	w->queue = calloc(max + 1, sizeof(*w->queue));
	w->order = calloc(max + 1, sizeof(*w->order));
	if (w->nodes && w->slots && w->queue && w->order)
		return w;
	commit_walk_free(w);
	return NULL;
}

void commit_walk_free(struct commit_walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		free(w->nodes[i].parents);
	free(w->nodes);
	free(w->slots);
	free(w->queue);
	free(w->order);
	free(w);
}

/* The slot of `id`, or the free one where it would go. */
static uint32_t *find_slot(struct commit_walk *w, const struct commit_id *id)
{
	uint64_t hash = 0;

	for (const char *p = id->hex; *p && p < id->hex + 16; p++)
		hash = hash * 31 + (unsigned char)*p;
	size_t i = (size_t)(hash % w->slot_count);
	while (w->slots[i] && strcmp(w->nodes[w->slots[i] - 1].id.hex, id->hex) != 0)
		i = (i + 1) % w->slot_count;
	return &w->slots[i];
}

/* NULL when the commit is not there, or one too many. */
static struct node *find_node(struct commit_walk *w, const struct commit_id *id)
{
	uint32_t *slot = find_slot(w, id);
	struct commit_facts facts;

	if (*slot)
		return &w->nodes[*slot - 1];
	if (w->count == w->max || !w->describe(w->ctx, id, &facts))
		return NULL;
	struct node node = { .id = *id,
		             .time = facts.time,
		             .parent_count = facts.parent_count };
	if (node.parent_count) {
		node.parents = calloc(node.parent_count, sizeof(*node.parents));
		if (!node.parents)
			return NULL;
		memcpy(node.parents, facts.parents,
		       node.parent_count * sizeof(*node.parents));
	}
	w->nodes[w->count++] = node;
	*slot = (uint32_t)w->count;
	return &w->nodes[w->count - 1];
}

/* Newest first; of the same second, what was met first: children before parents. */
static bool goes_before(const struct commit_walk *w, uint32_t a, uint32_t b)
{
	if (w->nodes[a].time != w->nodes[b].time)
		return w->nodes[a].time > w->nodes[b].time;
	return a < b;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t t = *a;
	*a = *b;
	*b = t;
}

static void enqueue(struct commit_walk *w, struct node *node)
{
	size_t i = w->queue_size++;

	node->queued = true;
	w->shown_queued += !node->hidden;
	w->queue[i] = (uint32_t)(node - w->nodes);
	while (i && goes_before(w, w->queue[i], w->queue[(i - 1) / 2])) {
		swap(&w->queue[i], &w->queue[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static struct node *dequeue(struct commit_walk *w)
{
	struct node *top = &w->nodes[w->queue[0]];
	size_t i = 0;

	w->queue[0] = w->queue[--w->queue_size];
	for (;;) {
		size_t best = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < w->queue_size &&
			    goes_before(w, w->queue[child], w->queue[best]))
				best = child;
		if (best == i)
			break;
		swap(&w->queue[i], &w->queue[best]);
		i = best;
	}
	top->queued = false;
	w->shown_queued -= !top->hidden;
	return top;
}

/* One that was met before comes again only to pass late hidden paint on. */
static void hide_node(struct commit_walk *w, struct node *node)
{
	if (node->hidden)
		return;
	if (node->queued)
		w->shown_queued--;
	node->hidden = true;
	if (!node->queued)
		enqueue(w, node);
}

void commit_walk_hide(struct commit_walk *w, const struct commit_id *id)
{
	struct node *node = find_node(w, id);

	if (node)
		hide_node(w, node);
}

void commit_walk_add(struct commit_walk *w, const struct commit_id *id)
{
	struct node *node = find_node(w, id);

	if (node && !node->queued && !node->met)
		enqueue(w, node);
}

static void take_one(struct commit_walk *w)
{
	struct node *node = dequeue(w);

	if (!node->met)
		w->order[w->order_count++] = (uint32_t)(node - w->nodes);
	node->met = true;
	for (size_t i = 0; i < node->parent_count; i++) {
		if (node->hidden)
			commit_walk_hide(w, &node->parents[i]);
		else
			commit_walk_add(w, &node->parents[i]);
	}
}

bool commit_walk_next(struct commit_walk *w, struct commit_id *out)
{
	for (unsigned slack = SLACK; !w->painted && w->queue_size && slack;
	     slack = w->shown_queued ? SLACK : slack - 1)
		take_one(w);
	w->painted = true;
	while (w->order_next < w->order_count) {
		const struct node *node = &w->nodes[w->order[w->order_next++]];
		if (node->hidden)
			continue;
		*out = node->id;
		return true;
	}
	return false;
}
