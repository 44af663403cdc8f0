/*
 * What the pre-push hook says of large files that a push brings into git itself: a
 * pattern was missing, and the model that belongs into the store goes to the git server.
 */
#ifndef ZLLM_LARGE_FILE_WARNING_H
#define ZLLM_LARGE_FILE_WARNING_H

struct buf;
struct err;
struct lfs_config;

/* Says in one line which files of more than `zllm.largeFile` bytes (10 MiB where it is not
 * set; 0: none) `revisions` (large_blobs.h) bring, and what helps; nothing where there are
 * none. Never a reason to refuse a push. */
int large_file_warning_give(const struct lfs_config *config, const struct buf *revisions,
                            struct err *err);

#endif
