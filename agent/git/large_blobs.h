/*
 * Large files that revisions bring into git itself, where git-lfs was not asked to keep
 * them. Asked of git (rev-list and cat-file); what a partial clone lacks is passed over
 * and not fetched.
 */
#ifndef ZLLM_LARGE_BLOBS_H
#define ZLLM_LARGE_BLOBS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

struct large_blob {
	uint64_t size; /* bytes */
	char *path;    /* one of its paths; owned */
};

struct large_blobs {
	struct large_blob *list; /* owned; largest first, each path once */
	size_t count;
};

#define LARGE_BLOBS_INIT \
	{                \
		NULL, 0  \
	}

/* Finds the blobs of more than `limit` bytes that `revisions` reach: one to a line, "^"
 * in front of those that are not wanted; unknown ones are passed over. */
int large_blobs_find(const struct buf *revisions, uint64_t limit, struct large_blobs *out,
                     struct err *err);
void large_blobs_wipe(struct large_blobs *l);

#endif
