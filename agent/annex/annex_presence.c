#include "agent/annex/annex_presence.h"

#include <stdbool.h>

#include "agent/annex/annex_remote.h"
#include "agent/annex/annex_which.h"
#include "codec/common/buf.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_look.h"
#include "index/store/store.h"

/* ---------------------------------------------------------------- present? */

/* An object that is not whole is absent where that is seen: then storing it again mends it.
 * What cannot be judged (a newer version's, a permission) is not known. */
static int answer_of(int rc, bool have, const struct err *why, enum annex_presence *out,
                     struct err *err)
{
	if (rc)
		return rc;
	if (!have && why->code && why->code != ERR_DAMAGED && why->code != ERR_MISSING &&
	    why->code != ERR_MISMATCH) {
		*err = *why;
		return why->code;
	}
	*out = have ? ANNEX_PRESENT : ANNEX_ABSENT;
	return 0;
}

static int look_at_claimed(const struct annex_remote *r, const struct oid *oid,
                           enum annex_presence *out, struct err *err)
{
	struct err why = ERR_INIT;
	bool have = false;
	int rc = object_verify(&r->connection.transfer, oid, &have, &why, err);

	return answer_of(rc, have, &why, out, err);
}

/* It came by git-lfs, or by another annex, who may drop it: it counts once it is claimed. */
static int adopt(const struct annex_remote *r, const struct annex_which *w,
                 enum annex_presence *out, struct err *err)
{
	const struct connection *c = &r->connection;
	const struct object_asked asked = { &w->parsed.oid, NULL };
	struct manifest_outline outline;
	struct err why = ERR_INIT;
	bool have = false;
	int rc = object_look(&c->transfer, &asked, &have, &why, err);

	rc = answer_of(rc, have, &why, out, err);
	if (rc || *out == ANNEX_ABSENT)
		return rc;
	rc = manifest_get_outline(c->store, &w->parsed.oid, &outline, err);
	if (rc || (w->parsed.has_size && w->parsed.size != outline.size))
		return rc < 0 ? rc
		              : err_set(err, ERR_MISMATCH,
		                        "the store has this object, but not of the size "
		                        "that the key says");
	rc = annex_remote_may_write(r, err);
	if (!rc)
		rc = annex_claim_put(c->store, w->owner, &w->parsed.oid, err);
	return rc ? err_context(err, "the store has it by another way, and it could not "
	                             "be claimed")
	          : 0;
}

static int look_at(const struct annex_remote *r, const struct annex_which *w,
                   const struct oid *oid, enum annex_presence *out, struct err *err)
{
	enum annex_claim claim;
	int rc = annex_claim_look(r->connection.store, w->owner, oid, &claim, err);

	*out = ANNEX_ABSENT;
	if (!rc && claim == ANNEX_CLAIM_LIVE)
		rc = look_at_claimed(r, oid, out, err);
	else if (!rc && claim == ANNEX_CLAIM_NEVER && w->parsed.has_oid)
		rc = adopt(r, w, out, err);
	return rc;
}

static int look(const struct annex_remote *r, const struct annex_which *w,
                enum annex_presence *out, struct err *err)
{
	enum annex_presence found = ANNEX_ABSENT;
	struct annex_contents contents;
	int rc = annex_which_contents(r, w, &contents, err);

	for (size_t i = 0; !rc && found == ANNEX_ABSENT && i < contents.count; i++)
		rc = look_at(r, w, &contents.list[i], &found, err);
	if (!rc)
		*out = found;
	return rc;
}

enum { ROUNDS = 3 };

int annex_presence_look(struct annex_remote *r, const char *key, enum annex_presence *out,
                        struct err *err)
{
	struct annex_which w;
	int rc = annex_which(r, key, &w, err);

	for (int round = 0; !rc && round < ROUNDS; round++) {
		annex_remote_enter(r);
		rc = look(r, &w, out, err);
		if (!annex_remote_leave(r))
			return rc;
	}
	return rc ? rc
	          : err_set(err, ERR_IO, "looking took longer than the grace period");
}

/* ---------------------------------------------------------------- the end, and where */

int annex_presence_remove(struct annex_remote *r, const char *key, struct err *err)
{
	struct annex_contents contents = { .count = 0 };
	struct annex_which w;
	int rc = annex_remote_may_write(r, err);

	if (!rc)
		rc = annex_which(r, key, &w, err);
	if (!rc)
		rc = annex_which_contents(r, &w, &contents, err);
	for (size_t i = 0; !rc && i < contents.count; i++)
		rc = annex_claim_drop(r->connection.store, w.owner, &contents.list[i],
		                      err);
	return rc;
}

int annex_presence_where(struct annex_remote *r, const char *key, struct buf *out,
                         struct err *err)
{
	struct annex_contents contents = { .count = 0 };
	struct manifest_outline outline;
	char object[KEY_MAX];
	struct annex_which w;
	int rc = annex_which(r, key, &w, err);

	if (!rc)
		rc = annex_which_contents(r, &w, &contents, err);
	for (size_t i = 0; !rc && i < contents.count; i++) {
		rc = manifest_get_outline(r->connection.store, &contents.list[i],
		                          &outline, err);
		if (rc)
			continue;
		key_object(&contents.list[i], object);
		buf_addf(out, "%s/%s", r->connection.store->name, object);
		return 0;
	}
	return rc < 0 ? rc : 1;
}
