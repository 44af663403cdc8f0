/*
 * What git-lfs must find in git's configuration to bring transfers to us. Which
 * keys.
 */
#ifndef ZLLM_AGENT_INSTALL_H
#define ZLLM_AGENT_INSTALL_H

struct err;
struct lfs_config;
struct git_scope;

/* Writes the keys; says on standard error when a foreign value is replaced. */
int agent_install_add(const struct git_scope *scope, struct err *err);

/* Removes those keys whose values are ours; *removed is their number. */
int agent_install_remove(const struct git_scope *scope, int *removed, struct err *err);

/* Calls `each` for every key with what it is in `config` (NULL: not set) and what it
 * should be; `want` is NULL for the path of a program. */
void agent_install_each(const struct lfs_config *config,
                        void (*each)(void *ctx, const char *key, const char *is,
                                     const char *want),
                        void *ctx);

/* Whether git-lfs, with this configuration, would bring transfers to us. */
int agent_install_present(const struct lfs_config *config);

#endif
