#include "index/gc/prune.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_listing.h"
#include "index/gc/gc_run.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"

void prune_wipe(struct prune *p)
{
	free(p->list);
	free(p->entries);
	*p = (struct prune){ .count = 0 };
}

/* ---------------------------------------------------------------- what keys say */

/* What a listing shows of a repository, live or in trash. */
enum { OWNERS, TRACES, KINDS };

static void add(struct buf *to, struct gc_owner *o, const char *repo)
{
	hex_parse(repo, GC_REPO, o->repo);
	buf_add(to, o, sizeof(*o));
}

static void note_live(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_owner o = { .since = entry->since };
	char repo[REPO_ID_HEX + 1];

	if (key_parse_owner(entry->key, repo, &o.oid))
		add(&part->out[OWNERS], &o, repo);
}

static void note_trash(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_owner o = { .since = entry->since };
	struct trash_key key;

	if (!trash_key_parse(entry->key, &key) ||
	    (key.kind != TRASH_OWNER && key.kind != TRASH_EXPIRED))
		return;
	o.oid = key.id;
	hex_parse(entry->key + strlen(entry->key) - KEY_NONCE_HEX, GC_NONCE, o.nonce);
	add(&part->out[key.kind == TRASH_OWNER ? OWNERS : TRACES], &o, key.repo);
}

/* Leaves those of one repository. */
static void keep_repo(struct buf *b, const char *repo_id)
{
	struct gc_owner *list = (struct gc_owner *)(void *)b->data;
	size_t n = b->size / sizeof(*list), kept = 0;
	uint8_t repo[GC_REPO];

	if (!hex_parse(repo_id, GC_REPO, repo))
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i].repo, repo, GC_REPO) == 0)
			list[kept++] = list[i];
	b->size = kept * sizeof(*list);
}

/* ---------------------------------------------------------------- the plan */

static int by_oid(const void *a, const void *b)
{
	const struct gc_owner *x = a, *y = b;
	int order = oid_compare(&x->oid, &y->oid);

	return order ? order : memcmp(x->nonce, y->nonce, GC_NONCE);
}

/* Three lists in order of oid, which are read together. */
struct merge {
	const struct gc_owner *at[3], *end[3];
};

enum { LIVE, ENTRIES, TRACED };

static void merge_begin(struct merge *m, int i, struct buf *b)
{
	m->at[i] = (const struct gc_owner *)(const void *)b->data;
	m->end[i] = m->at[i] + b->size / sizeof(struct gc_owner);
	if (b->size)
		qsort(b->data, b->size / sizeof(struct gc_owner), sizeof(struct gc_owner),
		      by_oid);
}

/* The next oid in any of them; false at the end. */
static bool merge_next(const struct merge *m, struct oid *out)
{
	const struct gc_owner *first = NULL;

	for (int i = 0; i < 3; i++)
		if (m->at[i] < m->end[i] &&
		    (!first || oid_compare(&m->at[i]->oid, &first->oid) < 0))
			first = m->at[i];
	if (first)
		*out = first->oid;
	return first != NULL;
}

/* All that list `i` has of the owner; how many there are. */
static size_t merge_take(struct merge *m, int i, struct prune_owner *o)
{
	size_t n = 0;

	for (; m->at[i] < m->end[i] && oid_equal(&m->at[i]->oid, &o->oid);
	     m->at[i]++, n++)
		if (i != TRACED && m->at[i]->since > o->youngest)
			o->youngest = m->at[i]->since;
	return n;
}

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static bool is_reached(const struct prune_request *r, const struct oid *oid)
{
	return !r->reached ||
	       (r->reached_count &&
	        bsearch(oid, r->reached, r->reached_count, sizeof(*oid), compare_oids));
}

int64_t prune_time_left(const struct prune *p, const struct gc_run *run,
                        const struct prune_owner *o)
{
	int64_t left = o->youngest + p->expire + 1 - run->ages.now;

	return left > 0 ? left : 0;
}

/* What is to be done by refs. */
static enum prune_fate fate_of(const struct prune *p, const struct gc_run *run,
                               const struct prune_owner *o)
{
	if (o->live && !o->reached)
		return PRUNE_MOVES;
	if (o->live && o->entries && gc_is_aged(&run->ages, o->youngest))
		return PRUNE_CLEARED;
	if (o->live)
		return o->entries ? PRUNE_WAITS : PRUNE_STAYS;
	if (!o->entries)
		return o->reached ? PRUNE_ADOPTED : PRUNE_STAYS;
	if (o->reached)
		return PRUNE_RETURNS;
	return prune_time_left(p, run, o) ? PRUNE_WAITS : PRUNE_EXPIRES;
}

