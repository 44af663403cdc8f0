/*
 * Whether a store has an object: its manifest, and each record that the manifest needs.
 */
#ifndef ZLLM_OBJECT_LOOK_H
#define ZLLM_OBJECT_LOOK_H

#include <stdbool.h>

struct err;
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
	const char *path; /* the file that is the object: a glance at it is compared with the
	                   * manifest (manifest_witness.h); NULL: none is at hand */
};

/* Asks the store. One whose manifest cannot be read or is not the file's (that is noted
 * in *damaged), or that has lost a record, counts as none: pushing it anew mends it. 0 or
 * negative. */
int object_look(const struct transfer *t, const struct object_asked *asked, bool *have,
                bool *damaged, struct err *err);

/* The same in one word: never OBJECT_OURS; OBJECT_UNKNOWN where the manifest is damaged. */
int object_glance(const struct transfer *t, const struct object_asked *asked,
                  enum object_state *state, struct err *err);

#endif
