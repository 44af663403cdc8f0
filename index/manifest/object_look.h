/*
 * Whether a store has an object: its manifest, and each record that the manifest needs.
 */
#ifndef ZLLM_OBJECT_LOOK_H
#define ZLLM_OBJECT_LOOK_H

#include <stdbool.h>

struct err;
struct manifest;
struct oid;
struct transfer;

/* What is known of an object before it is uploaded. */
enum object_state {
	OBJECT_UNKNOWN = 0, /* the upload asks the store */
	OBJECT_ABSENT = 1,  /* a while ago the store did not have it, or not whole */
	OBJECT_WHOLE = 2,   /* it had it, and all records it needs */
	OBJECT_OURS = 3     /* and the mark that this repository pushed it */
};

struct object_asked {
	const struct oid *oid;
	const char
		*path; /* the file that is the object: a glance at it is compared with the
	                   * manifest (manifest_witness.h); NULL: none is at hand */
};

/* Asks the store, for a push. One whose manifest is damaged or is not the file's, or of
 * which a record is missing or not sound (blob_rely.h), counts as none, and *why says what
 * is wrong with it: pushing it again mends it. *why stays as it is where there is simply no
 * manifest. 0 or negative. */
int object_look(const struct transfer *t, const struct object_asked *asked, bool *have,
                struct err *why, struct err *err);

/* The same for those who ask whether the object can be restored: what lies in trash/
 * counts too. */
int object_verify(const struct transfer *t, const struct oid *oid, bool *have,
                  struct err *why, struct err *err);

/* The same of one whose manifest was read. */
int object_verify_records(const struct transfer *t, const struct manifest *m, bool *have,
                          struct err *why, struct err *err);

/* The same in one word: never OBJECT_OURS. */
int object_glance(const struct transfer *t, const struct object_asked *asked,
                  enum object_state *state, struct err *err);

#endif
