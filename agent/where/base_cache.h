/*
 * The cache of base blobs on the local disk, as git's configuration has it:
 *
 *   zllm.cache.path   default $XDG_CACHE_HOME/git-zllm, else ~/.cache/git-zllm
 *   zllm.cache.size   bytes, with k, m, g or t (of 1024); default 20g; 0: none
 *
 * Only in front of a remote store: the files of a folder store are as near.
 */
#ifndef ZLLM_BASE_CACHE_H
#define ZLLM_BASE_CACHE_H

#include <stdint.h>

struct err;
struct lfs_config;
struct store;

/* Opens it before `inner`, which outlives it; *out is NULL when there is to be none.
 * Only a configuration that makes no sense is an error. */
int base_cache_open(const struct lfs_config *config, struct store *inner,
                    struct store **out, struct err *err);

/* How many bytes it may hold; 0: there is to be none. Says what makes no sense in the
 * configuration, the folder's path included. ERR_CONFIG. */
int base_cache_size(const struct lfs_config *config, uint64_t *bytes, struct err *err);

/* Whether the folder, or the one above that is there, is one that we may write to.
 * Makes nothing. ERR_IO. */
int base_cache_check(const char *folder, struct err *err);

/* A number of bytes as git writes them: "20g". False when it is none. */
int base_cache_parse_size(const char *text, uint64_t *bytes);

/* The folder; the caller frees. NULL when there is no place for one (no HOME), or
 * memory ran out. */
char *base_cache_folder(const struct lfs_config *config);

#endif
