/*
 * Which stores the tips of branches and tags name in their .lfsconfig: of interest where
 * what is checked out, or is going to be, names none.
 */
#ifndef ZLLM_REF_STORES_H
#define ZLLM_REF_STORES_H

#include <stddef.h>

#include "agent/where/endpoint.h"
#include "codec/common/buf.h"

struct err;
struct lfs_config;

struct ref_stores {
	struct buf url, named_by; /* a store of ours, and the ref that has it; or "" */
	/* Refs that have files in git-lfs, and whose objects go to no store of ours as this
	 * clone is set up: how many, the name of one, and the lfs.url that it names, or "". */
	size_t astray;
	struct buf example, foreign;
};

#define REF_STORES_INIT                                   \
	{                                                 \
		BUF_INIT, BUF_INIT, 0, BUF_INIT, BUF_INIT \
	}

/* Looks at the remotes' branches, then the local ones, then the tags: at most 1365 of each,
 * and for files in git-lfs in 200 of those that go astray. */
int ref_stores_find(struct ref_stores *out, struct err *err);
/* The configuration with the .lfsconfig of the first ref, in the same order and then what
 * was fetched last (FETCH_HEAD), that leads
 * transfers in `direction` with `remote` to a store of ours. 0; 1 when there is none. */
int ref_stores_config(enum endpoint_direction direction, const char *remote,
                      struct lfs_config **out, struct err *err);

void ref_stores_wipe(struct ref_stores *s);

#endif
