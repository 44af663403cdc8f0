/*
 * A store's folder among the folders of git: what may not be one, and what git shall not
 * put into a commit.
 */
#ifndef ZLLM_INIT_PLACE_H
#define ZLLM_INIT_PLACE_H

struct err;
struct git_paths;
struct git_scope;
struct store;
struct store_context;
struct store_url;

/*
 * Opens the store, or makes it. Refused, with nothing made, is
 *   - a folder that is the top of a worktree or a bare repository: a store's files would be
 *     mixed with git's, and `git add` or `git gc` would take them;
 *   - one that the file `lfsconfig` names already and that is not there: others have a
 *     store that is called so, and an empty one below the mount point of a disk that is
 *     away would be in its way.
 */
int init_place_open(const struct git_scope *lfsconfig, const struct store_url *url,
                    const struct store_context *context, struct store **out,
                    struct err *err);

/* A store at `folder`, which is there, inside a worktree: in one of this repository's its
 * line is added to .git/info/exclude unless git ignores it already; of another's it is
 * said which line is wanted. Says what it did. 0 or negative. */
int init_place_ignore(const struct git_paths *paths, const char *folder, struct err *err);

#endif
