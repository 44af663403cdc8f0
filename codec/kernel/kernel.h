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
#include <string.h>

struct rans_reader;
struct rans_writer;

/* Raw nibbles of tokens, one a byte, in streams of their own: stream k has the
 * bits 4k..4k+3 of all distances that are longer. Readers may read, and writers
 * write, KERNEL_SLACK bytes more than they use. */
enum { NIBBLE_STREAMS = 3, KERNEL_SLACK = 64, KERNEL_TOKEN_CAP = 61 };

enum { KERNEL_BLOCK = 128, KERNEL_WINDOW = 16, KERNEL_CLASSES = 8 };
enum { KERNEL_EXPONENTS = 256 }; /* that values may have */
enum { KERNEL_STRIDE = 256 };    /* tokens of a table, and some that cannot be */
enum { KERNEL_COUNTERS = 4 };    /* in turn, so that none waits for itself */

struct nibbles {
	uint8_t *at[NIBBLE_STREAMS];
};

/* Which table a value has, by its base's exponent and its block's class. */
struct placing {
	unsigned shift, mask; /* of the exponent in a value */
	const uint8_t *low;   /* of each class: the exponent of its table[0], which
	                       * lower ones share */
	const uint8_t (*table)[KERNEL_WINDOW]; /* of each class; the last is for
	                                        * higher exponents too */
	const uint8_t *block_class;            /* of each block of KERNEL_BLOCK values */
};

/* The tables of all exponents in all classes. */
static inline void placing_spread(const struct placing *p,
                                  uint8_t of[KERNEL_CLASSES][KERNEL_EXPONENTS])
{
	for (unsigned k = 0; k < KERNEL_CLASSES; k++) {
		const uint8_t *table = p->table[k];
		unsigned low = p->low[k], left = KERNEL_EXPONENTS - low;
		unsigned own = left < KERNEL_WINDOW ? left : KERNEL_WINDOW;
		memset(of[k], table[0], low);
		memcpy(of[k] + low, table, own);
		memset(of[k] + low + own, table[KERNEL_WINDOW - 1], left - own);
	}
}

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

	/* The tokens of `n` values of 8 bits against their base. */
	void (*split8)(const uint8_t *src, const uint8_t *base, size_t n,
	               uint16_t *tokens);

	/* The inverse. */
	void (*merge8)(const uint16_t *tokens, const uint8_t *base, size_t n,
	               uint8_t *dst);

	/* The same of 32 bits, with raw bits from or to bit number `bit` of `room`,
	 * of which KERNEL_SLACK bytes more are read and written; returns the bit
	 * after them. */
	uint64_t (*split32)(const uint8_t *src, const uint8_t *base, size_t n,
	                    uint16_t *tokens, uint8_t *room, uint64_t bit);
	uint64_t (*merge32)(const uint16_t *tokens, const uint8_t *base, size_t n,
	                    const uint8_t *room, uint64_t bit, uint8_t *dst);

	/* The tokens of `n` values of 16 bits against their base, and their
	 * nibbles, whose streams advance. */
	void (*split16)(const uint8_t *src, const uint8_t *base, size_t n,
	                uint16_t *tokens, struct nibbles *nibbles);

	/* The inverse. */
	void (*merge16)(const uint16_t *tokens, const uint8_t *base, size_t n,
	                struct nibbles *nibbles, uint8_t *dst);

	/* The tables of `n` values of so many bits, the first of which begins the
	 * block of block_class[0]. */
	void (*place8)(const struct placing *p, const uint8_t *base, size_t n,
	               uint16_t *ctx);
	void (*place32)(const struct placing *p, const uint8_t *base, size_t n,
	                uint16_t *ctx);
	void (*place16)(const struct placing *p, const uint8_t *base, size_t n,
	                uint16_t *ctx);

	/* Puts the tables of `n` values of 16 bits above the tokens in index[], as
	 * table * KERNEL_STRIDE + token, and counts what that makes: the sum of all
	 * counters counts. The first value begins the block of block_class[0]. */
	void (*count16)(const struct placing *p, const uint8_t *base, size_t n,
	                uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS]);

	/* How far `n` <= KERNEL_BLOCK values moved: the sum of distance << ctx,
	 * contexts being below 16. Distances are those of the tokens less their
	 * nibbles, and larger ones count as that of KERNEL_TOKEN_CAP. */
	uint32_t (*score)(const uint16_t *tokens, const uint16_t *ctx, size_t n);

	/* Floats of 16 or 32 bits apart into blocks of 64 symbols and fields (fields.h):
	 * `shift` bits of the mantissa, and above them the sign, are raw; what
	 * is between is the symbol. */
	void (*cut16)(unsigned shift, const uint8_t *src, size_t blocks,
	              uint16_t *symbols, uint8_t *raw);
	void (*cut32)(unsigned shift, const uint8_t *src, size_t blocks,
	              uint16_t *symbols, uint8_t *raw);

	/* The inverse. */
	void (*join16)(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
	               size_t blocks, uint8_t *dst);
	void (*join32)(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
	               size_t blocks, uint8_t *dst);

	/* Low-rank products (low_rank.h), of `n` columns. A sum for each: of pair k of
	 * the row `left` times the pairs that begin at right + k * stride. No sum of
	 * some of the products passes 31 bits. */
	void (*product)(const int16_t *left, const int16_t *right, size_t stride,
	                unsigned pairs, size_t n, int32_t *sums);

	/* Adds sums times `unit`, a power of two, to values of BF16. */
	void (*add16)(const int32_t *sums, float unit, const uint8_t *base, size_t n,
	              uint8_t *dst);

	/* For those who look for such products; kernels may differ in the last bits.
	 * `rows` are `count` rows of n numbers, `to` and `sums` are `rank` such rows,
	 * `out` and `by` `count` rows of `rank` numbers. project: out = rows x to
	 * turned; spread: sums += by turned x rows. */
	void (*project)(const float *rows, size_t count, size_t n, const float *to,
	                unsigned rank, float *out);
	void (*spread)(const float *rows, size_t count, size_t n, const float *by,
	               unsigned rank, float *sums);
};

/* The best that this CPU runs. */
const struct kernel *kernel_best(void);

/* The kernel of that name, or NULL where this machine does not have it. */
const struct kernel *kernel_by_name(const char *name);

/* The i-th kernel that this machine has, the best first; NULL after the last. */
const struct kernel *kernel_at(unsigned i);

#endif
