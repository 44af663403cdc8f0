/*
 * An object from the store into a file that git-lfs can take: a temporary one where
 * the object is small; a large one goes on from where an earlier try was cut
 * (partial_file.h).
 */
#ifndef ZLLM_OBJECT_FETCH_H
#define ZLLM_OBJECT_FETCH_H

#include <stdint.h>

#include "agent/session/partial_file.h"
#include "codec/common/sha256.h"
#include "index/work/work_meter.h"

struct err;
struct git_paths;
struct transfer;

struct object_fetch {
	struct oid oid;
	uint64_t size;      /* bytes */
	const char *folder; /* for a small one; NULL: git-lfs's tmp folder */
	work_progress_fn *progress;
	void *ctx;
};

/* A complete object on the file system of git-lfs's storage, with the mode that files
 * there get. */
struct fetched {
	char *path;                  /* of a small one; owned; else NULL */
	struct partial_file partial; /* of a large one */
};

/* On failure nothing is left but what the next try goes on from. On success the
 * caller ends it by fetched_keep() or fetched_discard(). */
int object_fetch(const struct transfer *t, const struct git_paths *paths,
                 const struct object_fetch *request, struct fetched *out,
                 struct err *err);

/* Gives the path of a file for git-lfs to take, whose text the caller frees. */
int fetched_keep(struct fetched *f, const struct git_paths *paths, char **path,
                 struct err *err);

/* Nobody wants it. */
void fetched_discard(struct fetched *f);

#endif
