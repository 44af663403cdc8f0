/*
 * What a team says about its models, in the file `.zllm` at the top of the worktree,
 * which is committed (git's configuration format, written by `git config`):
 *
 *     [zllm]
 *         name = org/model          what other repositories call our models
 *         base = org/base           the base of every model here ...
 *     [zllm "adapters"]
 *         base = none               ... but of these
 *
 * Not `.lfsconfig`, whose unknown keys git-lfs warns about, and not the repository's
 * own configuration, which a clone would not have: the base of a model is a fact
 * that all who push it share.
 *
 * `base` may stand several times: a merge has several, and so have shards. A pattern
 * names a file or a folder with all below it; without a slash it also names files of
 * that name anywhere. The last one that fits counts.
 *
 * Thread rule: constant once read.
 */
#ifndef ZLLM_BASE_SETTING_H
#define ZLLM_BASE_SETTING_H

#include <stddef.h>

struct base_setting;
struct buf;
struct err;

#define BASE_SETTING_FILE ".zllm"
#define BASE_SETTING_NONE "none" /* as a base: nothing is one */

enum { BASE_VALUES_MAX = 8, BASE_VALUE_MAX = 4096 /* bytes */ };

/* Reads `.zllm` of the worktree (its absolute path, or NULL where there is none), else
 * of the index, else of HEAD. Where there is none the setting is empty. ERR_CONFIG
 * where git cannot read it. The caller frees. */
int base_setting_read(const char *worktree, struct base_setting **out, struct err *err);
void base_setting_free(struct base_setting *s); /* NULL is fine */

/* For tests: from what `git config -z --list` prints. */
int base_setting_parse(const struct buf *list, struct base_setting **out,
                       struct err *err);

/* The declared name as it was written, or NULL. */
const char *base_setting_name(const struct base_setting *s);

/* The bases of the object at `path`, from the worktree's top, or of any object where
 * that is NULL; returns how many. Valid until free. */
size_t base_setting_bases(const struct base_setting *s, const char *path,
                          const char *values[BASE_VALUES_MAX]);

/* Calls `each` for every base that is set, with its pattern (NULL: for all). */
void base_setting_each(const struct base_setting *s,
                       void (*each)(void *ctx, const char *pattern, const char *value),
                       void *ctx);

#endif
