/* What the parts of a check share: the walk (fsck_run.c), one object (fsck_object.c), and
 * what is to blame for one that is not whole (fsck_blame.c). */
#ifndef ZLLM_FSCK_RUN_PRIVATE_H
#define ZLLM_FSCK_RUN_PRIVATE_H

#include "index/fsck/fsck_run.h"

struct blob_set;
struct manifest;

struct fsck {
	const struct fsck_request *request;
	const struct transfer *transfer;
	struct fsck_result *result;
	struct blob_set *in_trash, *not_in_trash; /* blobs that were looked for there */
	struct blob_set *judged; /* blobs whose records were */
	uint64_t bytes;    /* of records, looked at since that was last told */
	int no_memory;     /* ERR_NOMEM once a finding could not be kept */
};

/* Keeps a finding whose sentence is that of `fault`. *out may be NULL, and is NULL where it
 * was not kept. */
void fsck_note(struct fsck *f, const struct fsck_finding *one, const struct err *fault,
               struct fsck_finding **out);

/* Tells that something is wrong with the object, or with the store (NULL). */
void fsck_tell(struct fsck *f, const struct oid *oid, const struct err *fault);

/* Notes which records the object of `m` is read by. `whole`: it was proved by them. */
void fsck_note_needed(struct fsck *f, const struct manifest *m, bool whole);

/* fsck_object.c: checks one object; true when it is whole as far as the mode looks. */
bool fsck_object_check(struct fsck *f, const struct oid *oid);

/* fsck_blame.c: the records that are to blame for the blob `id` of the object: judged, set
 * aside where they are wrong, noted and told; `fault` says what its reader found. */
void fsck_blame_blob(struct fsck *f, const struct oid *oid, const struct oid *id,
                     const struct err *fault);

/* Takes a wrong record out of the way, where that is allowed. 0; 1 when another is there by
 * now; or negative, with why. */
struct blob_place;
int fsck_set_aside(struct fsck *f, const struct blob_place *place, struct err *err);

/* Whether trash/ has a right record of the blob `id`: proved in a quick check too, for what
 * was found to be wrong lies there beside what was only moved. */
bool fsck_blob_in_trash(struct fsck *f, const struct oid *id);

/* The same of the blob whose id begins so. */
bool fsck_base_in_trash(struct fsck *f, const uint8_t base[KEY_BASE_PREFIX]);

#endif
