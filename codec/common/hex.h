/* Bytes as lower-case hexadecimal digits, and back. */
#ifndef ZLLM_HEX_H
#define ZLLM_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * n digits and a NUL to `text`, which has room for 2 * n + 1. */
void hex_format(const uint8_t *bytes, size_t n, char *text);

/* Reads exactly 2 * n lower-case digits of `text` (which may go on after them)
 * into `bytes`. False, and `bytes` unspecified, at any other character. */
bool hex_parse(const char *text, size_t n, uint8_t *bytes);

#endif
