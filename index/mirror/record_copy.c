#include "index/mirror/record_copy.h"

#include "codec/common/err.h"
#include "index/blob/blob_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/mirror/content_hash.h"
#include "index/store/store.h"
#include "index/store/store_tee.h"

struct hashing {
	struct sha256 *own;
	struct content_part *part;
};

static int hash_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                      struct err *err)
{
	struct hashing *h = ctx;

	(void)offset;
	if (h->part)
		return content_part_add(h->part, h->own, bytes, n, err);
	sha256_add(h->own, bytes, n);
	return 0;
}

/* Decodes all of the blob; the bytes of its record go into the copy on the way. */
static int hash_content(struct blob_source *r, struct content_part *part, struct oid *out,
                        struct err *err)
{
	struct hashing h = { sha256_new(), part };
	int rc = h.own ? blob_source_each(r, hash_piece, &h, err)
	               : err_nomem(err, "a hash");

	if (!rc)
		sha256_finish(h.own, out);
	sha256_free(h.own);
	return rc;
}

/* 1 when the store has nothing at `key`, whatever else it has of the blob. */
static int read_through(const struct transfer *t, const struct record_way *way,
                        const struct oid *id, const char *key, struct err *err)
{
	struct blob_source *r = NULL;
	struct blob_want want = { *id, UINT64_MAX, way->sum, key };
	struct err why = ERR_INIT;
	struct oid found;
	uint64_t size, copied;
	int rc = record_source_open(t, &want, &r, &why);

	/* Where nothing is at the key another record of the blob was opened, which must not
	 * be taken for it. */
	store_tee_copied(t->store, &size);
	if (!rc && size)
		rc = hash_content(r, way->part, &found, &why);
	if (!rc && size && !oid_equal(&found, id))
		rc = err_set(&why, ERR_MISMATCH,
		             "record %s: its content is not that of its name", key);
	blob_source_close(r);
	copied = store_tee_copied(t->store, &size);
	if (!size)
		return 1;
	if (!rc && copied != size)
		rc = err_set(&why, ERR_DAMAGED,
		             "record %s: only %llu of %llu bytes matter", key,
		             (unsigned long long)copied, (unsigned long long)size);
	if (rc && err)
		*err = why;
	return rc;
}

int record_copy(const struct record_way *way, const struct oid *id, const char *key,
                uint64_t *stored, struct err *err)
{
	struct transfer through = *way->from; /* its pool and shelf, another store */
	struct store_tee_ends ends = { way->from->store, way->to, key, NULL };
	struct store *tee = NULL;
	uint64_t size;
	int rc = store_put(way->to, way->as ? way->as : key, 0, &ends.copy, err);

	if (!rc)
		rc = store_tee_new(&ends, &tee, err);
	if (!rc) {
		through.store = tee;
		through.local_blob = NULL;
		through.cache = NULL;
		through.records = NULL;
		rc = read_through(&through, way, id, key, err);
		*stored = store_tee_copied(tee, &size);
	}
	store_close(tee);
	if (!rc)
		return store_commit(ends.copy, NULL, err);
	store_abort(ends.copy);
	return rc;
}
