/*
 * Where an extent's record is thought to be: the manifest remembers which bases
 * it had when the object was pushed, so that a reader need not list. A record
 * re-encoded since then is found by listing.
 */
#ifndef ZLLM_EXTENT_KEY_H
#define ZLLM_EXTENT_KEY_H

#include "index/store/store_keys.h"

struct blob_memory;
struct extent;

void extent_key(const struct extent *x, char key[KEY_MAX]);

/* What the manifest remembers of it. */
void extent_recall(const struct extent *x, struct blob_memory *out);

/* Remembers in `x` what the key of its record says. */
void extent_remember(struct extent *x, const struct key_record *record);

#endif
