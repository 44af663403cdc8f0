/*
 * What one look at a whole store showed, in arrays that are sorted by id:
 *
 *     owners     live owners' markers, and those in trash, and the traces of expired ones
 *     objects    live manifests, and those in trash
 *     needed     the blobs that those manifests list, each once
 *     records    live records, and those in trash
 *
 * A look does not fail because of one damaged thing; what could not be read is counted, and
 * whoever acts by the view goes by that. Plain data: constant once it is taken, any thread.
 * A million records take about 200 MB.
 */
#ifndef ZLLM_GC_VIEW_H
#define ZLLM_GC_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "index/store/store_keys.h"

enum { GC_NONCE = KEY_NONCE_HEX / 2, GC_REPO = REPO_ID_HEX / 2 };

/* An owner's marker, one in trash, or the trace of one that expired. */
struct gc_owner {
	struct oid oid;
	uint8_t repo[GC_REPO];
	uint8_t nonce[GC_NONCE]; /* of its entry; zeros: it is live */
	int64_t since,
		youngest; /* of itself; of all entries and the live value of its key */
};

/* A manifest, live or in trash. */
struct gc_object {
	struct oid oid;
	uint8_t nonce[GC_NONCE];
	bool unreadable; /* it is damaged: nobody can use it */
	uint64_t stored; /* bytes */
	int64_t since, youngest;
};

/* A blob that a manifest lists. */
struct gc_blob {
	struct oid id;
	uint64_t size; /* bytes; UINT64_MAX: manifests do not agree on it or the sum */
	struct xxh128 sum; /* of its content */
};

/* A record, live or in trash. */
struct gc_record {
	struct key_record record;
	uint8_t nonce[GC_NONCE];
	uint64_t stored;
	int64_t since, youngest;
};

/* A name's or a base's marker in trash, of which nothing is ever restored; or one of a key
 * of git-annex (gc_claims.h). */
struct gc_other {
	char trash[KEY_MAX];
	int64_t since;
};

enum { GC_OTHERS_MAX = 65536 };

/* Arrays in byte order of their ids; those of one id in the order of their keys. */
struct gc_owners {
	struct gc_owner *list;
	size_t count;
	struct buf bytes;
};
struct gc_objects {
	struct gc_object *list;
	size_t count;
	struct buf bytes;
};
struct gc_blobs {
	struct gc_blob *list;
	size_t count;
	struct buf bytes;
};
struct gc_records {
	struct gc_record *list;
	size_t count;
	struct buf bytes;
};

struct gc_view {
	struct gc_owners owners, owner_entries, traces;
	struct gc_objects objects, object_entries;
	struct gc_blobs needed;
	struct gc_records records, record_entries;

	/* Why the blobs that are needed are not known: a live manifest that cannot be read,
	 * or an entry of a newer format. Then nothing may be moved or destroyed of records.
	 * code 0: all could be read. */
	struct err blind;
	size_t blind_count;
	size_t strange;    /* things in trash that this version did not make */
	struct buf others; /* struct gc_other: hints in trash, as many as fit a run */
	bool late;         /* the looks took longer than the grace period: nothing may be
	                 * destroyed by them */
};

void gc_view_wipe(struct gc_view *v);

/* Sorts the arrays that listings added to `bytes`, and finds for each thing how young the
 * youngest of its key is. */
int gc_view_seal_owners(struct gc_view *v, struct err *err);
int gc_view_seal_objects(struct gc_view *v, struct err *err);
int gc_view_seal_records(struct gc_view *v, struct err *err);

/* ---------------------------------------------------------------- finding */

/* The first of those with that id; NULL when there is none. Those that follow in the array
 * may have the same id. */
const struct gc_owner *gc_owner_find(const struct gc_owners *in, const struct oid *oid);
const struct gc_object *gc_object_find(const struct gc_objects *in,
                                       const struct oid *oid);
const struct gc_blob *gc_blob_find(const struct gc_blobs *in, const struct oid *id);
const struct gc_record *gc_record_find(const struct gc_records *in, const struct oid *id);

/* The first whose id begins so, as edges name bases. */
const struct gc_record *gc_record_find_base(const struct gc_records *in,
                                            const uint8_t base[KEY_BASE_PREFIX]);

/* The end of the array, for loops: for (r = find(); r && r < end && equal; r++). */
const struct gc_record *gc_records_end(const struct gc_records *in);

/* ---------------------------------------------------------------- keys */

/* The live key, and the key of the entry. */
void gc_owner_key(const struct gc_owner *o, char key[KEY_MAX]);
void gc_owner_trash(const struct gc_owner *o, char trash[KEY_MAX]);
void gc_trace_trash(const struct gc_owner *o, char trash[KEY_MAX]);
void gc_object_key(const struct gc_object *o, char key[KEY_MAX]);
void gc_object_trash(const struct gc_object *o, char trash[KEY_MAX]);
void gc_record_key(const struct gc_record *r, char key[KEY_MAX]);
void gc_record_trash(const struct gc_record *r, char trash[KEY_MAX]);

#endif
