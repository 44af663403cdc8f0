#include "index/store/store_tee.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

struct tee {
	struct store base;
	struct store_tee_ends ends;
	uint64_t copied, size;
};

struct tee_reader {
	struct store_reader base;
	struct store_reader *inner; /* owned */
	struct tee *tee;
	struct buf first; /* the first read: a record's head, and frames behind it, which
	                   * are then asked for again */
};

/* What was read before is given again as it went into the copy, so that whoever checks
 * what it gets has checked the copy. */
static int tee_read(struct store_reader *reader, uint64_t offset, void *dst, size_t n,
                    struct err *err)
{
	struct tee_reader *r = (struct tee_reader *)reader;
	struct tee *t = r->tee;

	size_t again = 0;

	if (offset < t->copied && offset < r->first.size) {
		again = (size_t)(r->first.size - offset < n ? r->first.size - offset : n);
		memcpy(dst, r->first.data + offset, again);
	}
	if (again == n)
		return 0;
	if (offset + again != t->copied)
		return err_set(err, ERR_INPUT, "%s is not read in order", t->ends.key);
	uint8_t *rest = (uint8_t *)dst + again;
	int rc = store_read(r->inner, t->copied, rest, n - again, err);
	if (!rc)
		rc = store_write(t->ends.copy, rest, n - again, err);
	if (!rc && !t->copied)
		buf_add(&r->first, rest, n);
	t->copied += rc ? 0 : n - again;
	return rc || !r->first.failed ? rc : err_nomem(err, "a record's head");
}

static void tee_reader_close(struct store_reader *reader)
{
	struct tee_reader *r = (struct tee_reader *)reader;

	store_reader_close(r->inner);
	buf_wipe(&r->first);
	free(r);
}

static const struct store_reader_ops tee_reader_ops = {
	.read = tee_read,
	.close = tee_reader_close,
};

static int open_key(struct tee *t, size_t want, struct store_reader **out,
                    struct err *err)
{
	struct tee_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	int rc = store_get(t->ends.far, t->ends.key, want, &r->inner, err);
	if (rc) {
		free(r);
		return rc;
	}
	r->base = (struct store_reader){ &tee_reader_ops, r->inner->size };
	r->tee = t;
	t->size = r->inner->size;
	*out = &r->base;
	return 0;
}

static int tee_get(struct store *s, const char *key, size_t want,
                   struct store_reader **out, struct err *err)
{
	struct tee *t = (struct tee *)s;

	if (strcmp(key, t->ends.key) == 0)
		return open_key(t, want, out, err);
	int rc = store_get(t->ends.near, key, want, out, err);
	return rc > 0 ? store_get(t->ends.far, key, want, out, err) : rc;
}

static int tee_put(struct store *s, const char *key, size_t head_size,
                   struct store_writer **out, struct err *err)
{
	(void)s, (void)head_size, (void)out;
	return err_set(err, ERR_INPUT, "%s: this store is for reading", key);
}

static int tee_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                    struct err *err)
{
	return store_list(((struct tee *)s)->ends.far, prefix, each, ctx, err);
}

static int tee_remove(struct store *s, const char *key, struct err *err)
{
	(void)s;
	return err_set(err, ERR_INPUT, "%s: this store is for reading", key);
}

static void tee_close(struct store *s)
{
	free(s);
}

static const struct store_ops tee_ops = {
	.get = tee_get,
	.put = tee_put,
	.list = tee_list,
	.remove = tee_remove,
	.close = tee_close,
};

int store_tee_new(const struct store_tee_ends *ends, struct store **out, struct err *err)
{
	struct tee *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(err, "a store");
	t->base = (struct store){ .ops = &tee_ops,
		                  .inflight = ends->far->inflight,
		                  .name = ends->far->name };
	t->ends = *ends;
	*out = &t->base;
	return 0;
}

uint64_t store_tee_copied(const struct store *tee, uint64_t *size)
{
	const struct tee *t = (const struct tee *)tee;

	*size = t->size;
	return t->copied;
}
