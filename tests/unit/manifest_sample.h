/* A small manifest for the tests of manifests, and its bytes. */
#ifndef ZLLM_MANIFEST_SAMPLE_H
#define ZLLM_MANIFEST_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "codec/common/le.h"
#include "codec/zstd_box.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------- samples */

static inline struct extent inline_extent(enum extent_kind kind, const uint8_t *bytes,
                                          size_t n)
{
	struct extent x = { .kind = kind, .size = n, .inlined = true };

	assert_true(sha256_of(bytes, n, &x.id));
	x.sum = xxh128_of(bytes, n);
	return x;
}

/* The object of docs/format-manifest.md: a header of 10 bytes, a tensor in a
 * record, a small one inline. */
struct sample {
	uint8_t bytes[14];       /* the inline ones */
	uint8_t weights[131072]; /* all zero */
	uint64_t shapes[3];      /* of both tensors */
	struct extent list[3];
	struct extent_finding finding; /* of the one with a record */
	struct manifest manifest;
};

static inline void sample_init(struct sample *s)
{
	static const uint8_t bytes[14] = { 2, 0, 0, 0, 0, 0, 0, 0, '{', '}', 1, 2, 3, 4 };
	struct sha256 *sha = sha256_new();

	memset(s, 0, sizeof(*s));
	memcpy(s->bytes, bytes, sizeof(bytes));
	s->list[0] = inline_extent(EXTENT_HEADER, s->bytes, 10);
	s->list[1] = (struct extent){ .kind = EXTENT_TENSOR,
		                      .dtype = DTYPE_BF16,
		                      .offset = 10,
		                      .size = 131072,
		                      .name = "w",
		                      .dim_count = 2,
		                      .dims = s->shapes,
		                      .finding = &s->finding };
	s->shapes[0] = s->shapes[1] = 256;
	s->shapes[2] = 1;
	assert_true(sha256_of(s->weights, sizeof(s->weights), &s->list[1].id));
	s->list[1].sum = xxh128_of(s->weights, sizeof(s->weights));
	s->list[2] = inline_extent(EXTENT_TENSOR, s->bytes + 10, 4);
	s->list[2].dtype = DTYPE_F32;
	s->list[2].offset = 131082;
	s->list[2].name = "b";
	s->list[2].dim_count = 1;
	s->list[2].dims = &s->shapes[2];
	assert_non_null(sha);
	sha256_add(sha, s->bytes, 10);
	sha256_add(sha, s->weights, sizeof(s->weights));
	sha256_add(sha, s->bytes + 10, 4);
	sha256_finish(sha, &s->manifest.oid);
	sha256_free(sha);
	s->manifest.extents = (struct extents){ .model = MODEL_SAFETENSORS,
		                                .size = 131086,
		                                .list = s->list,
		                                .count = 3 };
	s->manifest.inline_bytes = s->bytes;
	s->manifest.inline_size = sizeof(s->bytes);
	s->manifest.notes[0] = (struct manifest_note){ "path", "m.safetensors" };
	s->manifest.note_count = 1;
}

static inline struct buf formatted(const struct manifest *m)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (manifest_format(m, &out, &err))
		fail_msg("%s", err.text);
	return out;
}

static inline int parse(const struct buf *bytes, const struct manifest *of,
                        struct manifest *out, struct err *err)
{
	return manifest_parse(bytes->data, bytes->size, &of->oid, out, err);
}

/* Puts a right checksum at the end of changed bytes. */
static inline void seal(struct buf *b)
{
	struct xxh128 sum = xxh128_of(b->data, b->size - XXH128_SIZE);

	memcpy(b->data + b->size - XXH128_SIZE, sum.bytes, XXH128_SIZE);
}

/* The same manifest with its body unpacked: its bytes do not depend on the
 * version of zstd. */
static inline struct buf formatted_unpacked(const struct manifest *m)
{
	struct buf packed = formatted(m), out = BUF_INIT;
	struct zstd_box *box = zstd_box_new();
	size_t size = (size_t)le64_load(packed.data + 56);
	size_t stored = packed.size - MANIFEST_HEAD_SIZE - XXH128_SIZE;

	assert_int_equal(packed.data[11], MANIFEST_ZSTD);
	assert_true(box && buf_reserve(&out, MANIFEST_HEAD_SIZE + size + XXH128_SIZE));
	memcpy(out.data, packed.data, MANIFEST_HEAD_SIZE);
	assert_true(zstd_box_decode(box, packed.data + MANIFEST_HEAD_SIZE, stored,
	                            out.data + MANIFEST_HEAD_SIZE, size));
	out.data[11] = MANIFEST_STORED;
	out.size = MANIFEST_HEAD_SIZE + size + XXH128_SIZE;
	seal(&out);
	zstd_box_free(box);
	buf_wipe(&packed);
	return out;
}

#endif
