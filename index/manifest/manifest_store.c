#include "index/manifest/manifest_store.h"

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

typedef int parse_fn(const uint8_t *bytes, size_t n, const struct oid *oid,
                     struct manifest *out, struct err *err);

struct getting {
	struct store *store;
	const struct oid *oid;
	parse_fn *parse;
	struct buf bytes;
};

static int get_once(struct getting *g, const char *key, struct manifest *out,
                    struct err *err)
{
	g->bytes.size = 0;
	int rc = store_get_all(g->store, key, MANIFEST_MAX, &g->bytes, err);
	return rc ? rc : g->parse(g->bytes.data, g->bytes.size, g->oid, out, err);
}

/* What came damaged from afar may be whole where it lies: it is fetched once more. */
static int get(struct getting *g, struct manifest *out, uint64_t *stored, struct err *err)
{
	char key[KEY_MAX];

	key_object(g->oid, key);
	int rc = get_once(g, key, out, err);
	if (g->store->remote && (rc == ERR_DAMAGED || rc == ERR_FORMAT))
		rc = get_once(g, key, out, err);
	if (!rc && stored)
		*stored = g->bytes.size;
	if (rc < 0)
		err_context(err, "store %s: manifest %s", g->store->name, key);
	buf_wipe(&g->bytes);
	return rc;
}

int manifest_get(struct store *s, const struct oid *oid, struct manifest *out,
                 uint64_t *stored, struct err *err)
{
	struct getting g = { s, oid, manifest_parse, BUF_INIT };

	return get(&g, out, stored, err);
}

int manifest_get_places(struct store *s, const struct oid *oid, struct manifest *out,
                        uint64_t *stored, struct err *err)
{
	struct getting g = { s, oid, manifest_parse_places, BUF_INIT };

	return get(&g, out, stored, err);
}

int manifest_get_bases(struct store *s, const struct oid *oid, struct manifest *out,
                       struct err *err)
{
	struct getting g = { s, oid, manifest_parse_bases, BUF_INIT };

	return get(&g, out, NULL, err);
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

int manifest_put(struct store *s, const struct manifest *m, struct err *err)
{
	struct buf bytes = BUF_INIT;
	char key[KEY_MAX];

	key_object(&m->oid, key);
	int rc = manifest_format(m, &bytes, err);
	if (!rc)
		rc = store_put_all(s, key, bytes.data, bytes.size, err);
	if (rc < 0)
		err_context(err, "store %s: manifest %s", s->name, key);
	buf_wipe(&bytes);
	return rc;
}
