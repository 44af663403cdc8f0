/* A watch (index/work/work_watch.h) that keeps what it was told. */
#ifndef ZLLM_TESTS_WATCHED_H
#define ZLLM_TESTS_WATCHED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "index/work/work_watch.h"

enum { WATCHED_MAX = 64 };

struct watched {
	struct {
		const char *what;
		enum work_unit unit;
		uint64_t total;
		_Atomic uint64_t came;
	} steps[WATCHED_MAX];
	size_t count;
};

static inline void watched_step(void *ctx, const char *what, enum work_unit unit,
                                uint64_t total)
{
	struct watched *w = ctx;

	assert_true(w->count < WATCHED_MAX && what && *what);
	w->steps[w->count].what = what;
	w->steps[w->count].unit = unit;
	w->steps[w->count].total = total;
	atomic_store(&w->steps[w->count++].came, 0);
}

static inline void watched_came(void *ctx, uint64_t more)
{
	struct watched *w = ctx;

	assert_true(w->count > 0);
	atomic_fetch_add(&w->steps[w->count - 1].came, more);
}

static inline struct work_watch watched_watch(struct watched *w)
{
	memset(w, 0, sizeof(*w));
	return (struct work_watch){ watched_step, watched_came, w };
}

/* What was to come came, all of it, wherever that was said; and a step of that name said
 * that so much was: the largest of its totals. */
static inline void assert_watched(const struct watched *w, const char *what, uint64_t total)
{
	uint64_t largest = 0;
	size_t named = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (w->steps[i].total && w->steps[i].came != w->steps[i].total)
			fail_msg("%s: %llu of %llu", w->steps[i].what,
			         (unsigned long long)w->steps[i].came,
			         (unsigned long long)w->steps[i].total);
		if (strcmp(w->steps[i].what, what) != 0)
			continue;
		named++;
		largest = w->steps[i].total > largest ? w->steps[i].total : largest;
	}
	assert_true(named > 0);
	assert_int_equal(largest, total);
}

#endif
