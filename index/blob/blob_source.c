#include "index/blob/blob_source.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "index/blob/transfer.h"

/* Bytes that are read for the hash alone, between those that somebody uses. */
enum { GAP_WINDOW = 1024 * 1024 };

void blob_source_close(struct blob_source *s)
{
	if (!s)
		return;
	sha256_free(s->hash);
	s->kind->close(s);
}

int blob_source_read(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	size_t have = offset >= s->size      ? 0
	              : s->size - offset < n ? (size_t)(s->size - offset)
	                                     : n;

	memset(dst + have, 0, n - have);
	return have ? s->kind->read(s, offset, have, dst, err) : 0;
}

/* ---------------------------------------------------------------- all of it */

int blob_source_each(struct blob_source *s, blob_piece_fn *piece, void *ctx,
                     struct err *err)
{
	size_t room = s->window < s->size ? s->window : (size_t)s->size;
	uint8_t *window = malloc(room ? room : 1);
	int rc = 0;

	if (!window)
		return err_nomem(err, "a window");
	for (uint64_t at = 0; at < s->size && !rc;) {
		size_t n = s->size - at < room ? (size_t)(s->size - at) : room;
		rc = s->transfer ? transfer_go_on(s->transfer, err) : 0;
		if (!rc)
			rc = s->kind->read(s, at, n, window, err);
		if (!rc)
			rc = piece(ctx, at, window, n, err);
		at += n;
	}
	free(window);
	return rc;
}

/* Pieces on their way to somebody, and their sum. */
struct summing {
	struct xxh128_state *sum;
	blob_piece_fn *piece;
	void *ctx;
};

static int sum_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                     struct err *err)
{
	struct summing *s = ctx;

	xxh128_add(s->sum, bytes, n);
	return s->piece ? s->piece(s->ctx, offset, bytes, n, err) : 0;
}

static int other_content(const struct blob_source *s, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "%s %s: its content is not that of its name",
	               s->kind->noun, s->name);
}

int blob_source_each_summed(struct blob_source *s, const struct xxh128 *sum,
                            blob_piece_fn *piece, void *ctx, struct err *err)
{
	struct summing summing = { xxh128_new(), piece, ctx };
	int rc = summing.sum ? blob_source_each(s, sum_piece, &summing, err)
	                     : err_nomem(err, "a sum");

	if (!rc) {
		struct xxh128 found = xxh128_finish(summing.sum);
		rc = xxh128_equal(&found, sum) ? 0 : other_content(s, err);
	}
	xxh128_free(summing.sum);
	return rc;
}

/* ---------------------------------------------------------------- proofs */

static int begin_hash(struct blob_source *s, struct err *err)
{
	if (!s->hash)
		s->hash = sha256_new();
	return s->hash ? 0 : err_nomem(err, "a hash");
}

static void add_to_hash(struct blob_source *s, const uint8_t *bytes, size_t n)
{
	sha256_add(s->hash, bytes, n);
	s->hashed += n;
}

static int hash_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                      struct err *err)
{
	(void)offset;
	(void)err;
	add_to_hash(ctx, bytes, n);
	return 0;
}

/* Reads and hashes what comes next, up to `end`. */
static int hash_until(struct blob_source *s, uint64_t end, struct err *err)
{
	uint8_t *window = s->hashed < end ? malloc(GAP_WINDOW) : NULL;
	int rc = 0;

	if (s->hashed < end && !window)
		return err_nomem(err, "a window");
	while (s->hashed < end && !rc) {
		uint64_t left = end - s->hashed;
		size_t n = left < GAP_WINDOW ? (size_t)left : GAP_WINDOW;
		rc = s->kind->read(s, s->hashed, n, window, err);
		if (!rc)
			add_to_hash(s, window, n);
	}
	free(window);
	return rc;
}

int blob_source_read_in_order(struct blob_source *s, uint64_t offset, size_t n,
                              uint8_t *dst, struct err *err)
{
	uint64_t begin = offset < s->size ? offset : s->size;
	size_t have = s->size - begin < n ? (size_t)(s->size - begin) : n;

	if (have && begin < s->hashed)
		return err_set(err, ERR_INPUT, "a base is read backwards");
	int rc = have ? begin_hash(s, err) : 0;
	if (!rc && have)
		rc = hash_until(s, begin, err);
	if (!rc)
		rc = blob_source_read(s, offset, n, dst, err);
	if (!rc && have)
		add_to_hash(s, dst, have);
	return rc;
}

int blob_source_prove(struct blob_source *s, const struct oid *id, struct err *err)
{
	struct oid found;
	int rc = begin_hash(s, err);

	if (!rc)
		rc = s->hashed ? hash_until(s, s->size, err)
		               : blob_source_each(s, hash_piece, s, err);
	if (!rc) {
		sha256_finish(s->hash, &found);
		rc = oid_equal(&found, id) ? 0 : other_content(s, err);
	}
	sha256_free(s->hash);
	s->hash = NULL;
	s->hashed = 0;
	return rc;
}
