/*
 * git-lfs pointer files, read as git-lfs 3.3.0 reads them (docs/spec.md of git-lfs,
 * and what its parser takes beyond that).
 */
#ifndef ZLLM_LFS_POINTER_H
#define ZLLM_LFS_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

enum { LFS_POINTER_MAX = 1023 }; /* bytes of the longest blob that may be one */

struct lfs_pointer {
	struct oid oid;
	uint64_t size; /* bytes of the object */
};

/* False when `n` bytes of `text` are no pointer. */
bool lfs_pointer_parse(const void *text, size_t n, struct lfs_pointer *out);

#endif
