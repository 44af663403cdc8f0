/*
 * The verbs: a check of the key, the same for every kind of store, and then the
 * store's own operation; and whole small values made of them.
 */
#include "index/store/store.h"

#include <stdlib.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"
#include "index/work/random_name.h"

static int check_key(const struct store *s, const char *key, struct err *err)
{
	if (key_valid(key))
		return 0;
	return err_set(err, ERR_INPUT, "store %s: '%s' is not a key", s->name, key);
}

int store_get(struct store *s, const char *key, size_t want, struct store_reader **out,
              struct err *err)
{
	int rc = check_key(s, key, err);
	return rc ? rc : s->ops->get(s, key, want, out, err);
}

int store_put(struct store *s, const char *key, size_t head_size,
              struct store_writer **out, struct err *err)
{
	int rc = check_key(s, key, err);
	return rc ? rc : s->ops->put(s, key, head_size, out, err);
}

int store_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
               struct err *err)
{
	if (!key_prefix_valid(prefix))
		return err_set(err, ERR_INPUT, "store %s: no key begins with '%s'",
		               s->name, prefix);
	return s->ops->list(s, prefix, each, ctx, err);
}

int store_remove(struct store *s, const char *key, struct err *err)
{
	int rc = check_key(s, key, err);
	return rc ? rc : s->ops->remove(s, key, err);
}

int store_move_aside(struct store *s, const char *key, const char *trash, struct err *err)
{
	int rc = check_key(s, key, err);

	if (!rc)
		rc = check_key(s, trash, err);
	if (rc)
		return rc;
	if (!s->ops->set_aside)
		return err_set(err, ERR_INPUT,
		               "store %s: %s cannot be set aside: this store is for "
		               "reading",
		               s->name, key);
	return s->ops->set_aside(s, key, trash, err);
}

int store_trash_name(struct store *s, const char *key, char *trash, struct err *err)
{
	char nonce[KEY_NONCE_HEX + 1];
	int rc = random_name(nonce, err);

	if (rc)
		return rc;
	if (!key_trash(key, nonce, trash))
		return err_set(err, ERR_INPUT, "store %s: '%s' is never set aside",
		               s->name, key);
	return 0;
}

int store_set_aside(struct store *s, const char *key, char *trash, struct err *err)
{
	int rc = store_trash_name(s, key, trash, err);

	return rc ? rc : store_move_aside(s, key, trash, err);
}

enum { RESTORE_PIECE = 1024 * 1024 };

static int copy_value(struct store_reader *from, struct store_writer *to, struct err *err)
{
	size_t piece = from->size < RESTORE_PIECE ? (size_t)from->size : RESTORE_PIECE;
	uint8_t *bytes = malloc(piece ? piece : 1);
	int rc = bytes ? 0 : err_nomem(err, "a piece of a value");

	for (uint64_t at = 0; at < from->size && !rc; at += piece) {
		if (piece > from->size - at)
			piece = (size_t)(from->size - at);
		rc = store_read(from, at, bytes, piece, err);
		if (!rc)
			rc = store_write(to, bytes, piece, err);
	}
	free(bytes);
	return rc;
}

static int restore_by_copy(struct store *s, const char *trash, const char *key,
                           struct err *err)
{
	struct store_reader *from = NULL;
	struct store_writer *to = NULL;
	int rc = store_get(s, trash, RESTORE_PIECE, &from, err);

	if (!rc)
		rc = store_put(s, key, 0, &to, err);
	if (!rc)
		rc = copy_value(from, to, err);
	if (!rc)
		rc = store_commit(to, NULL, err);
	else
		store_abort(to);
	store_reader_close(from);
	return rc;
}

int store_restore(struct store *s, const char *trash, const char *key, struct err *err)
{
	int rc = check_key(s, key, err);

	if (!rc)
		rc = check_key(s, trash, err);
	if (rc)
		return rc;
	rc = s->ops->restore ? s->ops->restore(s, trash, key, err)
	                     : STORE_RESTORE_BY_COPY;
	return rc == STORE_RESTORE_BY_COPY ? restore_by_copy(s, trash, key, err) : rc;
}

int store_list_left(struct store *s, store_left_fn *each, void *ctx, struct err *err)
{
	return s->ops->list_left ? s->ops->list_left(s, each, ctx, err) : 0;
}

int store_remove_left(struct store *s, const char *name, struct err *err)
{
	return s->ops->remove_left ? s->ops->remove_left(s, name, err) : 1;
}

void store_keep_room(struct store *s)
{
	if (s->ops->keep_room)
		s->ops->keep_room(s);
}

void store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

int store_read(struct store_reader *r, uint64_t offset, void *buf, size_t n,
               struct err *err)
{
	return r->ops->read(r, offset, buf, n, err);
}

void store_reader_close(struct store_reader *r)
{
	if (r)
		r->ops->close(r);
}

int store_write(struct store_writer *w, const void *bytes, size_t n, struct err *err)
{
	return w->ops->write(w, bytes, n, err);
}

int store_commit(struct store_writer *w, const void *head, struct err *err)
{
	return w->ops->commit(w, head, err);
}

void store_abort(struct store_writer *w)
{
	if (w)
		w->ops->abort(w);
}

int store_put_all(struct store *s, const char *key, const void *bytes, size_t n,
                  struct err *err)
{
	struct store_writer *w;

	int rc = store_put(s, key, 0, &w, err);
	if (rc)
		return rc;
	rc = store_write(w, bytes, n, err);
	if (rc) {
		store_abort(w);
		return rc;
	}
	return store_commit(w, NULL, err);
}

int store_get_all(struct store *s, const char *key, size_t max, struct buf *out,
                  struct err *err)
{
	struct store_reader *r = NULL;

	int rc = store_get(s, key, max, &r, err);
	if (rc)
		return rc;
	if (r->size > max) {
		rc = err_set(err, ERR_DAMAGED,
		             "store %s: %s has %llu bytes, and at most %zu make sense",
		             s->name, key, (unsigned long long)r->size, max);
		goto out;
	}
	size_t n = (size_t)r->size;
	if (!buf_reserve(out, n)) {
		rc = err_nomem(err, key);
		goto out;
	}
	if (n)
		rc = store_read(r, 0, out->data + out->size, n, err);
	if (!rc)
		out->size += n;
out:
	store_reader_close(r);
	return rc;
}

int store_put_hint(struct store *s, const char *key, struct err *err)
{
	int rc = check_key(s, key, err);

	if (rc)
		return rc;
	return s->ops->put_hint ? s->ops->put_hint(s, key, err)
	                        : store_put_all(s, key, NULL, 0, err);
}
