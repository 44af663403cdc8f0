/*
 * The formats by kind, by name and one after another. What is listed is in model_format.h;
 * whoever wants to know of a file's format asks here.
 * Thread rule: any thread at any time.
 */
#ifndef ZLLM_FORMAT_TABLE_H
#define ZLLM_FORMAT_TABLE_H

#include "index/model/model_format.h"

#define FORMAT_EXTERN(NAME, name) extern const struct model_format format_##name;
MODEL_FORMATS(FORMAT_EXTERN)
#undef FORMAT_EXTERN
extern const struct model_format format_opaque;

/* Never NULL. */
const struct model_format *format_of(enum model_kind kind);

/* The format of that name, or NULL. */
const struct model_format *format_by_name(const char *name);

/* The format at place `i` of the table, in the order in which they are offered a file;
 * NULL after the last, opaque, which takes any. */
const struct model_format *format_at(size_t i);

#endif
