/*
 * The store that a remote's default branch names, asked of the remote itself: for a clone none
 * of whose refs names one, such as that of a single old branch or commit.
 */
#ifndef ZLLM_REMOTE_STORE_H
#define ZLLM_REMOTE_STORE_H

#include "agent/where/endpoint.h"

struct err;
struct lfs_config;

/* The configuration of here with the .lfsconfig that HEAD of `remote` (a name or a URL) has.
 * 0; 1 where that leads to no store of ours; negative when the remote cannot be asked. One
 * fetch of a commit and its trees; nothing of it stays. The caller frees. */
int remote_store_config(const struct lfs_config *here, enum endpoint_direction direction,
                        const char *remote, struct lfs_config **out, struct err *err);

#endif
