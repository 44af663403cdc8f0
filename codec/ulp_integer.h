/*
 * Tokens of 8-bit integers: plain differences, zigzag, all of which are tokens.
 * Pure; any thread.
 */
#ifndef ZLLM_ULP_INTEGER_H
#define ZLLM_ULP_INTEGER_H

#include <stddef.h>
#include <stdint.h>

void ulp_integer_split(const uint8_t *src, const uint8_t *base, size_t n,
                       uint16_t *tokens);

/* The inverse. */
void ulp_integer_merge(const uint16_t *tokens, const uint8_t *base, size_t n,
                       uint8_t *dst);

#endif
