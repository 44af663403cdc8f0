/* Whether the user, or the repository, lets a push go without objects that nobody has. */
#ifndef ZLLM_INCOMPLETE_PUSH_H
#define ZLLM_INCOMPLETE_PUSH_H

#include <stdbool.h>

struct lfs_config;

/* lfs.allowincompletepush, as git-lfs reads it. */
bool incomplete_push_allowed(const struct lfs_config *config);

#endif
