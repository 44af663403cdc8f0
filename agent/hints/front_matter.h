/*
 * The YAML front matter of a model card (README.md): the block between two lines
 * "---" at its beginning, by libyaml; front_matter.c is the only file that includes
 * yaml.h. Only events are read, nothing is built: aliases are not expanded, so that
 * no text makes much of little.
 */
#ifndef ZLLM_FRONT_MATTER_H
#define ZLLM_FRONT_MATTER_H

#include <stddef.h>

struct model_names;

enum { FRONT_MATTER_MAX = 64 * 1024 }; /* bytes; a longer one is not read */

/* Adds what the key `base_model` of the front matter of `n` bytes of text names, a
 * string or a list of them. Text without front matter, or that is no YAML from some
 * point on, adds what came before that, or nothing. */
void front_matter_bases(const char *text, size_t n, struct model_names *out);

#endif
