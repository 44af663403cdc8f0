/*
 * A set of ids as edges name them: by their first KEY_BASE_PREFIX bytes, so that each means
 * every blob whose id begins so.
 */
#ifndef ZLLM_GC_PREFIXES_H
#define ZLLM_GC_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "index/store/store_keys.h"

struct err;

struct gc_prefix {
	uint8_t bytes[KEY_BASE_PREFIX];
};

struct gc_prefixes {
	struct buf bytes; /* of struct gc_prefix */
	size_t sorted;    /* how many of them, from the start, are, each once */
};

void gc_prefixes_add(struct gc_prefixes *set, const uint8_t *id);

/* Sorts what was added: has() knows it from then on. ERR_NOMEM where something could not be
 * added. */
int gc_prefixes_seal(struct gc_prefixes *set, struct err *err);

bool gc_prefixes_has(const struct gc_prefixes *set, const uint8_t *id);
void gc_prefixes_wipe(struct gc_prefixes *set);

#endif
