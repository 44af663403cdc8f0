/*
 * What the commits about to be pushed bring: every LFS pointer that is new or
 * changed against the first parent of its commit.
 */
#ifndef ZLLM_HISTORY_SCAN_H
#define ZLLM_HISTORY_SCAN_H

#include "agent/hints/sighting.h"

enum { HISTORY_COMMITS_MAX = 10000 };

struct commit_list {
	struct commit_id *list; /* owned */
	size_t count, cap;
};

struct history_scan {
	struct sightings brought;  /* newest commit first */
	struct commit_list local;  /* tips: HEAD, branches, tags */
	struct commit_list remote; /* tips of the remote's branches, as last seen */
	bool whole;                /* not only what the remote lacks */
};

#define HISTORY_SCAN_INIT                                             \
	{                                                             \
		SIGHTINGS_INIT, { NULL, 0, 0 }, { NULL, 0, 0 }, false \
	}

void history_scan_wipe(struct history_scan *s);

/* Walks the commits that `remote` (a remote's name, or anything else) lacks; all
 * of them when nothing is known of it. */
void history_scan_unpushed(struct history_scan *s, struct git_repo *repo,
                           const char *remote);

/* Walks all commits: for what an earlier push has brought already. */
void history_scan_whole(struct history_scan *s, struct git_repo *repo);

/* Where `oid` came from: the oldest commit that brings it; NULL: not seen. */
const struct sighting *history_scan_find(const struct history_scan *s,
                                         const struct oid *oid);

#endif
