/*
 * The remote that git-annex speaks of: its uuid, its store, opened and checked when first
 * needed, and what its jobs share.
 *
 * Thread rule: any thread. Between annex_remote_enter() and annex_remote_leave() what was
 * seen of the store may be relied upon (index/work/term.h); outside nobody touches it.
 */
#ifndef ZLLM_ANNEX_REMOTE_H
#define ZLLM_ANNEX_REMOTE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "agent/annex/annex_talk.h"
#include "agent/where/connection.h"
#include "codec/common/err.h"
#include "index/work/term.h"

struct buf;
struct history;

/* Larger contents go one at a time, each with all lanes; smaller ones beside each other. */
enum { ANNEX_LARGE = 4 * 1024 * 1024 }; /* bytes */

struct annex_remote {
	struct annex_talk talk;
	atomic_bool stop; /* git-annex went away */

	pthread_mutex_t opening; /* guards the next five until `open` */
	bool open, writable;
	struct err refused; /* why it may not be written to; code 0: it may */
	char *uuid, *name;  /* name: for people; NULL where git-annex does not say */
	struct connection connection;

	pthread_rwlock_t seen; /* read while in use; written to look anew */
	struct term term;
	pthread_mutex_t large; /* held by who moves a large content */
	pthread_mutex_t hints; /* guards `history` */
	struct history *history;
};

/* `out` is where git-annex listens. */
void annex_remote_init(struct annex_remote *r, FILE *out);
void annex_remote_wipe(struct annex_remote *r);

/* Appends the store= of the remote's configuration. ERR_CONFIG when it has none. */
int annex_remote_place(struct annex_remote *r, struct annex_job *job, struct buf *out,
                       struct err *err);

/* Opens the store unless it is open: to write where this user trusts it, else to read. */
int annex_remote_open(struct annex_remote *r, struct annex_job *job, struct err *err);

/* 0 when it was opened to write; else why not. */
int annex_remote_may_write(const struct annex_remote *r, struct err *err);

/* Begins to rely on what is seen of the store; looks anew where that is old. The end says
 * whether it took so long that it must be done once more. */
void annex_remote_enter(struct annex_remote *r);
bool annex_remote_leave(struct annex_remote *r);

#endif
