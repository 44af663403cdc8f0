/*
 * The server of git-lfs's own API where a repository's objects were before `git zllm
 * init`. It is asked through git-lfs, which knows its ways and its passwords.
 */
#ifndef ZLLM_OLD_SERVER_H
#define ZLLM_OLD_SERVER_H

#include "codec/common/buf.h"

struct err;
struct lfs_config;

struct old_server {
	struct buf remote; /* git's remote to which it belongs; "": there is none */
	/* Its address, where git-lfs is to be told: git's configuration, or .lfsconfig,
	 * names a store of ours instead, or nothing does. "": git-lfs finds it itself. */
	struct buf url;
};

/*
 * Finds it: `named`, where the user says it (may be NULL); what git-lfs finds today; or,
 * where that is ours already, the newest that a .lfsconfig in history names, else the
 * remote's own. The remote is origin, or the first there is.
 */
int old_server_find(const struct lfs_config *config, const char *named,
                    struct old_server *out, struct err *err);
void old_server_wipe(struct old_server *s);

/* Brings all its branches and tags. Nothing is done where there is no remote. */
int old_server_fetch_refs(const struct old_server *s, struct err *err);

/* Brings the LFS objects that any ref needs and that are not here. What it does not have,
 * git-lfs says on standard error; that is no failure, for the caller looks at what came. */
int old_server_fetch_objects(const struct lfs_config *config, struct old_server *s,
                             struct err *err);

#endif
