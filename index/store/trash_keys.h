/*
 * What lies under trash/ of a store (docs/store.md, "Trash"): where what is set aside goes,
 * and, read from such a key alone, what it was, and which key it had, so that it can be
 * given back.
 */
#ifndef ZLLM_TRASH_KEYS_H
#define ZLLM_TRASH_KEYS_H

#include <stdbool.h>

#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

/*
 * trash/<aa>/<bb>/<name>@<nonce>: where what was at `key` goes when it is set aside.
 * <nonce> is KEY_NONCE_HEX digits. <name> says what it was:
 *
 *     a record          <id>, <id>~<base>...      as its key ends
 *     a manifest        objects-<oid>
 *     an owner's mark   owners-<oid>-<repo>
 *     a name's mark     names-<name>-<repo>
 *     a key of an annex annexes-<key>-<oid>-<annex>
 *     a base marker     bases-<id>~<oid>          not all of its key, which is too long;
 *                                                 it is made anew, never restored
 *
 * so that all that was set aside of one blob, or of one object, has one prefix. False for
 * a key of another kind: it is never set aside.
 */
bool key_trash(const char *key, const char *nonce, char trash[KEY_MAX]);

/* The prefix of what was set aside of the manifest of `oid`, and of all records of the
 * blob `id`. */
void key_trash_objects(const struct oid *oid, char prefix[KEY_MAX]);
void key_trash_blobs(const struct oid *id, char prefix[KEY_MAX]);

/* The prefix of what was set aside of the markers of a key of git-annex. */
void key_trash_annex(const struct key_annex *k, char prefix[KEY_MAX]);

/* Whether `key` lies under trash/, whoever made it. */
bool key_is_trash(const char *key);

enum trash_kind {
	TRASH_RECORD,
	TRASH_OBJECT,  /* a manifest */
	TRASH_OWNER,   /* an owner's marker: it owns until it is destroyed */
	TRASH_NAME,    /* a name's marker */
	TRASH_ANNEX,   /* which object is the content of a key of git-annex */
	TRASH_MARKER,  /* a base marker: made anew, never given back */
	TRASH_EXPIRED, /* a tombstone: this repository gave the object up */
	TRASH_KINDS
};

struct trash_key {
	enum trash_kind kind;
	char key[KEY_MAX];      /* what it was; "" for TRASH_MARKER and TRASH_EXPIRED */
	struct oid id;          /* of the blob, or of the object; not for TRASH_NAME */
	struct key_annex annex; /* TRASH_ANNEX */
	char repo[REPO_ID_HEX + 1]; /* TRASH_OWNER, TRASH_NAME, TRASH_EXPIRED */
	struct key_record record;   /* TRASH_RECORD */
};

/* False when `trash` is not a key under trash/ spelled exactly as this version makes it:
 * such a thing is a newer version's, or nobody's, and is left alone. */
bool trash_key_parse(const char *trash, struct trash_key *out);

/*
 * trash/<aa>/<bb>/expired-<oid>-<repo>@<nonce>: the trace of an owner that expired. It owns
 * nothing. A manifest without any owner, live or in trash, is collected only where there is
 * such a trace, for one that never had an owner may be a mirror's (docs/store.md, "gc").
 */
void trash_key_expired(const struct oid *oid, const char *repo_id, const char *nonce,
                       char trash[KEY_MAX]);

/* The prefix of all such traces of `oid`. */
void trash_key_expired_of(const struct oid *oid, char prefix[KEY_MAX]);

/* The prefix of all owners' markers of `oid` that were moved to trash. */
void trash_key_owners_of(const struct oid *oid, char prefix[KEY_MAX]);

#endif
