/*
 * What this clone, and whoever it is told of, has of objects: git-lfs's storage, the
 * worktree, the cache of bases, a folder of models or another store. And by which paths its
 * history needs them.
 */
#ifndef ZLLM_CLONE_COPIES_H
#define ZLLM_CLONE_COPIES_H

#include "agent/git/lfs_objects.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_copies.h"

struct connection;
struct err;

enum { CLONE_OTHERS = 2 }; /* the cache, and what --from names */

struct clone_copies {
	const struct connection *connection; /* not owned */
	struct lfs_objects history; /* in order of oids, each with all its paths */
	struct lfs_objects pushed;  /* those that a remote's branches reach */
	struct lfs_objects folder;  /* files of a folder; oids as far as known */
	struct buf hashed;          /* a bool for each of these */

	struct store *memory, *cache, *from; /* owned; NULL: none */
	struct store_url url;
	struct transfer transfers[CLONE_OTHERS];
	struct fsck_other others[CLONE_OTHERS];
	struct fsck_copies copies; /* to be handed on */
};

/* `from` is a store or a folder, or NULL. Asks git for the paths of all its history, and
 * lists the folder. The connection outlives it. The caller closes, whatever the answer. */
int clone_copies_open(struct clone_copies *c, const struct connection *connection,
                      const char *from, struct err *err);
void clone_copies_close(struct clone_copies *c);

/* The paths of an object in this clone's history: *count of them. */
const struct lfs_object *clone_copies_paths(const struct clone_copies *c,
                                            const struct oid *oid, size_t *count);

/* Whether a branch of a remote, as this clone saw it last, needs the object. */
bool clone_copies_is_pushed(const struct clone_copies *c, const struct oid *oid);

#endif
