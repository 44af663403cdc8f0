/* What the tests of trials share: a transfer over an empty store, blobs in files in
 * memory, and bases beside them. */
#ifndef ZLLM_TEST_TRIAL_BLOB_H
#define ZLLM_TEST_TRIAL_BLOB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/blob/bases.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/model_file.h"

struct trial_world {
	struct store *store;
	struct transfer transfer;
};

static inline int world_begin(void **state)
{
	struct trial_world *w = calloc(1, sizeof(*w));
	struct err err = ERR_INIT;

	*state = w;
	if (!w || store_memory_new(&w->store, &err))
		return -1;
	return transfer_init(&w->transfer, w->store, 1, &err);
}

static inline int world_end(void **state)
{
	struct trial_world *w = *state;

	transfer_wipe(&w->transfer);
	store_close(w->store);
	free(w);
	return 0;
}

static inline const struct transfer *transfer_of(void **state)
{
	return &((struct trial_world *)*state)->transfer;
}

/* The bytes as a blob in a file of their own, which blob_close() closes. */
static inline struct blob_file blob_of(const uint8_t *bytes, size_t n, enum dtype dtype)
{
	return (struct blob_file){ .dtype = dtype,
		                   .fd = memory_file_of(bytes, n),
		                   .size = n };
}

static inline void blob_close(struct blob_file *blob)
{
	close(blob->fd);
}

/* The blob as the one base, which bases_close() closes. */
static inline struct bases base_of(const struct blob_file *blob)
{
	struct bases b = { .count = 1 };
	struct err err = ERR_INIT;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", blob->fd);
	assert_int_equal(file_source_open(path, 0, blob->size, &b.list[0], &err), 0);
	return b;
}

/* BF16 weights of a seed, each moved by `step` at the most. The caller frees. */
static inline uint8_t *weights_of(size_t count, uint64_t seed, float step)
{
	struct buf out = BUF_INIT;
	uint64_t base = seed, move = seed ^ 0x5eed;

	for (size_t i = 0; i < count; i++) {
		float jitter = (float)(next_random(&move) >> 40) / (float)(1 << 24) -
		               0.5f;
		add_bf16(&out, weight(&base) + 2 * step * jitter);
	}
	assert_false(out.failed);
	return out.data;
}

/* The same weights with the product of two thin matrices added: a merged adapter.
 * `strength` 1 moves a weight by about two units in the last place for each of its
 * `rank` components. The caller frees. */
static inline uint8_t *merged_of(size_t rows, size_t columns, unsigned rank,
                                 float strength)
{
	struct buf out = BUF_INIT;
	uint64_t weights = 1, seed = 77;
	float *left = calloc(rows * rank + 1, sizeof(*left));
	float *right = calloc(columns * rank + 1, sizeof(*right));

	assert_true(left && right);
	for (size_t i = 0; i < rows * rank; i++)
		left[i] = weight(&seed) * 0.1f * strength;
	for (size_t i = 0; i < columns * rank; i++)
		right[i] = weight(&seed) * 20;
	for (size_t i = 0; i < rows * columns; i++) {
		float v = weight(&weights);
		uint32_t bits;
		memcpy(&bits, &v, 4);
		bits &= 0xffff0000;
		memcpy(&v, &bits, 4);
		for (unsigned k = 0; k < rank; k++)
			v += left[i / columns * rank + k] * right[i % columns * rank + k];
		add_bf16(&out, v);
	}
	assert_false(out.failed);
	free(left);
	free(right);
	return out.data;
}

static inline uint8_t *noise_of(size_t n, uint64_t seed)
{
	uint8_t *bytes = malloc(n);

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)next_random(&seed);
	return bytes;
}

#endif
