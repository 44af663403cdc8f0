/*
 * What the files beside a model say about its base:
 *   README.md             base_model: in the front matter, a name or a list of them
 *   config.json           _name_or_path: what it was loaded from
 *   adapter_config.json   base_model_name_or_path: what the adapter is for
 * Anybody may write anything there: it is bounded, and only a hint.
 */
#ifndef ZLLM_MODEL_CARD_H
#define ZLLM_MODEL_CARD_H

#include <stddef.h>

struct model_names;

enum {
	MODEL_CARD_FILES = 3,
	MODEL_CARD_SIZE_MAX = 1024 * 1024 /* bytes; larger files are not read */
};

/* The name of card file `i`, 0 to MODEL_CARD_FILES - 1, within its folder; the one
 * that says it best comes first. */
const char *model_card_file(unsigned i);

/* Adds the names that `n` bytes of card file `i` declare. */
void model_card_read(unsigned i, const char *text, size_t n, struct model_names *out);

#endif
