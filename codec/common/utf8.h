/* UTF-8 that came from outside. */
#ifndef ZLLM_UTF8_H
#define ZLLM_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence at `p`, of which `left`, at least one, are there; or 0: overlong
 * forms, surrogates and numbers beyond U+10FFFF are refused (Unicode, table 3-7). */
size_t utf8_size(const uint8_t *p, size_t left);

/* Whether the `n` bytes are a text: UTF-8 and nothing else, without a NUL. */
bool utf8_is_text(const uint8_t *p, size_t n);

#endif