static void settle(struct prune *p, const struct gc_run *run,
                   const struct prune_request *r, struct prune_owner *o)
{
	o->reached = is_reached(r, &o->oid);
	o->fate = fate_of(p, run, o);
	if ((r->way == PRUNE_BRING_BACK && o->fate != PRUNE_RETURNS &&
	     o->fate != PRUNE_ADOPTED) ||
	    !gc_run_has(run, &o->oid))
		o->fate = o->entries ? PRUNE_WAITS : PRUNE_STAYS;
	p->of[o->fate]++;
}

static int add_owner(struct buf *list, const struct prune_owner *o)
{
	buf_add(list, o, sizeof(*o));
	return list->failed ? ERR_NOMEM : 0;
}

/* One prune_owner for each object that any of the lists has. */
static int make_list(struct prune *p, const struct gc_run *run,
                     const struct prune_request *r, struct merge *m, struct err *err)
{
	const struct gc_owner *first = m->at[ENTRIES];
	struct buf list = BUF_INIT;
	struct oid oid;
	int rc = 0;

	while (!rc && merge_next(m, &oid)) {
		struct prune_owner o = { .oid = oid };
		o.entry = (size_t)(m->at[ENTRIES] - first);
		o.live = merge_take(m, LIVE, &o) > 0;
		o.entries = merge_take(m, ENTRIES, &o);
		o.traced = merge_take(m, TRACED, &o) > 0;
		settle(p, run, r, &o);
		rc = add_owner(&list, &o);
	}
	p->list = (struct prune_owner *)(void *)list.data;
	p->count = list.size / sizeof(*p->list);
	return rc ? err_nomem(err, "a list of owners") : 0;
}

/* Of what is asked for by name, and was never owned here, it is taken that it was: it may be
 * owned from now on. */
static int add_asked(const struct prune_request *r, struct buf *traces, struct err *err)
{
	struct gc_owner o = { .since = 0 };

	if (r->way != PRUNE_BRING_BACK)
		return 0;
	for (size_t i = 0; r->reached && i < r->reached_count; i++) {
		o.oid = r->reached[i];
		add(traces, &o, r->repo_id);
	}
	return traces->failed ? err_nomem(err, "a list of owners") : 0;
}

/* What the looks show of a repository: of each kind gc_owners. */
struct seen {
	struct buf live, entries, traces;
};

static int look(struct seen *s, const struct gc_run *run, const char *repo_id,
                struct err *err)
{
	char prefix[KEY_MAX];
	const struct gc_listing mine = {
		prefix, note_live, { &s->live }, NULL, run->watch
	};
	const struct gc_listing trash = {
		"trash/", note_trash, { &s->entries, &s->traces }, NULL, run->watch
	};

	key_owners(repo_id, prefix);
	int rc = gc_listing_take(run->transfer, &mine, err);
	if (!rc)
		rc = gc_listing_take(run->transfer, &trash, err);
	keep_repo(&s->live, repo_id);
	keep_repo(&s->entries, repo_id);
	keep_repo(&s->traces, repo_id);
	return rc;
}

int prune_look(struct prune *out, struct gc_run *run, const struct prune_request *request,
               struct err *err)
{
	struct seen seen = { BUF_INIT, BUF_INIT, BUF_INIT };
	int64_t least = run->ages.grace + run->ages.step;
	struct merge m;

	*out = (struct prune){ .expire = request->expire > least ? request->expire
		                                                 : least };
	strncpy(out->repo_id, request->repo_id, REPO_ID_HEX);
	gc_run_step(run, "looking at owners");
	int rc = look(&seen, run, request->repo_id, err);
	if (!rc)
		rc = add_asked(request, &seen.traces, err);
	if (!rc) {
		merge_begin(&m, LIVE, &seen.live);
		merge_begin(&m, ENTRIES, &seen.entries);
		merge_begin(&m, TRACED, &seen.traces);
		rc = make_list(out, run, request, &m, err);
	}
	out->entries = (struct gc_owner *)(void *)seen.entries.data;
	out->entry_count = seen.entries.size / sizeof(struct gc_owner);
	buf_wipe(&seen.live);
	buf_wipe(&seen.traces);
	return rc;
}
