#include "agent/session/push_ahead.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/push_refs.h"
#include "agent/session/push_small.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/lanes.h"

enum {
	BATCH_MAX = 256,                /* looked up at once, */
	BATCH_BYTES = 32 * 1024 * 1024, /* of small ones, about, */
	BATCH_FREE = 32,  /* so many without evidence that they are wanted, */
	PER_ASKED = 4,    /* and more for each that was asked for */
	SMALL_LANES = 16, /* at the least under way at once */
	OWNED_MIN = 8,    /* objects for which it pays to list what is ours */
	OWNED_MAX = 20000 /* listed at the most: twenty requests */
};

struct candidate {
	struct oid oid;
	uint64_t size; /* bytes */
	enum object_state state;
	bool looked_up;
};

struct push_ahead {
	const struct transfer *transfer;
	const struct git_paths *paths;
	const char *remote;
	bool planned, everything; /* which plan there is */
	bool exact;               /* it holds what is being pushed and nothing else */
	size_t asked;             /* objects that git-lfs offered */
	struct candidate *list;   /* sorted by oid; owned */
	size_t count;
};

/* ---------------------------------------------------------------- the plan */

static int by_oid(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return oid_compare(&x->oid, &y->oid);
}

static struct candidate *find(const struct push_ahead *a, const struct oid *oid)
{
	struct candidate key = { .oid = *oid };

	if (!a->count)
		return NULL;
	return bsearch(&key, a->list, a->count, sizeof(key), by_oid);
}

static void take_objects(struct push_ahead *a, const struct lfs_objects *objects)
{
	struct candidate *list = calloc(objects->count ? objects->count : 1,
	                                sizeof(*list));

	free(a->list);
	a->list = list;
	a->count = list ? objects->count : 0;
	if (!list)
		return;
	for (size_t i = 0; i < a->count; i++)
		list[i] = (struct candidate){ .oid = objects->list[i].oid,
			                      .size = objects->list[i].size };
	qsort(list, a->count, sizeof(*list), by_oid);
}

/* What the remote does not have as far as its refs here tell, of what is being pushed or,
 * where nobody told us, of all branches; or all there is. (The second "--not" ends what
 * the first begins, for what git reads after them.) */
static void plan(struct push_ahead *a)
{
	struct buf remotes = BUF_INIT, pushed = BUF_INIT;
	struct lfs_objects objects = LFS_OBJECTS_INIT;
	struct err ignored = ERR_INIT;

	if (!a->everything)
		push_refs_told(&pushed);
	a->exact = pushed.size > 0;
	buf_addf(&remotes, "--remotes=%s", a->remote ? a->remote : "origin");
	const char *known = buf_text(&remotes);
	const char *told[] = { "--ignore-missing", "--not", known, "--not", NULL };
	const char *guessed[] = {
		"--ignore-missing", "--branches", "--tags", "HEAD", "--not", known, NULL
	};
	const char *all[] = { "--ignore-missing", "--branches", "--tags", "HEAD", NULL };
	if (!remotes.failed && !pushed.failed &&
	    !lfs_objects_add(&objects, &pushed,
	                     a->exact        ? told
	                     : a->everything ? all
	                                     : guessed,
	                     &ignored)) {
		lfs_objects_unique(&objects);
		take_objects(a, &objects);
	}
	lfs_objects_wipe(&objects);
	buf_wipe(&remotes);
	buf_wipe(&pushed);
}

/* The candidate `oid`, by a wider plan where the narrow one has it not: a push to a
 * second remote, or of all again. */
static struct candidate *foresee(struct push_ahead *a, const struct oid *oid)
{
	if (!a->planned) {
		a->planned = true;
		plan(a);
	}
	struct candidate *c = find(a, oid);
	if (!c && !a->everything) {
		a->everything = true;
		plan(a);
		c = find(a, oid);
	}
	return c;
}

/* ---------------------------------------------------------------- looking up */

struct batch {
	const struct push_ahead *ahead;
	struct candidate *list[BATCH_MAX];
	size_t count;
	uint64_t bytes;       /* of those that may be stored */
	atomic_bool troubled; /* storing failed: the rest waits until it is asked for */
};

