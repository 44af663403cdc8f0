/*
 * What a model's card says about its base, while a batch is stored: the cards in its folder,
 * and what the store has under the names that they give.
 */
#ifndef ZLLM_IMPORT_CARDS_H
#define ZLLM_IMPORT_CARDS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/hints/model_name.h"

struct base_hints;
struct batch_model;
struct named_object;
struct transfer;

enum { IMPORT_CARDS_KEPT = 32 };

/* What the store had under the names that were asked for last. */
struct import_cards {
	const struct transfer *transfer;
	struct {
		struct model_name name;
		struct named_object *objects; /* owned */
		size_t count;
	} kept[IMPORT_CARDS_KEPT];
	size_t next; /* to be replaced */
};

void import_cards_wipe(struct import_cards *c);

/* Adds hints for a file of `size` bytes of that model, those of like size first. Best
 * effort. One thread at a time. */
void import_cards_hint(struct import_cards *c, const struct batch_model *model,
                       uint64_t size, struct base_hints *out);

#endif
