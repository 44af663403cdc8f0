/*
 * git-lfs pointer files, read as git-lfs reads them (spec/v1 and the rules found
 * in ../shared/git-lfs.md section 3).
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
