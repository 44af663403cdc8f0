#include "index/store/store_metered.h"

#include <stdbool.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/work/budget.h"

enum {
	KEYS_A_PAGE = 1000,
	MOVE_REQUESTS = 2,
	PART = 8 * 1024 * 1024 /* bytes that a bucket takes at once */
};

struct metered {
	struct store base;
	struct store *inner;
	struct budget *budget;
};

struct metered_reader {
	struct store_reader base;
	struct store_reader *inner;
	struct budget *budget;
	uint64_t fetched; /* bytes from the start that came with the get */
};

struct metered_writer {
	struct store_writer base;
	struct store_writer *inner;
	struct metered *store;
	uint64_t unpaid; /* bytes since the last part */
	size_t head_size;
};

static struct metered *metered_of(struct store *s)
{
	return (struct metered *)s;
}

static void pay(struct budget *b, uint64_t requests)
{
	budget_spend(b, &(struct budget_spent){ .requests = requests });
}

/* ---------------------------------------------------------------- reading */

static int metered_read(struct store_reader *reader, uint64_t offset, void *buf, size_t n,
                        struct err *err)
{
	struct metered_reader *r = (struct metered_reader *)reader;
	bool here = offset <= r->fetched && n <= r->fetched - offset;

	budget_spend(r->budget, &(struct budget_spent){ .requests = !here, .read = n });
	return store_read(r->inner, offset, buf, n, err);
}

static void metered_reader_close(struct store_reader *reader)
{
	struct metered_reader *r = (struct metered_reader *)reader;

	store_reader_close(r->inner);
	free(r);
}

static const struct store_reader_ops metered_reader_ops = {
	.read = metered_read,
	.close = metered_reader_close,
};

static int metered_get(struct store *s, const char *key, size_t want,
                       struct store_reader **out, struct err *err)
{
	struct metered *m = metered_of(s);
	struct metered_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	pay(m->budget, 1);
	int rc = store_get(m->inner, key, want, &r->inner, err);
	if (rc) {
		free(r);
		return rc;
	}
	r->base = (struct store_reader){ &metered_reader_ops, r->inner->size };
	r->budget = m->budget;
	r->fetched = want;
	*out = &r->base;
	return 0;
}

/* ---------------------------------------------------------------- writing */

/* Counts bytes on their way in, and a request for each part that they fill. */
static void pay_bytes(struct metered_writer *w, size_t n)
{
	struct budget_spent more = { .written = n };

	w->unpaid += n;
	if (w->store->inner->remote) {
		more.requests = w->unpaid / PART;
		w->unpaid %= PART;
	}
	budget_spend(w->store->budget, &more);
}

static int metered_write(struct store_writer *writer, const void *bytes, size_t n,
                         struct err *err)
{
	struct metered_writer *w = (struct metered_writer *)writer;

	pay_bytes(w, n);
	return store_write(w->inner, bytes, n, err);
}

static int metered_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct metered_writer *w = (struct metered_writer *)writer;

	pay_bytes(w, w->head_size);
	w->inner->existed = w->base.existed;
	int rc = store_commit(w->inner, head, err);
	free(w);
	return rc;
}

static void metered_abort(struct store_writer *writer)
{
	struct metered_writer *w = (struct metered_writer *)writer;

	store_abort(w->inner);
	free(w);
}

static const struct store_writer_ops metered_writer_ops = {
	.write = metered_write,
	.commit = metered_commit,
	.abort = metered_abort,
};

static int metered_put(struct store *s, const char *key, size_t head_size,
                       struct store_writer **out, struct err *err)
{
	struct metered *m = metered_of(s);
	struct metered_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	pay(m->budget, 1);
	int rc = store_put(m->inner, key, head_size, &w->inner, err);
	if (rc) {
		free(w);
		return rc;
	}
	w->base.ops = &metered_writer_ops;
	w->store = m;
	w->head_size = head_size;
	*out = &w->base;
	return 0;
}

static int metered_put_hint(struct store *s, const char *key, struct err *err)
{
	pay(metered_of(s)->budget, 1);
	return store_put_hint(metered_of(s)->inner, key, err);
}

/* ---------------------------------------------------------------- the other verbs */

struct paging {
	struct budget *budget;
	store_each_fn *each;
	void *ctx;
	unsigned keys; /* of the page */
};

static int metered_entry(void *ctx, const struct store_entry *entry)
{
	struct paging *p = ctx;

	if (++p->keys > KEYS_A_PAGE) {
		p->keys = 1;
		pay(p->budget, 1);
	}
	return p->each(p->ctx, entry);
}

static int metered_list(struct store *s, const char *prefix, store_each_fn *each,
                        void *ctx, struct err *err)
{
	struct metered *m = metered_of(s);
	struct paging paging = { m->budget, each, ctx, 0 };

	pay(m->budget, 1);
	return store_list(m->inner, prefix, metered_entry, &paging, err);
}

static int metered_remove(struct store *s, const char *key, struct err *err)
{
	pay(metered_of(s)->budget, 1);
	return store_remove(metered_of(s)->inner, key, err);
}

static int metered_set_aside(struct store *s, const char *key, const char *trash,
                             struct err *err)
{
	struct metered *m = metered_of(s);

	pay(m->budget, m->inner->remote ? MOVE_REQUESTS : 1);
	return store_move_aside(m->inner, key, trash, err);
}

static int metered_restore(struct store *s, const char *trash, const char *key,
                           struct err *err)
{
	struct metered *m = metered_of(s);

	pay(m->budget, 1);
	return store_restore(m->inner, trash, key, err);
}

static int metered_list_left(struct store *s, store_left_fn *each, void *ctx,
                             struct err *err)
{
	pay(metered_of(s)->budget, 1);
	return store_list_left(metered_of(s)->inner, each, ctx, err);
}

static int metered_remove_left(struct store *s, const char *name, struct err *err)
{
	pay(metered_of(s)->budget, 1);
	return store_remove_left(metered_of(s)->inner, name, err);
}

static void metered_close(struct store *s)
{
	free(s);
}

static const struct store_ops metered_ops = {
	.get = metered_get,
	.put = metered_put,
	.put_hint = metered_put_hint,
	.list = metered_list,
	.remove = metered_remove,
	.set_aside = metered_set_aside,
	.restore = metered_restore,
	.list_left = metered_list_left,
	.remove_left = metered_remove_left,
	.close = metered_close,
};

int store_metered_new(struct store *inner, struct budget *budget, struct store **out,
                      struct err *err)
{
	struct metered *m = calloc(1, sizeof(*m));

	if (!m)
		return err_nomem(err, "a store that counts");
	m->base = *inner; /* its name, whether it is remote, how long its names may be */
	m->base.ops = &metered_ops;
	m->inner = inner;
	m->budget = budget;
	*out = &m->base;
	return 0;
}
