/*
 * Where a session's objects go and come from: a store of ours; or, where git-lfs is here for
 * the user's configuration alone (agent/where/server_key.h), the way that they would go
 * without us (pass_through.h), for all of them or for those that the store does not have.
 *
 *     what is checked out, or git's configuration, names a store     that store
 *     HEAD, a branch or a tag here does (connection.h)                that store, then without us
 *     the remote's default branch does (remote_store.h)               likewise
 *     none                                                            without us
 *
 * The last three lines are for sessions that such a key brought; others have a store, or fail.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_SESSION_WAY_H
#define ZLLM_SESSION_WAY_H

#include <stdbool.h>

#include "agent/git/git_paths.h"
#include "agent/where/connection.h"

struct err;
struct pass_through;

struct session_way {
	struct connection connection;
	bool open;                   /* the store is */
	struct pass_through *pass;   /* or NULL */
	struct git_paths pass_paths; /* with it */
};

/* `way` is one of zeros. On success there is a store, or the way without us, or both. */
int session_way_open(struct session_way *way, enum endpoint_direction direction,
                     const char *remote, struct err *err);

/* Leaves one of zeros. */
void session_way_close(struct session_way *way);

#endif
