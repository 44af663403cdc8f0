/*
 * Where things are in the repository of the current directory. Worktrees,
 * submodules, bare repositories, --separate-git-dir and lfs.storage included.
 */
#ifndef ZLLM_GIT_PATHS_H
#define ZLLM_GIT_PATHS_H

#include <sys/types.h>

#include "codec/common/sha256.h"
#include "index/store/folder/store_folder.h"

struct err;
struct lfs_config;

struct git_paths {
	char *git_dir;    /* absolute; of this worktree */
	char *common_dir; /* absolute; shared by all worktrees */
	char *worktree;   /* absolute; NULL when bare */
	char *store_root; /* absolute; a relative store begins here (main_worktree.h) */
	char *lfs_dir;    /* git-lfs's storage: lfs.storage or <common>/lfs */
	char *lfs_tmp;    /* <lfs_dir>/tmp: same file system as its objects */
	struct store_folder_modes modes; /* core.sharedRepository and umask */
	mode_t mask; /* the umask: it cannot be asked for while threads run */
};

/* 0; 1 when the current directory is in no repository (then `modes` alone is
 * filled); or negative, also where there is one that git refuses (git_refusal.h). */
int git_paths_find(const struct lfs_config *config, struct git_paths *out,
                   struct err *err);
void git_paths_wipe(struct git_paths *p);

/* The path of a local copy of `oid` in git-lfs's storage; NULL when memory ran
 * out. Whether the file exists is another question. The caller frees. */
char *git_paths_lfs_object(const struct git_paths *p, const struct oid *oid);

/* mkdir -p with the modes of the repository. */
int git_paths_make_folder(const struct git_paths *p, const char *path, struct err *err);

#endif
