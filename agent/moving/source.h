/*
 * What is to be imported: files found below a path, with their models and names, into a
 * batch. What kind of place a path is, its own layout tells:
 *
 *     models--org--name/{blobs,snapshots}   a hub's cache, or a folder of these (source_hub.c)
 *     .git with lfs/objects                 an LFS repository, its whole history (source_lfs.c)
 *     .git with annex/objects               an annex (source_annex.c)
 *     any other folder, or a file           by what is in it (source_folder.c)
 *
 * Links to files are followed, links to folders are not. Nothing is changed.
 */
#ifndef ZLLM_SOURCE_H
#define ZLLM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "agent/hints/model_name.h"
#include "codec/common/sha256.h"
#include "index/batch/batch.h"

struct err;

struct source {
	struct batch *batch;
	const char *name;  /* what --name says all of it is called; or NULL */
	size_t passed_by;  /* folders that cannot be read, broken links: told as notes */
	size_t absent;     /* objects that a history names and that are not here */
};

/* Adds what is at `path`. 0; ERR_INPUT where nothing is there; or another error. */
int source_add(struct source *s, const char *path, struct err *err);

/* ---------------------------------------------------------------- for the kinds */

/* One kind each: 0; 1 where the path is not of that kind. */
int source_hub_add(struct source *s, const char *path, struct err *err);
int source_lfs_add(struct source *s, const char *path, struct err *err);
int source_annex_add(struct source *s, const char *path, struct err *err);
int source_folder_add(struct source *s, const char *path, struct err *err);

/* A model in a batch: `text` is what it may be called, made a name (source_name.h).
 * `revision` and `folder` may be NULL. Its number, or negative. */
struct source_model {
	const char *text, *revision, *folder;
	bool unlisted;
};
int64_t source_model_add(struct source *s, const struct source_model *model,
                         struct err *err);

/* What a walk finds below a folder: its path, and from where the walk began. */
struct source_found {
	const char *path;  /* absolute */
	const char *below; /* relative to where the walk began */
	struct stat st;    /* of the file, a link followed */
	bool link;         /* it was one */
};
typedef int source_found_fn(void *ctx, const struct source_found *found, struct err *err);

/* Calls `each` for all plain files below `root`, in order of their names, not below folders
 * called `skip` (or NULL). */
struct source_walk {
	struct source *source;
	const char *root;
	const char *const *skip; /* ended by NULL */
	source_found_fn *each;
	void *ctx;
};
int source_walk(const struct source_walk *walk, struct err *err);

/* Whether `path` and `name` below it is a folder. */
bool source_is_folder(const char *path, const char *name);

/* The SHA-256 by which something is called: 64 digits. */
bool source_named_oid(const char *path, struct oid *out);

#endif
