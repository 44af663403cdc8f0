#include "index/manifest/object_proof.h"

#include <stdbool.h>

#include "codec/common/err.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"

/* ---------------------------------------------------------------- one extent */

struct shifted {
	blob_piece_fn *piece;
	void *ctx;
	uint64_t by;
};

static int shift_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                       struct err *err)
{
	const struct shifted *s = ctx;

	return s->piece(s->ctx, s->by + offset, bytes, n, err);
}

int extent_restore(const struct transfer *t, const struct extent *x, blob_piece_fn *piece,
                   void *ctx, struct err *err)
{
	struct blob_source *source = NULL;
	struct shifted shifted = { piece, ctx, x->offset };
	char key[KEY_MAX];
	struct blob_want want = { x->id, x->size, &x->sum, key };

	extent_key(x, key);
	int rc = record_source_open(t, &want, &source, err);
	if (!rc)
		rc = blob_source_each(source, shift_piece, &shifted, err);
	if (rc && x->name)
		err_context(err, "tensor '%s'", x->name);
	blob_source_close(source);
	return rc;
}

/* ---------------------------------------------------------------- the object */

static int hash_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                      struct err *err)
{
	(void)offset;
	(void)err;
	sha256_add(ctx, bytes, n);
	return 0;
}

/* The SHA-256 of all that the manifest lists. */
static int hash_object(const struct transfer *t, const struct manifest *m,
                       struct oid *out, struct err *err)
{
	struct sha256 *hash = sha256_new();
	uint64_t at = 0;
	int rc = 0;

	if (!hash)
		return err_nomem(err, "a hash");
	for (size_t i = 0; i < m->extents.count && !rc; i++) {
		const struct extent *x = &m->extents.list[i];
		if (!x->inlined) {
			rc = extent_restore(t, x, hash_piece, hash, err);
			continue;
		}
		sha256_add(hash, m->inline_bytes + at, (size_t)x->size);
		at += x->size;
	}
	sha256_finish(hash, out);
	sha256_free(hash);
	return rc;
}

/* ---------------------------------------------------------------- the blame */

/* Whether it is a record that is at fault, and not what all of them need. */
static bool is_of_record(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_MISSING || rc == ERR_MISMATCH;
}

/* Goes by the id alone: a false manifest may have sizes and sums wrong. */
static int prove_record(const struct transfer *t, const struct extent *x, struct err *err)
{
	struct blob_source *source = NULL;
	char key[KEY_MAX];
	struct blob_want want = { x->id, UINT64_MAX, NULL, key };

	extent_key(x, key);
	int rc = record_source_open(t, &want, &source, err);
	if (!rc)
		rc = blob_source_prove(source, &x->id, err);
	blob_source_close(source);
	if (rc && x->name)
		err_context(err, "tensor '%s'", x->name);
	return rc;
}

static int find_blame(const struct transfer *t, const struct manifest *m,
                      const struct object_judge *judge, enum object_verdict *verdict,
                      struct err *err)
{
	*verdict = OBJECT_MANIFEST_FALSE;
	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		struct err fault = ERR_INIT;
		int rc = x->inlined ? 0 : prove_record(t, x, &fault);
		if (!rc)
			continue;
		if (!is_of_record(rc)) {
			*err = fault;
			return rc;
		}
		*verdict = OBJECT_RECORDS_WRONG;
		if (judge->told)
			judge->told(judge->ctx, &x->id, &fault);
	}
	return 0;
}

int object_prove(const struct transfer *t, const struct manifest *m,
                 const struct object_judge *judge, enum object_verdict *verdict,
                 struct err *err)
{
	struct err why = ERR_INIT;
	struct oid found;
	int rc = hash_object(t, m, &found, &why);

	if (rc && !is_of_record(rc)) {
		*err = why;
		return rc;
	}
	*verdict = OBJECT_PROVED;
	if (!rc && oid_equal(&found, &m->oid))
		return 0;
	return find_blame(t, m, judge, verdict, err);
}
