/*
 * Small safetensors files for tests: a family of BF16 models whose weights look
 * like weights, made from a seed.
 */
#ifndef ZLLM_TEST_MODEL_FILE_H
#define ZLLM_TEST_MODEL_FILE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/le.h"
#include "codec/common/sha256.h"

enum { MODEL_TENSORS = 4, MODEL_ROWS = 256, MODEL_COLUMNS = 320, MODEL_SMALL = 64 };

/* A file on disk and what it is called in a store. */
struct model_file {
	char path[64];
	struct oid oid;
	uint64_t size;
	struct buf bytes;
};

static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A sum of uniform numbers: near enough to a bell, mean 0 and width about 0.02. */
static inline float weight(uint64_t *state)
{
	float sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (float)(next_random(state) >> 40) / (float)(1 << 24) - 0.5f;
	return sum * 0.035f;
}

static inline void add_bf16(struct buf *out, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	buf_add_u16(out, (uint16_t)(bits >> 16));
}

/* The bytes of a model: tensors of `seed`, each weight moved by `step` at the most
 * (0: the base itself), the tensors named with `prefix`. */
static inline void model_bytes(struct buf *out, uint64_t seed, float step,
                               const char *prefix)
{
	struct buf head = BUF_INIT, body = BUF_INIT;
	uint64_t base = seed, move = seed ^ 0x5eed;

	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (int t = 0; t <= MODEL_TENSORS; t++) {
		size_t at = body.size;
		int rows = t < MODEL_TENSORS ? MODEL_ROWS : 1;
		int columns = t < MODEL_TENSORS ? MODEL_COLUMNS : MODEL_SMALL;
		for (int i = 0; i < rows * columns; i++) {
			float jitter = (float)(next_random(&move) >> 40) /
			                       (float)(1 << 24) -
			               0.5f;
			add_bf16(&body, weight(&base) + 2 * step * jitter);
		}
		buf_addf(&head,
		         ",\"%st%d.weight\":{\"dtype\":\"BF16\",\"shape\":[%d,%d],"
		         "\"data_offsets\":[%zu,%zu]}",
		         prefix, t, rows, columns, at, body.size);
	}
	buf_add_str(&head, "}");
	buf_add_u64(out, head.size);
	buf_add(out, head.data, head.size);
	buf_add(out, body.data, body.size);
	buf_wipe(&head);
	buf_wipe(&body);
}

/* The same model with every value widened to F32. */
static inline void widened_model_bytes(struct buf *out, const struct buf *narrow)
{
	struct buf head = BUF_INIT, body = BUF_INIT;
	size_t head_size = (size_t)le64_load(narrow->data);

	for (size_t i = 8 + head_size; i < narrow->size; i += 2) {
		buf_add_u16(&body, 0);
		buf_add(&body, narrow->data + i, 2);
	}
	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	size_t at = 0;
	for (int t = 0; t <= MODEL_TENSORS; t++) {
		int rows = t < MODEL_TENSORS ? MODEL_ROWS : 1;
		int columns = t < MODEL_TENSORS ? MODEL_COLUMNS : MODEL_SMALL;
		size_t n = (size_t)rows * (size_t)columns * 4;
		buf_addf(&head,
		         ",\"t%d.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],"
		         "\"data_offsets\":[%zu,%zu]}",
		         t, rows, columns, at, at + n);
		at += n;
	}
	buf_add_str(&head, "}");
	buf_add_u64(out, head.size);
	buf_add(out, head.data, head.size);
	buf_add(out, body.data, body.size);
	buf_wipe(&head);
	buf_wipe(&body);
}

static inline void write_model_file(struct model_file *f)
{
	strcpy(f->path, "/tmp/zllm-test-XXXXXX");
	int fd = mkstemp(f->path);
	if (fd < 0 || write(fd, f->bytes.data, f->bytes.size) != (ssize_t)f->bytes.size ||
	    close(fd)) {
		perror(f->path);
		abort();
	}
	f->size = f->bytes.size;
	sha256_of(f->bytes.data, f->bytes.size, &f->oid);
}

static inline struct model_file model_file_make(uint64_t seed, float step,
                                                const char *prefix)
{
	struct model_file f = { .bytes = BUF_INIT };

	model_bytes(&f.bytes, seed, step, prefix);
	write_model_file(&f);
	return f;
}

static inline struct model_file model_file_of(const void *bytes, size_t n)
{
	struct model_file f = { .bytes = BUF_INIT };

	buf_add(&f.bytes, bytes, n);
	write_model_file(&f);
	return f;
}

static inline void model_file_remove(struct model_file *f)
{
	unlink(f->path);
	buf_wipe(&f->bytes);
}

#endif
