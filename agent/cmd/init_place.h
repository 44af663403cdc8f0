/*
 * A store's folder among the folders of git: what may not be one, and what git shall not
 * put into a commit.
 */
#ifndef ZLLM_INIT_PLACE_H
#define ZLLM_INIT_PLACE_H

struct err;
struct git_paths;

/* Refuses a folder that is the top of a worktree or a bare repository: a store's files
 * would be mixed with git's, and `git add` or `git gc` would take them. Nothing is made.
 * 0, ERR_INPUT, ... */
int init_place_check(const char *folder, struct err *err);

/* A store at `folder`, which is there, inside a worktree: in one of this repository's its
 * line is added to .git/info/exclude unless git ignores it already; of another's it is
 * said which line is wanted. Says what it did. 0 or negative. */
int init_place_ignore(const struct git_paths *paths, const char *folder, struct err *err);

#endif
