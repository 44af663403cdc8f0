/*
 * What a partial clone (--filter=blob:none, tree:0) does not have here yet, of what
 * revisions reach. git fetches such objects one by one where a program asks for them, and
 * `git rev-list` passes over them: whoever has to look at all of them brings them first.
 */
#ifndef ZLLM_ABSENT_OBJECTS_H
#define ZLLM_ABSENT_OBJECTS_H

#include <stddef.h>

struct buf;
struct err;

struct absent_objects {
	size_t brought; /* objects that were fetched */
	size_t left;    /* that no remote gave */
};

/*
 * Brings what `revisions` and `arguments` reach (both as for lfs_objects_add()) from the
 * remotes that promised it, in one fetch for each level that lacks: trees first, then what
 * they name. Files of every length have to come: whether one may be a pointer is told by
 * its length, and only the file itself tells that. A fetch that fails speaks on standard
 * error, and what it did not bring is counted in `left`.
 * In a repository that is no partial clone nothing is looked for. Refs stay as they are.
 */
int absent_objects_bring(const struct buf *revisions, const char *const *arguments,
                         struct absent_objects *out, struct err *err);

/* How many objects that any ref reaches are not here, as far as the trees that are here
 * tell; 0 in a repository that is no partial clone. Nothing is fetched. */
int absent_objects_count(size_t *out, struct err *err);

#endif
