/* What the models of a repository are called in the store that it shares. */
#ifndef ZLLM_REPO_NAME_H
#define ZLLM_REPO_NAME_H

#include <stdbool.h>

struct base_setting;
struct lfs_config;
struct model_name;

/* The name that `.zllm` declares (`setting` may be NULL), else the one that the URL of
 * `remote` (a remote's name, a URL, or NULL: origin) suggests. False: neither. */
bool repo_name_find(const struct base_setting *setting, const struct lfs_config *config,
                    const char *remote, struct model_name *out);

#endif
