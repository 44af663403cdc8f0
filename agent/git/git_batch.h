/*
 * A `git cat-file` that stays and answers one question after another: what an object is,
 * and what it holds. It is started by the first question. When it dies it is started
 * again, a bounded number of times; when it is silent for a minute it is killed, and not
 * started any more. So the worst that a git which dies or hangs can do is that objects are
 * not known.
 *
 * It never fetches: what a partial clone lacks is not there (a git before 2.44 dies of
 * such an object, for it may not speak to a remote; it is remembered above, in
 * git_way_program.c, and asked for once). Objects are as they are stored: no replace refs.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_GIT_BATCH_H
#define ZLLM_GIT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "agent/git/commit_id.h"

struct buf;
struct git_batch;

enum git_batch_kind {
	GIT_BATCH_CHECK,   /* says what an object is */
	GIT_BATCH_CONTENTS /* and then gives its bytes */
};

enum { GIT_BATCH_NAME_MAX = 8192 }; /* bytes of a question */

/* What git answers of an object that is there. */
struct git_answer {
	struct commit_id id; /* whatever kind of object it is */
	char type[8];        /* "commit", "tree", "blob", "tag" */
	uint64_t size;       /* bytes */
};

/* `git_dir` as in git_paths.h. NULL when memory ran out. */
struct git_batch *git_batch_new(const char *git_dir, enum git_batch_kind kind);
void git_batch_free(struct git_batch *b);

/* Asks for `name`: an id, or any revision in one line. 0 with the answer; 1 when there is
 * no such object, or git cannot be asked. From GIT_BATCH_CONTENTS the bytes follow, and
 * git_batch_take() must be called. */
int git_batch_ask(struct git_batch *b, const char *name, struct git_answer *out);

/* Appends the bytes of the object that was asked for to `out`; they are dropped where that
 * is NULL. 0; or 1, and nothing is appended, when they do not come whole. */
int git_batch_take(struct git_batch *b, const struct git_answer *answer, struct buf *out);

/* How long it may be silent: what a test cannot wait for. */
void git_batch_set_patience(struct git_batch *b, int milliseconds);

/* How many processes it has started: what a test counts. */
unsigned git_batch_starts(const struct git_batch *b);

#endif
