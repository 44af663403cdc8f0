#include "index/manifest/manifest_store.h"

#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

static int get_once(const struct manifest_query *q, const char *key, struct buf *bytes,
                    struct manifest *out, struct err *err)
{
	bytes->size = 0;
	int rc = store_get_all(q->store, key, MANIFEST_MAX, bytes, err);
	return rc ? rc : q->parse(bytes->data, bytes->size, q->oid, out, err);
}

/* What came damaged from afar may be whole where it lies: it is fetched once more. */
int manifest_get_at(const struct manifest_query *q, const char *key, struct manifest *out,
                    struct err *err)
{
	struct buf own = BUF_INIT, *bytes = q->bytes ? q->bytes : &own;
	int rc = get_once(q, key, bytes, out, err);

	if (q->store->remote && (rc == ERR_DAMAGED || rc == ERR_FORMAT))
		rc = get_once(q, key, bytes, out, err);
	buf_wipe(&own);
	return rc < 0 ? err_context(err, "store %s: manifest %s", q->store->name, key)
	              : rc;
}

int manifest_get(struct store *s, const struct oid *oid, manifest_parse_fn *parse,
                 struct manifest *out, struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_at(&(struct manifest_query){ s, oid, parse, NULL }, key, out,
	                       err);
}

int manifest_get_bytes(struct store *s, const struct oid *oid, struct manifest *out,
                       struct buf *bytes, struct err *err)
{
	struct manifest_query q = { s, oid, manifest_parse_places, bytes };
	char key[KEY_MAX];

	key_object(oid, key);
	return manifest_get_at(&q, key, out, err);
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

static int stop_at_first(void *ctx, const struct store_entry *entry)
{
	(void)ctx;
	(void)entry;
	return 1;
}

int manifest_is_left(struct store *s, const struct oid *oid, struct err *err)
{
	char key[KEY_MAX];

	key_object(oid, key);
	int rc = store_list(s, key, stop_at_first, NULL, err);
	if (rc)
		return rc;
	key_trash_objects(oid, key);
	return store_list(s, key, stop_at_first, NULL, err);
}
