/* Sums and products of sizes that came from outside: true when the result
 * does not fit, and then *out is not to be used. */
#ifndef ZLLM_CHECKED_H
#define ZLLM_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
	return __builtin_add_overflow(a, b, out);
}

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	return __builtin_mul_overflow(a, b, out);
}

#endif
