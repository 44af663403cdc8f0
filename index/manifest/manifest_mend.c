#include "index/manifest/manifest_mend.h"

#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/manifest_witness.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

enum { MEND_TRIES = 8 };

/* What was moved may be a good manifest that another put in the moment before: it goes
 * back, before anything else. */
static int look_at_moved(struct store *s, const struct oid *oid, const char *trash,
                         const char *key, struct err *err)
{
	struct manifest m;
	struct err ignored = ERR_INIT;
	struct manifest_query q = { s, oid, manifest_parse_places, NULL };

	if (manifest_get_at(&q, trash, &m, &ignored))
		return 0;
	manifest_wipe(&m);
	int rc = store_restore(s, trash, key, err);
	return rc < 0 ? rc : 0;
}

int manifest_clear_way(struct store *s, const struct oid *oid, struct err *err)
{
	char key[KEY_MAX], trash[KEY_MAX];
	struct manifest m;
	struct err why = ERR_INIT;
	int rc = manifest_get(s, oid, manifest_parse_places, &m, &why);

	if (rc == 0)
		manifest_wipe(&m);
	if (rc >= 0)
		return 0;
	if (rc != ERR_DAMAGED) {
		*err = why;
		return rc;
	}
	key_object(oid, key);
	rc = store_set_aside(s, key, trash, err);
	if (!rc)
		rc = look_at_moved(s, oid, trash, key, err);
	return rc < 0 ? err_context(err, "%s", why.text) : 0;
}

/* Moves the manifest that is there out of the way where it lists another object's bytes
 * than the file's, of which `m` is true. 0 when it may stay; 1 when none, or another, is
 * there by now. */
static int clear_false(struct store *s, const struct manifest *m, int fd, struct err *err)
{
	struct manifest_witness w = { .fd = fd,
		                      .size = m->extents.size,
		                      .budget = UINT64_MAX,
		                      .known = &m->extents };
	struct buf bytes = BUF_INIT;
	struct manifest found;
	int rc = manifest_get_bytes(s, &m->oid, &found, &bytes, err);

	if (!rc) {
		rc = manifest_compare_file(&found, &w, err);
		manifest_wipe(&found);
		if (rc == 1) {
			rc = manifest_set_aside(s, &m->oid, &bytes, err);
			rc = rc < 0 ? rc : 1;
		}
	}
	buf_wipe(&bytes);
	return rc;
}

int manifest_put_sure(struct store *s, const struct manifest *m, int fd, struct err *err)
{
	for (int tries = 0; tries < MEND_TRIES; tries++) {
		struct err why = ERR_INIT;
		bool existed = false;
		int rc = manifest_put(s, m, &existed, err);
		if (rc || !existed)
			return rc;
		rc = clear_false(s, m, fd, &why);
		/* One that a newer git-zllm wrote is left alone. */
		if (rc == 0 || rc == ERR_FORMAT)
			return 0;
		if (rc < 0 && rc != ERR_DAMAGED) {
			*err = why;
			return rc;
		}
		if (rc < 0)
			rc = manifest_clear_way(s, &m->oid, err);
		if (rc < 0)
			return rc;
	}
	char key[KEY_MAX];
	key_object(&m->oid, key);
	return err_set(err, ERR_IO, "store %s: what lies at %s keeps changing", s->name,
	               key);
}

/* ---------------------------------------------------------------- recalling */

/* What a reader wants, and where it may be. */
struct recall {
	struct manifest_query query;
	struct manifest *out;
	struct buf keys; /* of trash, each with its NUL */
};

static int note_entry(void *ctx, const struct store_entry *entry)
{
	struct recall *r = ctx;

	buf_add(&r->keys, entry->key, strlen(entry->key) + 1);
	return r->keys.failed ? ERR_NOMEM : 0;
}

/* The first entry that is whole. 1 when there is none. */
static int read_trash(struct recall *r, struct err *err)
{
	char prefix[KEY_MAX];

	key_trash_objects(r->query.oid, prefix);
	int rc = store_list(r->query.store, prefix, note_entry, r, err);
	if (!rc)
		rc = 1;
	const char *key = (const char *)r->keys.data, *end = key + r->keys.size;
	for (; rc > 0 && key < end; key += strlen(key) + 1) {
		struct err ignored = ERR_INIT;
		if (manifest_get_at(&r->query, key, r->out, &ignored) == 0)
			rc = 0;
	}
	buf_wipe(&r->keys);
	return rc;
}

static int recall(struct recall *r, struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	char key[KEY_MAX];

	key_object(r->query.oid, key);
	int rc = manifest_get_at(&r->query, key, r->out, &why);
	if (rc == 1 || rc == ERR_DAMAGED) {
		if (read_trash(r, &ignored) == 0)
			return 0;
		/* Whoever moved it may have put another since; and the bytes that are
		 * told are those of its key. */
		if (rc == 1 || r->query.bytes)
			rc = manifest_get_at(&r->query, key, r->out, &why);
	}
	if (rc < 0)
		*err = why;
	return rc;
}

int manifest_recall(struct store *s, const struct oid *oid, manifest_parse_fn *parse,
                    struct manifest *out, struct err *err)
{
	struct recall r = { { s, oid, parse, NULL }, out, BUF_INIT };

	return recall(&r, err);
}

int manifest_recall_bytes(struct store *s, const struct oid *oid, struct manifest *out,
                          struct buf *bytes, struct err *err)
{
	struct recall r = { { s, oid, manifest_parse_places, bytes }, out, BUF_INIT };

	return recall(&r, err);
}
