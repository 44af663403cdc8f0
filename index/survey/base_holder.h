/*
 * Which object holds the bases of another's deltas. A manifest notes the object whose
 * tensors led to them; where those are deltas too, the bases are theirs, and may lie in
 * an object that is noted nowhere but there. So the notes are followed, from object to
 * object, until one holds the bases.
 *
 * What was read is remembered, for the objects of a repository lead to one another.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_BASE_HOLDER_H
#define ZLLM_BASE_HOLDER_H

struct base_holders;
struct err;
struct manifest;
struct transfer;

enum {
	BASE_HOLDER_STEPS = 1024, /* objects that are followed, at most */
	BASE_HOLDER_SAMPLES =
		64 /* deltas of an object that are asked for, evenly spread */
};

/* Valid as long as both the manifest and the holders. */
struct base_holder {
	const char *oid;           /* hex */
	const char *path, *commit; /* as those who derive from it note them; NULL: they
	                            * do not */
};

int base_holders_new(const struct transfer *t, struct base_holders **out,
                     struct err *err);
void base_holders_free(struct base_holders *h); /* NULL is fine */

/* Finds the object that holds most of the bases of `m`; of those that hold as many, the
 * one that was noted nearest. 0; 1 where no object that is noted holds any, or `m` has no
 * deltas; or ERR_NOMEM. What cannot be read is passed over. */
int base_holders_find(struct base_holders *h, const struct manifest *m,
                      struct base_holder *out, struct err *err);

#endif
