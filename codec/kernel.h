/*
 * Kernels: the inner loops of `ulp` and `float`, written for one kind of CPU
 * each. All make the same bytes; kernel_best() asks the CPU once.
 *
 * Unless said otherwise a kernel works on whole steps of RANS_LANES values, and
 * trusts its caller for bounds but no value that it reads.
 * Pure; any thread.
 */
#ifndef ZLLM_KERNEL_H
#define ZLLM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

struct rans_reader;
struct rans_writer;

/* Raw nibbles of tokens, one a byte, in streams of their own: stream k has the
 * bits 4k..4k+3 of all distances that are longer. Readers may read, and writers
 * write, KERNEL_SLACK bytes more than they use. */
enum { NIBBLE_STREAMS = 3, KERNEL_SLACK = 64 };

struct nibbles {
	uint8_t *at[NIBBLE_STREAMS];
};

/* Which table a value of 16 bits has, by its base's exponent. */
struct place16 {
	unsigned shift, mask; /* of the exponent */
	unsigned low;         /* the exponent of table[0], which lower ones share */
	const uint8_t *table; /* 16 numbers; the last for higher exponents too */
};

/* How 16-bit floats are taken apart: the sign, and `shift` bits of the
 * mantissa, are raw fields; what is between, less `low`, is a symbol. */
struct cut16 {
	unsigned shift;
	unsigned low;
};

struct kernel {
	const char *name;

	/* Decodes up to `steps` steps; ctx[i], where `ctx` is not NULL, is the
	 * table for value i. Stops early where fewer than RANS_STEP_BYTES of
	 * words are left. Returns the steps done. */
	size_t (*decode)(struct rans_reader *r, const uint32_t *tables,
	                 const uint16_t *ctx, uint16_t *symbols, size_t steps);

	/* Codes steps from the last to the first; index[i] is the entry of
	 * `table` for value i. */
	void (*encode)(struct rans_writer *w, const uint32_t *table,
	               const uint16_t *index, size_t steps);

	/* The tokens of `n` values of 16 bits against their base, and their
	 * nibbles, whose streams advance. */
	void (*split16)(const uint8_t *src, const uint8_t *base, size_t n,
	                uint16_t *tokens, struct nibbles *nibbles);

	/* The inverse. */
	void (*merge16)(const uint16_t *tokens, const uint8_t *base, size_t n,
	                struct nibbles *nibbles, uint8_t *dst);

	/* The tables of `n` values of 16 bits. */
	void (*place16)(const struct place16 *p, const uint8_t *base, size_t n,
	                uint16_t *ctx);

	/* 16-bit floats from blocks of 64 symbols and fields (fields.h). */
	void (*join16)(const struct cut16 *c, const uint16_t *symbols,
	               const uint8_t *raw, size_t blocks, uint8_t *dst);
};

/* The best that this CPU runs. */
const struct kernel *kernel_best(void);

/* The kernel of that name, or NULL where this machine does not have it. */
const struct kernel *kernel_by_name(const char *name);

/* The i-th kernel that this machine has, the best first; NULL after the last. */
const struct kernel *kernel_at(unsigned i);

#endif
