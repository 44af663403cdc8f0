/*
 * A key of git-annex, as text: BACKEND[-sSIZE][-mMTIME][-SCHUNKSIZE-CCHUNK]--NAME. The name of
 * a key of the backends SHA256 and SHA256E is the content's hash: such a key, unless it is a
 * chunk, says which object it is.
 */
#ifndef ZLLM_ANNEX_KEY_H
#define ZLLM_ANNEX_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

enum { ANNEX_KEY_MAX = 4096 }; /* bytes of the longest */

struct annex_key {
	bool has_size, has_oid, is_chunk;
	uint64_t size; /* bytes of the content; of all of it, where it is a chunk's key */
	struct oid oid; /* where has_oid */
};

/* False when `n` bytes of `text` are not a key. */
bool annex_key_parse(const char *text, size_t n, struct annex_key *out);

#endif
