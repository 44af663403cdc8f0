/*
 * Trying what a user may do with a store: each verb once, on a key of its own
 * (probe/<nonce>), and what time it is there.
 */
#ifndef ZLLM_STORE_PROBE_H
#define ZLLM_STORE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/err.h"

struct store;

enum store_verb { VERB_LIST, VERB_GET, VERB_PUT, VERB_REMOVE, VERB_COUNT };

struct store_probe {
	struct err verbs[VERB_COUNT]; /* code 0: it worked, if it was tried */
	bool removed_none; /* remove was not tried: what was to be removed was not put */
	bool clock_known;
	int64_t clock_ahead; /* seconds by which the store's clock is ahead of ours */
};

enum { PROBE_NONCE_HEX = 32 };

/* Removing is tried on what was put and on nothing else: a bucket says that all is well
 * when there is nothing to remove, whoever asks. A put that failed may have happened all
 * the same: then its key is removed, but nothing is concluded from that.
 *
 * `nonce` is PROBE_NONCE_HEX random digits, and `now` the time here. Leaves nothing in
 * the store where removing works, and removes what earlier probes left. */
void store_probe(struct store *s, const char *nonce, int64_t now,
                 struct store_probe *out);

#endif
