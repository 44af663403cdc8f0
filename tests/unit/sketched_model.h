/*
 * A model that exists only as the extents of a manifest with their sketches: 300
 * tensors, whose weights are made from a seed where they are read.
 */
#ifndef ZLLM_TEST_SKETCHED_MODEL_H
#define ZLLM_TEST_SKETCHED_MODEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/le.h"
#include "codec/common/sha256.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/tensor_sketch.h"
#include "tests/unit/crowded_store.h"

enum { SKETCHED_TENSORS = 300, SKETCHED_ROWS = 512, SKETCHED_COLUMNS = 512 };

struct sketched_model {
	struct manifest manifest;
	struct extent list[SKETCHED_TENSORS];
	struct extent_finding findings[SKETCHED_TENSORS];
	const struct extent *wanted[SKETCHED_TENSORS];
	char names[SKETCHED_TENSORS][80];
};

/* Of a model: the seed of its family, its own, and how far it moved, as a part of the
 * width of a weight. */
struct descent {
	uint64_t family, own;
	double drift;
};

struct sketched_tensor {
	const struct descent *descent;
	uint64_t number;
};

/* A number with mean 0 and width 1 for place `i`. */
static inline double bell(uint64_t seed, uint64_t number, uint64_t i)
{
	uint64_t z = crowd_mix(crowd_mix(seed * 0x9e3779b97f4a7c15u + number) + i);
	double sum = 0;

	for (int k = 0; k < 4; k++, z >>= 16)
		sum += (double)(z & 0xffff) / 65536 - 0.5;
	return sum * 1.732;
}

static inline int sketched_read(void *ctx, uint64_t offset, void *dst, size_t n,
                                struct err *err)
{
	const struct sketched_tensor *t = ctx;
	uint8_t *out = dst;

	(void)err;
	for (size_t i = 0; i < n; i += 2) {
		uint64_t at = (offset + i) / 2;
		float value = (float)(0.02 * (bell(t->descent->family, t->number, at) +
		                              t->descent->drift * bell(t->descent->own,
		                                                       t->number, at)));
		uint32_t bits;
		memcpy(&bits, &value, sizeof(bits));
		le16_store(out + i, (uint16_t)(bits >> 16));
	}
	return 0;
}

static const char *const parts_of_a_layer[] = { "self_attn.q_proj", "self_attn.k_proj",
	                                        "self_attn.v_proj", "self_attn.o_proj",
	                                        "mlp.gate_proj",    "mlp.up_proj" };

enum { SKETCHED_IN_LAYER = sizeof(parts_of_a_layer) / sizeof(parts_of_a_layer[0]) };

/* Adds the tensor `number` of the descent, under the name of the one at `place`. The
 * blob's id is made from the descent and the number. */
static inline void sketched_model_add(struct sketched_model *m,
                                      const struct descent *descent, unsigned number,
                                      unsigned place)
{
	static const uint64_t shape[] = { SKETCHED_ROWS, SKETCHED_COLUMNS };
	struct extents *x = &m->manifest.extents;
	size_t i = x->count++;
	struct extent *one = &m->list[i];
	struct sketched_tensor t = { descent, number };
	struct {
		struct descent d;
		unsigned n;
	} identity;

	snprintf(m->names[i], sizeof(m->names[i]), "model.layers.%u.%s.weight",
	         place / SKETCHED_IN_LAYER, parts_of_a_layer[place % SKETCHED_IN_LAYER]);
	*one = (struct extent){ .kind = EXTENT_TENSOR,
		                .dtype = DTYPE_BF16,
		                .offset = x->size,
		                .size = 2 * SKETCHED_ROWS * SKETCHED_COLUMNS,
		                .name = m->names[i],
		                .dim_count = 2,
		                .dims = shape,
		                .finding = &m->findings[i] };
	memset(&identity, 0, sizeof(identity));
	identity.d = *descent;
	identity.n = number;
	sha256_of(&identity, sizeof(identity), &one->id);
	tensor_sketch_make(one, sketched_read, &t, &one->finding->sketch, NULL);
	m->wanted[i] = one;
	x->size += one->size;
}

static inline void sketched_model_begin(struct sketched_model *m)
{
	memset(m, 0, sizeof(*m));
	m->manifest.extents.model = MODEL_SAFETENSORS;
	m->manifest.extents.list = m->list;
}

/* The object's oid is made from that of its first tensor. */
static inline void sketched_model_end(struct sketched_model *m)
{
	m->manifest.oid = m->list[0].id;
}

/* The tensors `first` to `first + count - 1` of the model. */
static inline void sketched_model_part(struct sketched_model *m,
                                       const struct descent *descent, unsigned first,
                                       unsigned count)
{
	sketched_model_begin(m);
	for (unsigned i = first; i < first + count; i++)
		sketched_model_add(m, descent, i, i);
	sketched_model_end(m);
}

/* The tensors of whole layers: layer i is the one that `from[i]` says. */
static inline void sketched_model_layers(struct sketched_model *m,
                                         const struct descent *descent,
                                         const unsigned *from, unsigned layers)
{
	sketched_model_begin(m);
	for (unsigned i = 0; i < layers * SKETCHED_IN_LAYER; i++)
		sketched_model_add(m, descent,
		                   from[i / SKETCHED_IN_LAYER] * SKETCHED_IN_LAYER +
		                           i % SKETCHED_IN_LAYER,
		                   i);
	sketched_model_end(m);
}

/* Other words for all names: layer 7 is "thinker.h.7.part.3". */
static inline void sketched_model_rename(struct sketched_model *m)
{
	for (size_t i = 0; i < m->manifest.extents.count; i++)
		snprintf(m->names[i], sizeof(m->names[i]), "thinker.h.%zu.part.%zu",
		         i / SKETCHED_IN_LAYER, i % SKETCHED_IN_LAYER);
}

static inline void sketched_model_make(struct sketched_model *m,
                                       const struct descent *descent)
{
	sketched_model_part(m, descent, 0, SKETCHED_TENSORS);
}

#endif
