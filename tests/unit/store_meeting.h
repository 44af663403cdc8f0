/*
 * A store before another, through which a push meets somebody else: before its nth call
 * the other does something.
 */
#ifndef ZLLM_TEST_STORE_MEETING_H
#define ZLLM_TEST_STORE_MEETING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/store/store.h"

/* A store before another: before its nth call somebody else does something. */
struct meeting {
	struct store base;
	struct store *inner;
	uint64_t calls, nth;
	void (*other)(void *ctx);
	void *ctx;
};

static inline void meet(struct meeting *m)
{
	if (++m->calls == m->nth)
		m->other(m->ctx);
}

struct meeting_writer {
	struct store_writer base;
	struct meeting *meeting;
	struct store_writer *inner;
};

static inline int meeting_write(struct store_writer *w, const void *bytes, size_t n,
                         struct err *err)
{
	return store_write(((struct meeting_writer *)w)->inner, bytes, n, err);
}

static inline int meeting_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct meeting_writer *w = (struct meeting_writer *)writer;

	meet(w->meeting);
	w->inner->existed = writer->existed;
	int rc = store_commit(w->inner, head, err);
	free(w);
	return rc;
}

static inline void meeting_abort(struct store_writer *writer)
{
	store_abort(((struct meeting_writer *)writer)->inner);
	free(writer);
}

static const struct store_writer_ops meeting_writer_ops = {
	.write = meeting_write,
	.commit = meeting_commit,
	.abort = meeting_abort,
};

static inline int meeting_put(struct store *s, const char *key, size_t head_size,
                       struct store_writer **out, struct err *err)
{
	struct meeting *m = (struct meeting *)s;
	struct meeting_writer *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	meet(m);
	w->base.ops = &meeting_writer_ops;
	w->meeting = m;
	int rc = store_put(m->inner, key, head_size, &w->inner, err);
	if (rc)
		free(w);
	else
		*out = &w->base;
	return rc;
}

static inline int meeting_get(struct store *s, const char *key, size_t want,
                       struct store_reader **out, struct err *err)
{
	struct meeting *m = (struct meeting *)s;

	meet(m);
	return store_get(m->inner, key, want, out, err);
}

static inline int meeting_list(struct store *s, const char *prefix, store_each_fn *each,
                        void *ctx, struct err *err)
{
	struct meeting *m = (struct meeting *)s;

	meet(m);
	return store_list(m->inner, prefix, each, ctx, err);
}

static inline int meeting_remove(struct store *s, const char *key, struct err *err)
{
	(void)s;
	(void)err;
	fail_msg("%s is removed: a push removes nothing", key);
	return ERR_IO;
}

static inline int meeting_set_aside(struct store *s, const char *key, const char *trash,
                             struct err *err)
{
	struct meeting *m = (struct meeting *)s;

	meet(m);
	return store_move_aside(m->inner, key, trash, err);
}

static inline void meeting_close(struct store *s)
{
	(void)s;
}

static const struct store_ops meeting_ops = {
	.get = meeting_get,
	.put = meeting_put,
	.list = meeting_list,
	.remove = meeting_remove,
	.set_aside = meeting_set_aside,
	.close = meeting_close,
};

#endif