static int look_up(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct batch *b = ctx;
	struct candidate *c = b->list[i];
	/* Many objects at once instead of many lanes. */
	struct transfer narrow = transfer_view(b->ahead->transfer, 1, NULL);
	char *path = git_paths_lfs_object(b->ahead->paths, &c->oid);
	struct object_asked asked = { &c->oid, path };

	(void)lane;
	(void)err;
	struct err ignored = ERR_INIT;
	if (object_glance(&narrow, &asked, &c->state, &ignored))
		c->state = OBJECT_UNKNOWN;
	free(path);
	if (c->state != OBJECT_ABSENT || !b->ahead->exact || atomic_load(&b->troubled))
		return 0;
	int rc = push_small_store(&narrow, b->ahead->paths, &c->oid, c->size, &ignored);
	if (!rc)
		c->state = OBJECT_OURS;
	if (rc < 0) /* as when it is asked for, and then it is said */
		atomic_store(&b->troubled, true);
	return 0;
}

struct owned {
	const struct push_ahead *ahead;
	size_t seen;
};

static int take_owned(void *ctx, const struct store_entry *entry)
{
	struct owned *o = ctx;
	const char *name = strrchr(entry->key, '/');
	struct oid oid;
	struct candidate *c = NULL;

	if (name && oid_parse(name + 1, &oid))
		c = find(o->ahead, &oid);
	if (c && c->state == OBJECT_WHOLE)
		c->state = OBJECT_OURS;
	return ++o->seen == OWNED_MAX;
}

/* Where much is there already, finds out what we own: no mark is then put again. */
static void list_owned(struct push_ahead *a, const struct batch *b)
{
	struct owned owned = { a, 0 };
	struct err ignored = ERR_INIT;
	struct oid zero = { { 0 } };
	char prefix[KEY_MAX];
	size_t whole = 0;

	for (size_t i = 0; i < b->count; i++)
		whole += b->list[i]->state == OBJECT_WHOLE;
	if (whole < OWNED_MIN || !*a->transfer->repo_id)
		return;
	key_owner(a->transfer->repo_id, &zero, prefix);
	strrchr(prefix, '/')[1] = 0;
	(void)store_list(a->transfer->store, prefix, take_owned, &owned, &ignored);
}

static void take(struct batch *b, struct candidate *c)
{
	c->looked_up = true;
	b->list[b->count++] = c;
	if (b->ahead->exact && c->size <= PUSH_SMALL_MAX)
		b->bytes += c->size;
}

/* `first`, and more that were not looked up yet: how many, is a question of evidence,
 * unless we were told that they are pushed. */
static void look_up_batch(struct push_ahead *a, struct candidate *first)
{
	struct batch b = { .ahead = a };
	struct lanes_work work = { .task = look_up, .ctx = &b };
	struct err ignored = ERR_INIT;
	size_t most = a->exact ? BATCH_MAX : BATCH_FREE + PER_ASKED * a->asked;

	if (most > BATCH_MAX)
		most = BATCH_MAX;
	take(&b, first);
	for (size_t i = 0; i < a->count && b.count < most && b.bytes < BATCH_BYTES; i++)
		if (!a->list[i].looked_up)
			take(&b, &a->list[i]);
	work.count = b.count;
	/* A disk that is told to sync many small files at once takes little more time than
	 * for one: a journal is written once for all that wait. */
	unsigned lanes = a->transfer->lanes > SMALL_LANES ? a->transfer->lanes
	                                                  : SMALL_LANES;
	(void)lanes_run(lanes, &work, &ignored);
	list_owned(a, &b);
}

/* ---------------------------------------------------------------- the calls */

int push_ahead_new(const struct transfer *t, const struct git_paths *paths,
                   const char *remote, struct push_ahead **out, struct err *err)
{
	struct push_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return err_nomem(err, "a plan of the push");
	a->transfer = t;
	a->paths = paths;
	a->remote = remote;
	*out = a;
	return 0;
}

enum object_state push_ahead_state(struct push_ahead *a, const struct oid *oid)
{
	struct candidate *c = foresee(a, oid);

	a->asked++;
	if (!c)
		return OBJECT_UNKNOWN;
	if (!c->looked_up)
		look_up_batch(a, c);
	return c->state;
}

void push_ahead_free(struct push_ahead *a)
{
	if (!a)
		return;
	free(a->list);
	free(a);
}
