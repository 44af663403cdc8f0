/* What doctor says of the remotes of git-annex that are stores. */
#ifndef ZLLM_DOCTOR_ANNEX_H
#define ZLLM_DOCTOR_ANNEX_H

#include <stddef.h>

struct buf;
struct checkup;
struct lfs_config;

/* Finds the repository's remotes that git-annex runs us for, and looks whether it can. Appends
 * the name of each one's store to `places`, with its NUL; returns how many remotes there
 * are. */
size_t doctor_annex(struct checkup *c, const struct lfs_config *config,
                    struct buf *places);

#endif
