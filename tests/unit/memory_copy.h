/*
 * A store in memory with what another one has: for tests that begin thousands of times with
 * the same store, which is then pushed to once.
 */
#ifndef ZLLM_TEST_MEMORY_COPY_H
#define ZLLM_TEST_MEMORY_COPY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"

struct copying {
	struct store *from, *to;
};

static inline int copy_value(void *ctx, const struct store_entry *entry)
{
	struct copying *c = ctx;
	struct buf b = BUF_INIT;

	assert_int_equal(store_get_all(c->from, entry->key, SIZE_MAX >> 1, &b, NULL), 0);
	assert_int_equal(store_put_all(c->to, entry->key, b.data, b.size, NULL), 0);
	buf_wipe(&b);
	return 0;
}

static inline struct store *store_memory_copy(struct store *from)
{
	struct copying c = { .from = from };

	assert_int_equal(store_memory_new(&c.to, NULL), 0);
	assert_int_equal(store_list(from, "", copy_value, &c, NULL), 0);
	return c.to;
}

#endif
