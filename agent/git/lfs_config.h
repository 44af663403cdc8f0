/*
 * git's configuration as git-lfs sees it: everything `git config -z --list
 * --includes` prints (system, global, local, worktree, -c, GIT_CONFIG_COUNT),
 * over the safe keys of `.lfsconfig` (from the worktree, else the index, else
 * HEAD; bare: HEAD).
 * Read once, then constant: any thread may ask.
 */
#ifndef ZLLM_LFS_CONFIG_H
#define ZLLM_LFS_CONFIG_H

struct buf;
struct err;
struct lfs_config;

/* Reads it for the current directory. Outside a repository only the user's and
 * the system's configuration are there. The caller frees. */
int lfs_config_read(struct lfs_config **out, struct err *err);

/* The same with the .lfsconfig of `commit`: for a server's hooks, where HEAD may
 * not be what was pushed. */
int lfs_config_read_at(const char *commit, struct lfs_config **out, struct err *err);

/* The same with a .lfsconfig that is in no commit here: its text. ERR_CONFIG where git
 * cannot read it. */
int lfs_config_read_text(const struct buf *text, struct lfs_config **out,
                         struct err *err);
void lfs_config_free(struct lfs_config *c);

/* For tests: from the bytes of `git config -z --list` for each of the two. */
int lfs_config_parse(const struct buf *git, const struct buf *lfsconfig,
                     struct lfs_config **out, struct err *err);

/* The value that counts (the last one), or NULL. Section and variable in lower
 * case, the middle as it is: "remote.origin.lfsurl". Valid until free. */
const char *lfs_config_get(const struct lfs_config *c, const char *key);

/* Calls `each` for every pair in order of rising precedence; non-zero ends it and
 * is returned. */
int lfs_config_each(const struct lfs_config *c,
                    int (*each)(void *ctx, const char *key, const char *value),
                    void *ctx);

/* Whether the value that counts for `key` comes from .lfsconfig alone: a
 * repository's file names it, not the user. */
int lfs_config_from_lfsconfig(const struct lfs_config *c, const char *key);

#endif
