/* The grace period of a store (docs/store.md, "gc"), as git's configuration says it:
 * zllm.gc.grace, "24h". Who pushes and who collects must have the same, or the collector
 * the longer one. */
#ifndef ZLLM_GRACE_H
#define ZLLM_GRACE_H

#include <stdint.h>

struct err;
struct lfs_config;

enum { GRACE_SECONDS = 24 * 3600 }; /* where nobody set another */

/* 0 with *seconds, at least 1; ERR_CONFIG when the setting is no time. */
int grace_read(const struct lfs_config *config, int64_t *seconds, struct err *err);

#endif
