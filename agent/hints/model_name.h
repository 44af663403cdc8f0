/*
 * Names of models, "org/model", as hubs, cards and people write them. Normalised:
 * one to four segments of ASCII letters, digits and "._-+", joined by "/", in lower
 * case (hubs do not tell case apart either).
 */
#ifndef ZLLM_MODEL_NAME_H
#define ZLLM_MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
	MODEL_NAME_MAX = 200, /* bytes */
	MODEL_NAMES_MAX = 8   /* that one card may declare */
};

struct model_name {
	char text[MODEL_NAME_MAX + 1];
};

struct model_names {
	struct model_name list[MODEL_NAMES_MAX];
	size_t count;
};

/* The name that `n` bytes of text stand for: a name, or the address of its page on a
 * hub. False for anything else: a path of somebody's disk ("/home/...", "./x",
 * "C:\x"), odd characters, too long. `out` is then unchanged. */
bool model_name_parse(const char *text, size_t n, struct model_name *out);

/* The name that a remote's URL suggests: its last two segments, without ".git".
 * False where they are no name. */
bool model_name_from_url(const char *url, struct model_name *out);

/* Adds what the text stands for, once; what is no name, or one too many, is passed
 * over. */
void model_names_add(struct model_names *names, const char *text, size_t n);

#endif
