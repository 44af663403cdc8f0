/*
 * Where copies of what a store lost may be, as whoever runs the repair knows it: files of
 * this clone, a folder of models, other stores. Nothing of it is trusted: what is taken is
 * proved by its SHA-256.
 */
#ifndef ZLLM_FSCK_COPIES_H
#define ZLLM_FSCK_COPIES_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct transfer;

enum fsck_source {
	FSCK_FROM_NOWHERE,
	FSCK_FROM_TRASH,    /* of the store itself */
	FSCK_FROM_RECORD,   /* another record of the same blob, in the store */
	FSCK_FROM_CACHE,    /* of bases, on this machine */
	FSCK_FROM_LFS,      /* git-lfs's storage of this clone */
	FSCK_FROM_WORKTREE, /* of this clone */
	FSCK_FROM_FOLDER,   /* --from a folder of models */
	FSCK_FROM_STORE,    /* --from another store */
	FSCK_SOURCES
};

/* "trash", "record", "cache", "lfs", "worktree", "folder", "store"; "" for nowhere. */
const char *fsck_source_name(enum fsck_source from);

typedef int fsck_file_fn(void *ctx, const char *path, enum fsck_source from);

/* Another store, or the cache, which has solo records alone. */
struct fsck_other {
	const struct transfer *transfer;
	enum fsck_source from;
};

struct fsck_copies {
	/* Calls `each` for local files that may be the object `oid`, of `size` bytes
	 * (UINT64_MAX: not known), the nearest first. What `each` returns but 0 ends it, and
	 * is returned. NULL: no file is known. */
	int (*each_file)(void *ctx, const struct oid *oid, uint64_t size,
	                 fsck_file_fn *each, void *each_ctx);
	void *ctx;
	const struct fsck_other *others;
	size_t other_count;
	const char *scratch; /* a folder for files without a name, as large as a tensor */
};

#endif
