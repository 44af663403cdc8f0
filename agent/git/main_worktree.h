/*
 * Where a repository's relative store begins: a clone has one such place, whichever of its
 * worktrees, submodules or git directories git runs us in.
 *
 *     a clone, a linked worktree of it   the main worktree
 *     a submodule                        the main worktree of the outermost superproject:
 *                                        what is beside a clone of the submodule alone is
 *                                        beside the clone that it is a part of
 *     a bare repository, its worktrees   the repository itself
 *
 * The main worktree of a repository made by --separate-git-dir is written down nowhere:
 * there a linked worktree is taken for itself. A submodule is known by its git directory,
 * SUPER/modules/NAME (the superproject's index does not have it while it is added); one
 * that keeps its git directory in its own worktree is taken for a clone.
 */
#ifndef ZLLM_MAIN_WORKTREE_H
#define ZLLM_MAIN_WORKTREE_H

struct err;

/* What git says of the worktree that it runs in; absolute paths. */
struct worktree_place {
	const char *git_dir;    /* of this worktree */
	const char *common_dir; /* of all worktrees of the repository */
	const char *worktree;   /* NULL: we are in none */
};

/* Absolute; the caller frees *out. 0 or negative. */
int main_worktree_find(const struct worktree_place *here, char **out, struct err *err);

#endif
