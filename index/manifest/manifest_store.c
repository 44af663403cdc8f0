#include "index/manifest/manifest_store.h"

#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

/* What is wanted, and how it is read. */
struct getting {
	struct store *store;
	const struct oid *oid;
	manifest_parse_fn *parse;
	struct buf bytes; /* as they were read last; the caller wipes */
};

static int get_once(struct getting *g, const char *key, struct manifest *out,
                    struct err *err)
{
	g->bytes.size = 0;
	int rc = store_get_all(g->store, key, MANIFEST_MAX, &g->bytes, err);
	return rc ? rc : g->parse(g->bytes.data, g->bytes.size, g->oid, out, err);
}

/* What came damaged from afar may be whole where it lies: it is fetched once more. */
static int get_at(struct getting *g, const char *key, struct manifest *out,
                  struct err *err)
{
	int rc = get_once(g, key, out, err);

	if (g->store->remote && (rc == ERR_DAMAGED || rc == ERR_FORMAT))
		rc = get_once(g, key, out, err);
	return rc < 0 ? err_context(err, "store %s: manifest %s", g->store->name, key)
	              : rc;
}

int manifest_get_at(struct store *s, const char *key, const struct oid *oid,
                    manifest_parse_fn *parse, struct manifest *out, uint64_t *stored,
                    struct err *err)
{
	struct getting g = { s, oid, parse, BUF_INIT };
	int rc = get_at(&g, key, out, err);

	if (!rc && stored)
		*stored = g.bytes.size;
	buf_wipe(&g.bytes);
	return rc;
}

int manifest_get(struct store *s, const struct oid *oid, struct manifest *out,
                 uint64_t *stored, struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_at(s, key, oid, manifest_parse, out, stored, err);
}

int manifest_get_places(struct store *s, const struct oid *oid, struct manifest *out,
                        uint64_t *stored, struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_at(s, key, oid, manifest_parse_places, out, stored, err);
}

int manifest_get_bases(struct store *s, const struct oid *oid, struct manifest *out,
                       struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_at(s, key, oid, manifest_parse_bases, out, NULL, err);
}

int manifest_get_bytes_at(struct store *s, const char *key, const struct oid *oid,
                          struct manifest *out, struct buf *bytes, struct err *err)
{
	struct getting g = { s, oid, manifest_parse_places, BUF_INIT };
	int rc = get_at(&g, key, out, err);
	*bytes = g.bytes;
	return rc;
}

int manifest_get_bytes(struct store *s, const struct oid *oid, struct manifest *out,
                       struct buf *bytes, struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_bytes_at(s, key, oid, out, bytes, err);
}

/* Whether the value at `key` is `bytes`: 0; 1 when it is not, or is gone. */
static int compare_value(struct store *s, const char *key, const struct buf *bytes,
                         struct err *err)
{
	struct buf now = BUF_INIT;
	int rc = store_get_all(s, key, MANIFEST_MAX, &now, err);

	if (!rc)
		rc = now.size != bytes->size ||
		     (now.size && memcmp(now.data, bytes->data, now.size) != 0);
	buf_wipe(&now);
	return rc;
}

/* Between a look and a move another may have put a good one: what was moved is looked at,
 * and given back where it is not what was found. */
int manifest_set_aside(struct store *s, const struct oid *oid, const struct buf *found,
                       struct err *err)
{
	char key[KEY_MAX], trash[KEY_MAX];

	key_object(oid, key);
	int rc = compare_value(s, key, found, err);
	if (!rc)
		rc = store_set_aside(s, key, trash, err);
	if (rc)
		return rc;
	rc = compare_value(s, trash, found, err);
	if (!rc)
		return 0;
	int back = store_restore(s, trash, key, err);
	return back ? back : rc;
}

int manifest_get_outline(struct store *s, const struct oid *oid,
                         struct manifest_outline *out, struct err *err)
{
	uint8_t bytes[MANIFEST_OUTLINE_SIZE];
	struct store_reader *reader;
	char key[KEY_MAX];

	key_object(oid, key);
	int rc = store_get(s, key, sizeof(bytes), &reader, err);
	if (rc)
		return rc;
	bool whole = reader->size >= sizeof(bytes);
	if (whole)
		rc = store_read(reader, 0, bytes, sizeof(bytes), err);
	store_reader_close(reader);
	if (rc)
		return rc;
	return whole && manifest_parse_outline(bytes, oid, out) ? 0 : 1;
}

static int put_bytes(struct store *s, const char *key, const struct buf *bytes,
                     bool *existed, struct err *err)
{
	struct store_writer *w;
	int rc = store_put(s, key, 0, &w, err);

	if (rc)
		return rc;
	w->existed = existed;
	rc = store_write(w, bytes->data, bytes->size, err);
	if (rc) {
		store_abort(w);
		return rc;
	}
	return store_commit(w, NULL, err);
}

int manifest_put(struct store *s, const struct manifest *m, bool *existed,
                 struct err *err)
{
	struct buf bytes = BUF_INIT;
	char key[KEY_MAX];

	key_object(&m->oid, key);
	int rc = manifest_format(m, &bytes, err);
	if (!rc)
		rc = put_bytes(s, key, &bytes, existed, err);
	if (rc < 0)
		err_context(err, "store %s: manifest %s", s->name, key);
	buf_wipe(&bytes);
	return rc;
}
