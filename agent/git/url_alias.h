/*
 * url.<base>.insteadOf and pushInsteadOf: what git, and git-lfs, make of a URL before they
 * use it. The longest prefix wins; where something is pushed, any pushInsteadOf that fits
 * goes before every insteadOf.
 */
#ifndef ZLLM_URL_ALIAS_H
#define ZLLM_URL_ALIAS_H

struct lfs_config;

enum url_alias_use { URL_ALIAS_FETCH, URL_ALIAS_PUSH };

/* What is used in place of `url`, or a copy of it. NULL when memory ran out. The caller
 * frees. */
char *url_alias_apply(const struct lfs_config *config, const char *url,
                      enum url_alias_use use);

#endif
