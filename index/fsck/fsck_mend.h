/*
 * Mending what a check found, each finding out of any copy: what lies in trash/, another
 * record of the blob, files, other stores.
 *
 *     a record   what is wrong there is proved so, and set aside; then the first that is
 *                right of: an entry of trash/, a copy of another store's record, its
 *                content coded anew: against the base that it had where that is known, as a
 *                push would otherwise; solo where others stand on it
 *     a manifest what is damaged or false is set aside; then the first that is proved of:
 *                an entry of trash/, another store's, that of a file which is the object
 *
 * These are the steps of a push that mends (docs/store.md, "Mending"): nothing is
 * overwritten or removed, each step may be the last, and who runs it again goes on. What
 * was put is read back, and proved by its SHA-256, before it is called mended.
 */
#ifndef ZLLM_FSCK_MEND_H
#define ZLLM_FSCK_MEND_H

#include <stdbool.h>

#include "index/fsck/fsck_copies.h"
#include "index/fsck/fsck_finding.h"
#include "index/fsck/fsck_touch.h"

struct blob_set;
struct err;
struct transfer;
struct work_watch;

struct fsck_mend {
	const struct transfer
		*to; /* the store as one who may write has it, without a cache */
	const struct fsck_copies *copies;
	const struct fsck_touch *touch;
	const struct fsck_listing *listing; /* the records that there were */
	const struct work_watch *watch; /* told of findings; or NULL */

	/* Of fsck_mend_begin(): blobs that were tried, those of them that have a right record
	 * now, and those whose records were judged. Each once. */
	struct blob_set *tried, *right, *judged;
};

/* Once those above are set. ERR_NOMEM. */
int fsck_mend_begin(struct fsck_mend *m, struct err *err);
void fsck_mend_end(struct fsck_mend *m);

/* Mends one. 0 with where it came from; 1 when no copy is right, or there is none;
 * negative, with why, when it could not be tried: the store fails, or refuses. */
int fsck_mend(const struct fsck_mend *m, const struct fsck_finding *one,
              enum fsck_source *from, struct err *err);

/* Mends all: blobs, and then manifests, which are proved by all of an object's bytes. Each
 * finding then says whether it was, from where, or why not. Returns how many were. */
size_t fsck_mend_all(const struct fsck_mend *m, struct fsck_findings *findings);

/* Says of each where a copy seems to be, by names and sizes alone. */
void fsck_mend_look(const struct fsck_mend *m, struct fsck_findings *findings);

/* Whether there is anything to be mended of it at all. */
bool fsck_mend_takes(const struct fsck_finding *one);

/* fsck_mend_blob.c, fsck_mend_object.c: the two kinds. `depth`: deltas above it. */
int fsck_mend_blob(const struct fsck_mend *m, const struct oid *id, unsigned depth,
                   enum fsck_source *from, struct err *err);
int fsck_mend_object(const struct fsck_mend *m, const struct oid *oid,
                     enum fsck_source *from, struct err *err);

#endif
