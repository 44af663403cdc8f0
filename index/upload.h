/*
 * Upload: an object into the store, so that it can be given back bit for bit.
 *
 *     have it?  ->  scan  ->  hash  ->  look  ->  search  ->  put records
 *                                     ->  put markers  ->  owner  ->  manifest
 *
 * The manifest comes last: a crash before it leaves records that nothing refers
 * to, never an object with a hole (docs/store.md has the argument).
 */
#ifndef ZLLM_UPLOAD_H
#define ZLLM_UPLOAD_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/base/base_hint.h"
#include "index/manifest/object_look.h"
#include "index/work/work_meter.h"

struct codec;
struct err;
struct extents;
struct transfer;

enum { UPLOAD_NO_MARKERS = 1 }; /* flag: nobody will look for bases in this store */

struct upload_request {
	struct oid oid;
	uint64_t size;    /* bytes, as git-lfs says */
	const char *path; /* the local file that holds the object */

	/* Asked once, when there is something to store: what may serve as base.
	 * May be NULL. What it fills is wiped by the upload. */
	void (*find_hints)(void *ctx, const struct oid *oid, uint64_t size,
	                   struct base_hints *out);
	work_progress_fn *progress; /* may be NULL */
	void *ctx;                  /* for both */

	enum object_state state; /* what is known of it */

	/* The file's extents, where they are known and hashed already: then the upload
	 * does not look itself, and takes them over. Else NULL. */
	struct extents *scanned;
	unsigned flags;
	const struct codec *codec; /* of every tensor that it can code; NULL: tried */
};

/* What an upload did. */
struct upload_result {
	uint64_t stored; /* bytes that it added to the store */
	uint64_t known;  /* bytes of the object that the store had already */
	size_t deltas;   /* records written as deltas */
	size_t solos;    /* records written solo */
	size_t unmarked; /* hints for others that the store did not take */
};

/* 0 when the object is durable in the store. ERR_MISMATCH when the file is not
 * the object. */
int upload_object(const struct transfer *t, const struct upload_request *request,
                  struct upload_result *out, struct err *err);

#endif
