/*
 * Moving a value out of sight, in three steps, each for one version by its ETag:
 *
 *     GET key                    one byte of it, its size and ETag
 *     PUT trash, copied from key if it still has that ETag, by the service itself
 *     DELETE key                 if it still has that ETag
 *
 * The DELETE is sent within half of the store's step limit after the copy began, or not at
 * all: what lies in trash/ longer than the grace period and that limit is then known to
 * have been moved by nobody who may still be about to delete (docs/store.md, "gc").
 *
 * A version that came meanwhile is not what the caller looked at, and stays. A service
 * that passes over the condition of the DELETE may take away one that came within the
 * round trip after the copy (docs/store.md, "A bucket"). Killed in between, there is a
 * copy in trash/ that nobody needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"
#include "index/work/term.h"

/* Bytes that the service copies in one request, says S3. */
#define COPY_MAX (5ULL << 30)

enum { GONE = 1, BY_HAND = 2 };

/* 0; GONE when that version is not there any more; BY_HAND when the service does not
 * copy; or negative. */
static int copy_there(struct s3_store *s, const char *key, const char *trash,
                      const char *etag, struct err *err)
{
	struct buf source = BUF_INIT, match = BUF_INIT;
	struct s3_call call = { .method = "PUT",
		                .key = trash,
		                .permission = "s3:PutObject",
		                .body_max = S3_SMALL,
		                .answers = S3_OR_ABSENT | S3_OR_CHANGED |
		                           S3_OR_NO_SUPPORT,
		                .patient = true };

	buf_add_str(&source, "x-amz-copy-source: ");
	s3_client_copy_source(s->client, key, &source);
	buf_addf(&match, "x-amz-copy-source-if-match: %s", etag);
	call.fields[0] = buf_text(&source);
	call.fields[1] = *etag ? buf_text(&match) : NULL;
	int rc = source.failed || match.failed ? err_nomem(err, key)
	                                       : s3_call(s->client, &call, err);

	if (!rc && (call.status == 404 || call.status == 412))
		rc = GONE;
	else if (!rc && call.status == 501)
		rc = BY_HAND;
	s3_call_wipe(&call);
	buf_wipe(&match);
	buf_wipe(&source);
	return rc;
}

enum { PIECE = 1024 * 1024 };

static int carry_bytes(struct store_reader *from, struct store_writer *to,
                       uint8_t piece[PIECE], struct err *err)
{
	int rc = 0;

	for (uint64_t at = 0; at < from->size && !rc;) {
		size_t n = from->size - at < PIECE ? (size_t)(from->size - at) : PIECE;
		rc = store_read(from, at, piece, n, err);
		if (!rc)
			rc = store_write(to, piece, n, err);
		at += n;
	}
	return rc;
}

/* Through this machine: what is too large for the service's own copy. */
static int carry_there(struct s3_store *s, const char *key, const char *trash,
                       char etag[S3_ETAG_MAX], struct err *err)
{
	struct store_reader *from = NULL;
	struct store_writer *to = NULL;
	uint8_t *piece = malloc(PIECE);
	int rc = piece ? store_get(&s->base, key, PIECE, &from, err)
	               : err_nomem(err, "a piece of a value");

	if (!rc)
		s3_reader_etag((struct s3_reader *)from, etag);
	if (!rc)
		rc = store_put(&s->base, trash, 0, &to, err);
	if (!rc)
		rc = carry_bytes(from, to, piece, err);
	if (!rc)
		rc = store_commit(to, NULL, err);
	else
		store_abort(to);
	store_reader_close(from);
	free(piece);
	return rc;
}

/* Half of the limit: the other half is the request's, which may be on its way for a while. */
static int64_t half_limit_ms(const struct s3_store *s)
{
	return (int64_t)(s->base.step_limit ? s->base.step_limit : STORE_STEP_LIMIT) *
	       500;
}

static int too_late(const struct s3_store *s, const char *key, struct err *err)
{
	return err_set(err, ERR_IO,
	               "store %s: copying %s to trash took more than %lld s, so it stays "
	               "where it is, and the copy too",
	               s->base.name, key, (long long)half_limit_ms(s) / 1000);
}

/* 0; GONE; BY_HAND when the service does not know the condition; or negative. */
static int delete_version(struct s3_store *s, const char *key, const char *etag,
                          int64_t not_after, struct err *err)
{
	int64_t left = not_after - term_now();
	char match[S3_ETAG_MAX + 16];
	struct s3_call call = { .method = "DELETE",
		                .key = key,
		                .permission = "s3:DeleteObject",
		                .answers = S3_OR_ABSENT | S3_OR_CHANGED |
		                           S3_OR_NO_SUPPORT,
		                .not_after_ms = not_after };

	if (left <= 0)
		return too_late(s, key, err);
	snprintf(match, sizeof(match), "If-Match: %s", etag);
	if (*etag)
		call.fields[0] = match;
	int rc = s3_call(s->client, &call, err);
	if (!rc && (call.status == 404 || call.status == 412))
		rc = GONE;
	else if (!rc && call.status == 501)
		rc = *etag ? BY_HAND
		           : err_set(err, ERR_IO,
		                     "store %s: %s: the service removes "
		                     "nothing (501)",
		                     s->base.name, key);
	s3_call_wipe(&call);
	return rc;
}

int s3_store_set_aside(struct store *store, const char *key, const char *trash,
                       struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	struct store_reader *seen = NULL;
	char etag[S3_ETAG_MAX];
	int rc = store_get(store, key, 1, &seen, err);

	if (rc)
		return rc;
	s3_reader_etag((struct s3_reader *)seen, etag);
	int64_t not_after = term_now() + half_limit_ms(s);
	rc = seen->size > COPY_MAX ? BY_HAND : copy_there(s, key, trash, etag, err);
	store_reader_close(seen);
	if (rc == BY_HAND)
		rc = carry_there(s, key, trash, etag, err);
	if (rc)
		return rc;
	rc = delete_version(s, key, etag, not_after, err);
	return rc == BY_HAND ? delete_version(s, key, "", not_after, err) : rc;
}
