/*
 * The id of a repository: who owns what it pushes (`repo=` in .lfsconfig). Where none is
 * written yet it is found so that two people, or two branches, that run `git zllm init`
 * without knowing of each other get the same one, and what they wrote merges.
 */
#ifndef ZLLM_REPO_ID_H
#define ZLLM_REPO_ID_H

#include <stdbool.h>

#include "index/store/store_keys.h"

struct err;
struct lfs_config;

enum repo_id_origin {
	REPO_ID_OF_REF,    /* a ref, or the index, has a .lfsconfig that names it */
	REPO_ID_OF_ROOT,   /* made of the first commit */
	REPO_ID_OF_REMOTE, /* made of the end of origin's URL */
	REPO_ID_RANDOM     /* nothing is there that others see as well */
};

struct repo_id {
	char hex[REPO_ID_HEX + 1];
	enum repo_id_origin origin;
	bool shallow; /* the first commit would have told, but is not here */
};

/*
 * Finds the id of the current directory's repository, whose .lfsconfig in the worktree
 * has none. The first of:
 *   the index's .lfsconfig, HEAD's, then those of the remotes' branches, of the local
 *     branches and of the tags, each in order of name (at most 4096 refs of each)
 *   the first 16 bytes of SHA-256("git-zllm root " commit), of the commit without
 *     parents that HEAD's first parents lead to; not in a shallow clone that lacks it
 *   the same of "git-zllm remote " and the name that origin's URL ends in
 *     (model_name_from_url())
 *   16 random bytes
 * It does not depend on the store. Repositories that share their first commit (forks,
 * clones of a template with its history) get one id: they then own together what either
 * pushed.
 */
int repo_id_find(const struct lfs_config *config, struct repo_id *out, struct err *err);

/*
 * The id under which a push to `remote` owns where the URL of its store has none: the store
 * is named by `-c lfs.url`, or by an alias, alone. As above, so that it is the id that an
 * `init` would write; but in place of random bytes, which nobody would find again,
 *
 *   the same of "git-zllm place " and the hash of the place that is pushed to
 *     (agent/git/remote_place.h, 64 digits)
 *
 * `root` is where relative paths of remotes begin. 0; 1 when nothing is known that others,
 * or this clone tomorrow, would find as well: then the push owns nothing.
 */
int repo_id_of_push(const struct lfs_config *config, const char *root, const char *remote,
                    char out[REPO_ID_HEX + 1], struct err *err);

#endif
