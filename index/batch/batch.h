/*
 * A batch: files that are about to be stored, the models that they belong to, and their
 * names in these.
 *
 *     model  "org/a"  --name "config.json"-------->  file /x/blobs/0c4f...
 *                     --name "model.safetensors"-->  file /x/blobs/9a11...
 *     model  "org/b"  --name "config.json"-------->  file /x/blobs/0c4f...   (the same)
 *
 * Each file is there once, however many names lead to it. Plain data; one thread at a time
 * adds, then any may read.
 */
#ifndef ZLLM_BATCH_H
#define ZLLM_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;

enum { BATCH_NONE = UINT32_MAX, BATCH_MAX = 1 << 24 };

/* What says which bytes a file has, before anybody has read them. */
enum batch_known {
	BATCH_UNKNOWN,
	BATCH_NAMED, /* it is called by its SHA-256, as in hubs' caches and git-lfs's folders */
	BATCH_REMEMBERED, /* it was hashed once, and nobody seems to have touched it since */
	BATCH_STORED /* it was hashed, and the store has it */
};

struct batch_file {
	char *path;    /* owned */
	uint64_t size; /* bytes */
	struct timespec modified, changed;
	dev_t device;
	ino_t inode;
	struct oid oid;
	enum batch_known known;
	uint32_t model; /* of its first name */
	uint32_t names; /* its latest name; BATCH_NONE: none */
};

struct batch_model {
	char *name;                    /* normalised: "org/a"; owned */
	char *folder;                  /* where its cards lie, or NULL; owned */
	char *revision;                /* "" where there is none; owned */
	char repo_id[REPO_ID_HEX + 1]; /* who owns what is in it */
	bool unlisted; /* its names are known elsewhere: to git */
};

/* A file in a model. */
struct batch_name {
	uint32_t file, model;
	char *path;    /* relative to the model, "/" between; owned */
	uint32_t next; /* another name of the same file, or BATCH_NONE */
};

struct batch {
	struct buf files;  /* of struct batch_file */
	struct buf models; /* of struct batch_model */
	struct buf names;  /* of struct batch_name, in order of coming */
	uint32_t *slots;   /* of batch.c: which file has a device and inode; owned */
	size_t slot_count;
	uint64_t bytes; /* of all files */
};

void batch_init(struct batch *b);
void batch_wipe(struct batch *b);

size_t batch_file_count(const struct batch *b);
size_t batch_model_count(const struct batch *b);
size_t batch_name_count(const struct batch *b);
struct batch_file *batch_file(const struct batch *b, size_t i);
struct batch_model *batch_model(const struct batch *b, size_t i);
struct batch_name *batch_name(const struct batch *b, size_t i);

/* Adds a model; what it points to is copied. Its number, or negative. One that is there
 * with the same name and revision is that one. */
int64_t batch_add_model(struct batch *b, const struct batch_model *model,
                        struct err *err);

/* A file that was found. */
struct batch_found {
	const char *path;
	const struct stat *st;
	const struct oid *oid; /* by which it is called; NULL: not known */
	uint32_t model;
	const char *name; /* in the model */
};

/* Whether the batch has the file. */
bool batch_has(const struct batch *b, const struct stat *st);

/* Adds a name, and the file unless it is there (by device and inode). 0 or negative. */
int batch_add_file(struct batch *b, const struct batch_found *found, struct err *err);

#endif
