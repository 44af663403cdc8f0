#include "index/manifest/annex_claim.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"

/* "gitannex": no repository's id begins so, for these are hashes or random. */
#define CLAIMS "676974616e6e6578"

enum {
	CLAIMS_SIZE = sizeof(CLAIMS) - 1,
	CLAIM_BYTES = (REPO_ID_HEX - CLAIMS_SIZE) / 2,
	ENOUGH = 1 /* ends a listing */
};

/* ---------------------------------------------------------------- names */

int annex_key_of(const char *uuid, const char *text, size_t n, struct key_annex *out,
                 struct err *err)
{
	struct oid hash;

	if (!sha256_of(uuid, strlen(uuid), &hash) || !sha256_of(text, n, &out->key))
		return err_nomem(err, "a key");
	hex_format(hash.bytes, REPO_ID_HEX / 2, out->annex);
	return 0;
}

int annex_claim_owner(const struct key_annex *k, char owner[REPO_ID_HEX + 1],
                      struct err *err)
{
	char text[REPO_ID_HEX + 1 + SHA256_HEX + 1], key[SHA256_HEX + 1];
	struct oid hash;

	oid_format(&k->key, key);
	snprintf(text, sizeof(text), "%.*s/%s", REPO_ID_HEX, k->annex, key);
	if (!sha256_of(text, strlen(text), &hash))
		return err_nomem(err, "an owner's id");
	memcpy(owner, CLAIMS, CLAIMS_SIZE);
	hex_format(hash.bytes, CLAIM_BYTES, owner + CLAIMS_SIZE);
	return 0;
}

bool annex_claim_is(const char *owner)
{
	return strncmp(owner, CLAIMS, CLAIMS_SIZE) == 0;
}

/* ---------------------------------------------------------------- contents */

int annex_content_put(struct store *s, const struct key_annex *k, const struct oid *oid,
                      struct err *err)
{
	char key[KEY_MAX];

	key_annex(k, oid, key);
	return store_put_all(s, key, NULL, 0, err);
}

struct finding {
	const struct key_annex *key;
	struct annex_contents *out;
};

/* Live, or in trash: there the prefix is that of the key in any annex. */
static int take_content(void *ctx, const struct store_entry *entry)
{
	struct finding *f = ctx;
	struct annex_contents *out = f->out;
	struct trash_key trash;
	struct key_annex k;
	struct oid oid;

	if (!key_parse_annex(entry->key, &k, &oid)) {
		if (!trash_key_parse(entry->key, &trash) || trash.kind != TRASH_ANNEX)
			return 0;
		k = trash.annex;
		oid = trash.id;
	}
	if (strcmp(k.annex, f->key->annex) != 0)
		return 0;
	for (size_t i = 0; i < out->count; i++)
		if (oid_equal(&out->list[i], &oid))
			return 0;
	out->list[out->count++] = oid;
	return out->count == ANNEX_CONTENTS_MAX ? ENOUGH : 0;
}

/* One that is moved between the two listings is seen by the third. */
int annex_content_find(struct store *s, const struct key_annex *k,
                       struct annex_contents *out, struct err *err)
{
	struct finding f = { k, out };
	char live[KEY_MAX], trash[KEY_MAX];

	out->count = 0;
	key_annex_objects(k, live);
	key_trash_annex(k, trash);
	int rc = store_list(s, live, take_content, &f, err);
	if (!rc && !out->count)
		rc = store_list(s, trash, take_content, &f, err);
	if (!rc && !out->count)
		rc = store_list(s, live, take_content, &f, err);
	return rc < 0 ? rc : 0;
}

/* ---------------------------------------------------------------- claims */

struct seeking {
	const char *owner;
	bool found;
};

static int seek_trace(void *ctx, const struct store_entry *entry)
{
	struct seeking *s = ctx;
	struct trash_key trash;

	s->found = trash_key_parse(entry->key, &trash) &&
	           (trash.kind == TRASH_OWNER || trash.kind == TRASH_EXPIRED) &&
	           strcmp(trash.repo, s->owner) == 0;
	return s->found ? ENOUGH : 0;
}

/* 0 when the key is there, 1 when it is not, or negative. */
static int is_there(struct store *s, const char *key, struct err *err)
{
	struct store_reader *reader = NULL;
	int rc = store_get(s, key, 0, &reader, err);

	store_reader_close(reader);
	return rc;
}

int annex_claim_look(struct store *s, const char *owner, const struct oid *oid,
                     enum annex_claim *out, struct err *err)
{
	struct seeking seeking = { owner, false };
	char key[KEY_MAX];

	key_owner(owner, oid, key);
	int rc = is_there(s, key, err);
	if (rc == 0)
		*out = ANNEX_CLAIM_LIVE;
	if (rc <= 0)
		return rc;
	trash_key_owners_of(oid, key);
	rc = store_list(s, key, seek_trace, &seeking, err);
	if (!rc) {
		trash_key_expired_of(oid, key);
		rc = store_list(s, key, seek_trace, &seeking, err);
	}
	if (rc < 0)
		return rc;
	*out = seeking.found ? ANNEX_CLAIM_GONE : ANNEX_CLAIM_NEVER;
	return 0;
}

int annex_claim_put(struct store *s, const char *owner, const struct oid *oid,
                    struct err *err)
{
	char key[KEY_MAX];

	key_owner(owner, oid, key);
	return store_put_all(s, key, NULL, 0, err);
}

/* What never was claimed is, and then goes: its trace is what a later question sees. */
static int leave_trace(struct store *s, const char *owner, const struct oid *oid,
                       struct err *err)
{
	char key[KEY_MAX], trash[KEY_MAX];
	enum annex_claim claim;
	int rc = annex_claim_look(s, owner, oid, &claim, err);

	if (rc || claim == ANNEX_CLAIM_GONE)
		return rc;
	rc = manifest_is_left(s, oid, err);
	if (rc <= 0)
		return rc;
	rc = annex_claim_put(s, owner, oid, err);
	key_owner(owner, oid, key);
	return rc ? rc : store_set_aside(s, key, trash, err);
}

int annex_claim_drop(struct store *s, const char *owner, const struct oid *oid,
                     struct err *err)
{
	char key[KEY_MAX], trash[KEY_MAX];

	key_owner(owner, oid, key);
	int rc = store_set_aside(s, key, trash, err);
	if (rc == 1)
		rc = leave_trace(s, owner, oid, err);
	return rc < 0 ? rc : 0;
}
