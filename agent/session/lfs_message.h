/*
 * The messages of git-lfs's custom transfer protocol
 * (git-lfs docs/custom-transfers.md): one JSON object a line, each way.
 */
#ifndef ZLLM_LFS_MESSAGE_H
#define ZLLM_LFS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;

enum lfs_event { LFS_INIT, LFS_UPLOAD, LFS_DOWNLOAD, LFS_TERMINATE };

/* A message to us. Strings are owned. */
struct lfs_message {
	enum lfs_event event;
	int upload;     /* init: the operation is "upload" */
	char *remote;   /* init: a name or a URL; may be NULL */
	char *oid_text; /* transfers: as git-lfs spelled it, for replies */
	struct oid oid;
	uint64_t size; /* transfers: bytes */
	char *path;    /* upload: the local file */
};

/* Reads one line of `n` bytes. Unknown members are ignored. ERR_INPUT says what is
 * wrong; for a transfer whose oid could be read, oid_text is set all the same, so
 * that the reply can name it. */
int lfs_message_parse(const char *line, size_t n, struct lfs_message *out,
                      struct err *err);
void lfs_message_wipe(struct lfs_message *m);

/* Replies, as text without a newline; NULL when memory ran out. The caller frees. */
char *lfs_reply_init(const struct err *failure); /* NULL: all is well */
char *lfs_reply_progress(const char *oid, uint64_t so_far, uint64_t since_last);
char *lfs_reply_complete(const char *oid, const char *path, const struct err *failure);

#endif
