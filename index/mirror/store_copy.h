/*
 * Mirroring a store into another: the whole of it, or what one repository pushed.
 *
 *     owners' markers -> for each object: bases, records, manifest -> names, annexes' keys
 *
 * That is the order of an upload (docs/store.md), so the target is a valid store at
 * every moment, and a copy that was cut goes on where it was: records that the target has
 * are not put again, and an object of which both stores have the same manifest is not
 * read. Every record is decoded while it passes, and the object as a whole must have the
 * SHA-256 of its name: one that has not is left out, named, and the others go on. A
 * manifest of the target that the source's proves wrong is set aside, and replaced.
 */
#ifndef ZLLM_STORE_COPY_H
#define ZLLM_STORE_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/work/work_part.h"

struct err;
struct store;
struct transfer;
struct work_watch;

struct store_copy_request {
	const struct transfer *from;
	struct store *to;
	const char *repo_id; /* only what this repository pushed; "": all */
	struct work_part part; /* of the objects, with the markers that name these */
	int64_t grace;       /* seconds for which what was seen in `to` may be relied upon
	                      * (index/work/term.h); 0: for ever */

	/* After each object that was copied (`failure` NULL) or cannot be; never two at
	 * once. */
	void (*told)(void *ctx, const struct oid *oid, uint64_t size,
	             const struct err *failure);
	void *ctx;
	const struct work_watch *watch; /* who is shown how far it is; or NULL */
};

struct store_copy_result {
	size_t copied, there, failed; /* objects */
	size_t mended;  /* of those that were copied: a wrong manifest was replaced */
	size_t records; /* that were copied */
	uint64_t bytes; /* of them and of manifests */
};

/* 0 also where objects failed. A copy that took longer than the grace period looks at all
 * of it once more, and again if need be: only one that ended in time is sure that nothing
 * it found there has gone since. Negative when nothing more could be done: a store that
 * fails, memory, three rounds that all took too long. */
int store_copy(const struct store_copy_request *request, struct store_copy_result *out,
               struct err *err);

#endif
