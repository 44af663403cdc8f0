/*
 * The owners' layer of a collection (docs/store.md, "gc", "Prune"): who knows the refs of
 * every remote of a repository drops the owners' markers of what no ref reaches.
 *
 *     live, not reached              moved to trash, where it still owns
 *     in trash, reached              restored; the entry stays
 *     in trash for long, not reached expired: the trace of it is put, then the entries are
 *                                    destroyed; a gc may then collect the object
 *     in trash, live again, reached  the entries are destroyed when all of the key is aged
 *     expired, reached again         owned anew while its manifest is still there
 *
 *     gc_ages_begin(&run.ages, ...)  before the refs are read: what is aged is fixed
 *     ... the refs are read, by the caller ...
 *     prune_look()                   live owners, then trash: the plan
 *     prune_act()                    at any later time
 *
 * The looks may be as far apart as they will (the model, tests/models/prune.py, has them as
 * four steps), so a prune has no limit of time. It may be killed anywhere, and run beside
 * pushes, gcs, and other prunes.
 */
#ifndef ZLLM_PRUNE_H
#define ZLLM_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/gc/gc_view.h"
#include "index/store/store_keys.h"

struct err;
struct gc_run;

enum { PRUNE_EXPIRE_DEFAULT = 30 * 24 * 60 * 60 }; /* seconds */

enum prune_way {
	PRUNE_BY_REFS,
	PRUNE_BRING_BACK /* restores and owns anew what is `reached`; nothing else is done */
};

struct prune_request {
	const char *repo_id;
	enum prune_way way;
	const struct oid *reached; /* in order, each once; NULL: all are */
	size_t reached_count;
	int64_t expire; /* seconds in trash before a marker may be destroyed; at least the
	                 * grace period and a step count */
};

enum prune_fate {
	PRUNE_STAYS,   /* live and reached; or owned no more, and not reached */
	PRUNE_WAITS,   /* in trash, and stays there */
	PRUNE_MOVES,   /* goes to trash */
	PRUNE_RETURNS, /* comes back */
	PRUNE_ADOPTED, /* is owned again */
	PRUNE_EXPIRES, /* its entries are destroyed, and a trace stays */
	PRUNE_CLEARED  /* its entries are destroyed, for it is live */
};

/* What the store has of one object of the repository. */
struct prune_owner {
	struct oid oid;
	enum prune_fate fate;
	bool reached, live, traced;
	int64_t youngest; /* of the live marker and all entries; traces do not count */
	size_t entry;     /* the first of its entries in prune->entries */
	size_t entries;
};

struct prune {
	char repo_id[REPO_ID_HEX + 1];
	int64_t expire; /* seconds, in force */
	struct prune_owner *list; /* in order of oid; owned */
	size_t count;
	struct gc_owner *entries; /* in trash, in order of oid; owned */
	size_t entry_count;
	size_t of[PRUNE_CLEARED + 1]; /* how many of each fate */
};

/* Looks at the store, and says what is to be done. run->ages has begun, before the refs were
 * read. The caller wipes, also after an error. */
int prune_look(struct prune *out, struct gc_run *run, const struct prune_request *request,
               struct err *err);

/* Does it: what comes back first. What fails is told and counted by `run` (GC_OWNERS,
 * GC_TRACES), and the others go on. 0, or negative where the store refuses. */
int prune_act(struct prune *p, struct gc_run *run, struct err *err);
void prune_wipe(struct prune *p);

/* Seconds until the marker of `o`, which waits, may be destroyed; 0: it may be. */
int64_t prune_time_left(const struct prune *p, const struct gc_run *run,
                        const struct prune_owner *o);

#endif
