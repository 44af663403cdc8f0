/* What `git zllm init` writes must be where it says, not behind a link of the repository. */
#ifndef ZLLM_INIT_LINKS_H
#define ZLLM_INIT_LINKS_H

struct err;
struct git_paths;

/* Looks at all that init writes, by itself and by git and git-lfs: .lfsconfig, .zllm,
 * .gitattributes, and the hooks where core.hooksPath is a folder of the worktree.
 * 0, or ERR_CONFIG with what is a link; nothing has been written then. */
int init_links_check(const struct git_paths *paths, struct err *err);

#endif
