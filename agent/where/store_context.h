/* For whom, for what and on whose word a store is opened. */
#ifndef ZLLM_STORE_CONTEXT_H
#define ZLLM_STORE_CONTEXT_H

struct git_paths;
struct lfs_config;
struct store_folder_modes;

struct store_context {
	const char *root; /* relative paths begin here; NULL: the current directory */
	enum { STORE_ROOT_WORKTREE, STORE_ROOT_BARE } root_is; /* for words */
	const struct store_folder_modes *modes; /* of what is made in a folder */
	const struct lfs_config *config;        /* NULL: none */
	enum { STORE_TO_READ, STORE_TO_WRITE } use;
	/* Whether anybody but a repository's .lfsconfig names it (store_trust.h). */
	enum {
		STORE_NAMED_BY_USER,
		STORE_NAMED_BY_REPOSITORY,
		STORE_NAMED_BY_ANNEX /* by a repository too, in its git-annex branch */
	} named_by;
};

/* For the repository of `paths`, whose store its user names, to read. Both outlive it. */
struct store_context store_context_of(const struct git_paths *paths,
                                      const struct lfs_config *config);

#endif
