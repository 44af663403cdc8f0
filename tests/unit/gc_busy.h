/*
 * A store in which a run of gc has something to do in each of its steps; and what must be
 * there at every moment, and in the end.
 */
#ifndef ZLLM_TEST_GC_BUSY_H
#define ZLLM_TEST_GC_BUSY_H

#include "tests/unit/gc_store.h"

enum { GC_LATER_RUNS = 5 }; /* after which all has come to its end */

/* Something for each step of a run to do: a needed delta whose base is in trash, a missed
 * blob, an object that was given up, one that somebody owns again, entries that are aged
 * and needless, needed ones that a live record replaces, records that nothing needs, an
 * owner of nothing, a marker that leads nowhere. */
static inline void make_busy(struct gc_store *w)
{
	char key[KEY_MAX];

	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "a");
	push_solo(w, "c");
	move_record(w, "c");
	push_solo(w, "d");
	give_up(w, "d");
	push_solo(w, "e");
	give_up(w, "e");
	owner(w, "e", theirs);
	object_key(w, "e", key);
	move(w, key);
	solo(w, "f");
	move_record(w, "f");
	push_solo(w, "g");
	move_record(w, "g");
	solo(w, "g");
	solo(w, "h");
	owner(w, "h", ours);
	struct key_marker marker = { .name = 1, .id = *blob(w, 'h') };
	key_marker(&marker, key);
	assert_int_equal(store_put_all(w->store, key, "", 0, NULL), 0);
	wait_long(w);
}

static const char *const acknowledged[] = { "b", "c", "e", "g" };

static inline void assert_all_there(struct gc_store *w, const char *when, uint64_t nth)
{
	for (size_t i = 0; i < sizeof(acknowledged) / sizeof(acknowledged[0]); i++)
		if (!reads(w, acknowledged[i]))
			fail_msg("%s is lost %s %llu", acknowledged[i], when,
			         (unsigned long long)nth);
}

/* a, c, e, g solo; b; nothing in trash but the traces that owners of others leave. */
static inline void assert_all_clean(struct gc_store *w, uint64_t nth)
{
	size_t records = sum_of(w, "blobs/").count, trash = sum_of(w, "trash/").count;

	if (records != 5 || trash != 1 || sum_of(w, "objects/").count != 4 ||
	    sum_of(w, "owners/").count != 4 || sum_of(w, "probe/").count != 0)
		fail_msg("after call %llu: %zu records, %zu in trash, %zu owners",
		         (unsigned long long)nth, records, trash,
		         (size_t)sum_of(w, "owners/").count);
	assert_int_equal(w->counts.of[GC_RECORDS][GC_KEPT].bytes,
	                 sum_of(w, "blobs/").bytes);
}

#endif
