/*
 * The stock of a store of many models in families of two architectures, made of nothing but
 * sketches and the sizes of solo records.
 */
#ifndef ZLLM_TEST_GENERATED_STOCK_H
#define ZLLM_TEST_GENERATED_STOCK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "codec/codec.h"
#include "index/recompact/stock.h"
#include "tests/unit/sketched_model.h"

enum { GENERATED_TENSORS = 300 }; /* of a model, at most */

/* A sketch as tensor_sketch_make() makes it, of values that only it has. */
static inline void generated_sketch(const struct descent *d, unsigned tensor,
                                    struct tensor_sketch *out)
{
	*out = (struct tensor_sketch){ .known = true, .band = (uint8_t)(d->family * 37) };
	for (size_t i = 0; i < SKETCH_VALUES; i++) {
		float value = (float)(0.02 * (bell(d->family, tensor, i) +
		                              d->drift * bell(d->own, tensor, i)));
		uint32_t bits;
		memcpy(&bits, &value, sizeof(bits));
		out->values[2 * i] = (uint8_t)(bits >> 24);
		out->values[2 * i + 1] = (uint8_t)(bits >> 16);
	}
}

static inline void generated_model(struct stock *s, const struct descent *d,
                                   unsigned number, unsigned tensors)
{
	static struct extent list[GENERATED_TENSORS];
	static struct extent_finding findings[GENERATED_TENSORS];
	static char names[GENERATED_TENSORS][64];
	static const uint64_t shapes[2][2] = { { 4096, 4096 }, { 2048, 5120 } };
	struct manifest m = {
		.extents = { .model = MODEL_SAFETENSORS, .list = list, .count = tensors }
	};
	const uint64_t *shape = shapes[d->family % 2];

	for (unsigned t = 0; t < tensors; t++) {
		struct {
			unsigned model, tensor;
		} identity = { number, t };
		struct key_record record = { .base_count = 0 };
		snprintf(names[t], sizeof(names[t]), "model.layers.%u.%s.weight", t / 6,
		         parts_of_a_layer[t % 6]);
		list[t] = (struct extent){ .kind = EXTENT_TENSOR,
			                   .dtype = DTYPE_BF16,
			                   .size = 2 * shape[0] * shape[1],
			                   .name = names[t],
			                   .dim_count = 2,
			                   .dims = shape,
			                   .finding = &findings[t] };
		findings[t] = (struct extent_finding){
			.tried_count = 3, /* as a push without a base notes them */
			.tried = { { CODEC_RAW, 1000 },
			           { CODEC_FLOAT, 660 },
			           { CODEC_ZSTD, 690 } },
		};
		sha256_of(&identity, sizeof(identity), &list[t].id);
		generated_sketch(d, t, &findings[t].sketch);
		record.id = list[t].id;
		stock_add_record(s, &record, list[t].size / 1000 * 660, NULL);
	}
	sha256_of(&number, sizeof(number), &m.oid);
	stock_add_manifest(s, &m, NULL);
}

/* Not closed yet. */
static inline void generated_stock(struct stock *s, unsigned models, unsigned families,
                                   unsigned tensors)
{
	stock_init(s);
	for (unsigned i = 0; i < models; i++) {
		double drift = i < families ? 0 : 0.005 * (1 + i % 5);
		const struct descent d = { 1 + i % families, 1000 + i, drift };
		generated_model(s, &d, i, tensors);
	}
}

#endif
