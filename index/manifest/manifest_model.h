/*
 * How a manifest says what its object is. The number in its head tells one thing, whether
 * the object has tensors, and readers refuse those that they do not know; which format it
 * is, where it is not safetensors, is a note. So a new format (index/model/model_format.h)
 * keeps no old reader from restoring an object.
 */
#ifndef ZLLM_MANIFEST_MODEL_H
#define ZLLM_MANIFEST_MODEL_H

#include <stdint.h>

#include "index/model/model_format.h"

#define MANIFEST_NOTE_FORMAT "format"

/* The number. */
uint8_t manifest_model_number(enum model_kind kind);

/* The value of the note, or NULL where the number says it all. */
const char *manifest_model_note(enum model_kind kind);

/* The format, by its number and its note (NULL: none); or -1 for a number that only a
 * newer program knows. Where the note names a format that this program does not know, it
 * is the one that the number alone stands for. */
int manifest_model_kind(unsigned number, const char *note);

#endif
