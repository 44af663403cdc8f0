/*
 * git's diff driver "zllm": the key diff.zllm.command, by which `git diff` shows what
 * `git zllm diff` does for files with the attribute diff=zllm. Where the key is not set
 * the attribute means nothing, and git shows the pointers.
 */
#ifndef ZLLM_DIFF_INSTALL_H
#define ZLLM_DIFF_INSTALL_H

struct err;
struct git_scope;

/* Sets the key, unless somebody else has: then a note says so. */
int diff_install_add(const struct git_scope *scope, struct err *err);

/* Removes it where it is ours. */
int diff_install_remove(const struct git_scope *scope, struct err *err);

/* Appends the attribute to the .gitattributes of `worktree`, unless it is there. */
int diff_install_attribute(const char *worktree, struct err *err);

#endif
