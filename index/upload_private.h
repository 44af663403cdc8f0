/* What the parts of an upload share: the whole of it (upload.c), the file (upload_scan.c),
 * how one blob comes into the store (upload_put.c), and what is said of all of them
 * (upload_manifest.c). */
#ifndef ZLLM_UPLOAD_PRIVATE_H
#define ZLLM_UPLOAD_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/base/base_hint.h"
#include "index/manifest/manifest.h"
#include "index/store/store_keys.h"
#include "index/upload.h"
#include "index/work/work_meter.h"

struct base_search;
struct transfer;
struct turns;

/* Each byte of an object is work twice: hashed, and then stored or found. */
enum { UNITS_HASH = 1, UNITS_STORE = 1, UNITS_PER_BYTE = UNITS_HASH + UNITS_STORE };

/* A blob of the object; equal ones are one. */
struct upload_blob {
	struct extent *extent;        /* the first that holds it */
	uint64_t bytes;               /* of all extents that hold it */
	uint64_t stored;              /* written for it */
	uint64_t record_size;         /* bytes of its record, whoever wrote it */
	bool there;                   /* the store had it already */
	bool existed;                 /* when it was put, something had its key */
	struct key_record record;     /* where it is; filled when there or put */
	const struct base_hint *hint; /* what gave its base, or NULL */
	size_t turn;                  /* its number among the missing ones */
};

struct upload {
	const struct transfer *transfer;
	const struct upload_request *request;
	int fd;
	struct manifest manifest; /* in the making */
	struct upload_blob *blobs;
	size_t blob_count;
	struct upload_blob **missing; /* those that the store lacks */
	size_t missing_count;
	struct base_hints hints;
	bool hinted; /* they were asked for */
	struct base_search *search;
	struct turns *turns; /* of the missing blobs; NULL where any order will do */
	size_t unmarked;     /* base markers that the store did not take */
	uint8_t *inline_bytes;
	char base_oid[SHA256_HEX + 1]; /* for the manifest's notes */
	struct work_meter meter;
};

/* upload_scan.c: opens the file; finds its extents and hashes them, and compares the
 * whole with the oid; asks for hints, once. */
int upload_open(struct upload *u, struct err *err);
int upload_scan(struct upload *u, struct err *err);
void upload_find_hints(struct upload *u);

/* upload_put.c: puts a record of a blob that the store lacks; when this returns 0 a sound
 * one is there, ours or another's. */
int upload_put_blob(struct upload *u, struct upload_blob *blob, struct err *err);

/* The order of struct upload_blob by the ids of blobs, for qsort() and bsearch(). */
int upload_blob_by_id(const void *a, const void *b);

/* upload_manifest.c: puts the owner's marker and the manifest, when all blobs are there. */
int upload_commit(struct upload *u, struct err *err);

/* The owner's marker alone, of an object that is there; nothing without a repository's id. */
int upload_put_owner(const struct transfer *t, const struct oid *oid, struct err *err);

#endif
