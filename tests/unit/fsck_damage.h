/* Each kind of damage to the store of fsck_world.h. */
#ifndef ZLLM_TESTS_FSCK_DAMAGE_H
#define ZLLM_TESTS_FSCK_DAMAGE_H

#include <string.h>

#include "tests/unit/fsck_world.h"

enum damage {
	TURN_BASE,
	TURN_DELTA,
	CUT_BASE,
	LOSE_BASE,
	LOSE_DELTA,
	LOSE_CHUNK,
	SWAP,
	TURN_MANIFEST,
	LOSE_MANIFEST,
	TRASH_BASE,
	DAMAGES
};

static inline void damage(struct world *w, enum damage how)
{
	struct one base = record_of(w, BASE, 0), delta = record_of(w, TUNE, 1);
	struct one chunk = record_of(w, CHUNKS, 0), other = record_of(w, BASE, 1);
	char key[KEY_MAX], trash[KEY_MAX];
	struct buf b = BUF_INIT;

	manifest_key(w, TUNE, key);
	switch (how) {
	case TURN_BASE:
		turn(w->store, base.key, 9);
		break;
	case TURN_DELTA:
		turn(w->store, delta.key, 9);
		break;
	case CUT_BASE:
		write_over(w->store, base.key, "ZLLM", 4);
		break;
	case LOSE_BASE:
		assert_int_equal(store_remove(w->store, base.key, NULL), 0);
		break;
	case LOSE_DELTA:
		assert_int_equal(store_remove(w->store, delta.key, NULL), 0);
		break;
	case LOSE_CHUNK:
		assert_int_equal(store_remove(w->store, chunk.key, NULL), 0);
		break;
	case SWAP:
		assert_int_equal(store_get_all(w->store, other.key, 1 << 24, &b, NULL),
		                 0);
		write_over(w->store, base.key, b.data, b.size);
		buf_wipe(&b);
		break;
	case TURN_MANIFEST:
		turn(w->store, key, 20);
		break;
	case LOSE_MANIFEST:
		assert_int_equal(store_remove(w->store, key, NULL), 0);
		break;
	case TRASH_BASE:
		assert_int_equal(store_set_aside(w->store, base.key, trash, NULL), 0);
		break;
	default:
		break;
	}
}

#endif
