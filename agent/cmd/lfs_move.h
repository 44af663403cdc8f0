/*
 * Moving in: the LFS objects that a repository has on another server come into the store,
 * all of them, before anything in the repository names the store. Whoever then turns the
 * old server off loses nothing.
 */
#ifndef ZLLM_LFS_MOVE_H
#define ZLLM_LFS_MOVE_H

struct err;
struct git_paths;
struct lfs_config;
struct store;

/* From where and to where; nothing is owned. */
struct lfs_move {
	const struct lfs_config *config;
	const struct git_paths *paths;
	struct store *store;
	const char *url;     /* the store's, as .lfsconfig is to name it */
	const char *old_url; /* of the old server, where the user says it; or NULL */
	/* By itself only into a repository in which no ref names a store of ours yet, and
	 * only where it needs objects that the store lacks. */
	enum { LFS_MOVE_ASKED, LFS_MOVE_BY_ITSELF } why;
};

/*
 * Fetches all branches and tags of the remote, finds what any ref needs, fetches from the
 * old server what neither the store nor this clone has, uploads it through git-lfs, and
 * looks whether the store has all of it. What is there already is not sent again, so a
 * move that was cut goes on where it was.
 *
 * 0: the store has everything; or all but what nobody has, and lfs.allowincompletepush
 * says that it may go without. Else negative, and nobody may write .lfsconfig: each object
 * that is nowhere has been named with a path and the commit that brought it.
 */
int lfs_move_run(const struct lfs_move *m, struct err *err);

#endif
