/*
 * A store for tests in which others are at work: before each listing, and each other call,
 * a hook of the test's is run, which may do anything to the inner store.
 */
#ifndef ZLLM_TEST_STORE_HOOKED_H
#define ZLLM_TEST_STORE_HOOKED_H

#include <stdlib.h>

#include "index/store/store.h"

/* `what` is the prefix of a listing, or the key of another verb, which `verb` names. */
typedef void store_hook(void *ctx, const char *verb, const char *what);

struct store_hooked {
	struct store base;
	struct store *inner;
	store_hook *hook; /* NULL: nobody is at work */
	void *ctx;
};

static inline void hooked_call(struct store *s, const char *verb, const char *what)
{
	struct store_hooked *h = (struct store_hooked *)s;
	store_hook *hook = h->hook;

	h->hook = NULL; /* what the hook does is not hooked */
	if (hook)
		hook(h->ctx, verb, what);
	if (!h->hook)
		h->hook = hook;
}

static inline struct store *hooked_inner(struct store *s)
{
	return ((struct store_hooked *)s)->inner;
}

static inline int hooked_get(struct store *s, const char *key, size_t want,
                             struct store_reader **out, struct err *err)
{
	hooked_call(s, "get", key);
	return store_get(hooked_inner(s), key, want, out, err);
}

static inline int hooked_put(struct store *s, const char *key, size_t head_size,
                             struct store_writer **out, struct err *err)
{
	hooked_call(s, "put", key);
	return store_put(hooked_inner(s), key, head_size, out, err);
}

static inline int hooked_list(struct store *s, const char *prefix, store_each_fn *each,
                              void *ctx, struct err *err)
{
	hooked_call(s, "list", prefix);
	return store_list(hooked_inner(s), prefix, each, ctx, err);
}

static inline int hooked_remove(struct store *s, const char *key, struct err *err)
{
	hooked_call(s, "remove", key);
	return store_remove(hooked_inner(s), key, err);
}

static inline int hooked_set_aside(struct store *s, const char *key, const char *trash,
                                   struct err *err)
{
	hooked_call(s, "set aside", key);
	return store_move_aside(hooked_inner(s), key, trash, err);
}

static inline int hooked_restore(struct store *s, const char *trash, const char *key,
                                 struct err *err)
{
	hooked_call(s, "restore", key);
	return store_restore(hooked_inner(s), trash, key, err);
}

static inline void hooked_close(struct store *s)
{
	free(s);
}

static const struct store_ops hooked_ops = {
	.get = hooked_get,
	.put = hooked_put,
	.list = hooked_list,
	.remove = hooked_remove,
	.set_aside = hooked_set_aside,
	.restore = hooked_restore,
	.close = hooked_close,
};

/* In front of `inner`, which stays the caller's. */
static inline struct store_hooked *store_hooked_new(struct store *inner)
{
	struct store_hooked *h = calloc(1, sizeof(*h));

	if (h) {
		h->base = *inner;
		h->base.ops = &hooked_ops;
		h->inner = inner;
	}
	return h;
}

#endif
