/* Manifests: what is written is read back, and nothing else is believed. */
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
#include "index/manifest.h"
#include "index/manifest_layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------- samples */

static struct extent inline_extent(enum extent_kind kind, const uint8_t *bytes, size_t n)
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
	struct extent list[3];
	struct manifest manifest;
};

static void sample_init(struct sample *s)
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
		                      .dims = { 256, 256 } };
	assert_true(sha256_of(s->weights, sizeof(s->weights), &s->list[1].id));
	s->list[1].sum = xxh128_of(s->weights, sizeof(s->weights));
	s->list[2] = inline_extent(EXTENT_TENSOR, s->bytes + 10, 4);
	s->list[2].dtype = DTYPE_F32;
	s->list[2].offset = 131082;
	s->list[2].name = "b";
	s->list[2].dim_count = 1;
	s->list[2].dims[0] = 1;
	assert_non_null(sha);
	sha256_add(sha, s->bytes, 10);
	sha256_add(sha, s->weights, sizeof(s->weights));
	sha256_add(sha, s->bytes + 10, 4);
	sha256_finish(sha, &s->manifest.oid);
	sha256_free(sha);
	s->manifest.extents = (struct extents){ MODEL_SAFETENSORS, 131086, s->list, 3,
		                                NULL };
	s->manifest.inline_bytes = s->bytes;
	s->manifest.inline_size = sizeof(s->bytes);
	s->manifest.notes[0] = (struct manifest_note){ "path", "m.safetensors" };
	s->manifest.note_count = 1;
}

static struct buf formatted(const struct manifest *m)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (manifest_format(m, &out, &err))
		fail_msg("%s", err.text);
	return out;
}

static int parse(const struct buf *bytes, const struct manifest *of, struct manifest *out,
                 struct err *err)
{
	return manifest_parse(bytes->data, bytes->size, &of->oid, out, err);
}

/* Puts a right checksum at the end of changed bytes. */
static void seal(struct buf *b)
{
	struct xxh128 sum = xxh128_of(b->data, b->size - XXH128_SIZE);

	memcpy(b->data + b->size - XXH128_SIZE, sum.bytes, XXH128_SIZE);
}

/* The same manifest with its body unpacked: its bytes do not depend on the
 * version of zstd. */
static struct buf formatted_unpacked(const struct manifest *m)
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

static void check_same(const struct manifest *a, const struct manifest *b)
{
	assert_true(oid_equal(&a->oid, &b->oid));
	assert_int_equal(a->extents.model, b->extents.model);
	assert_int_equal(a->extents.size, b->extents.size);
	assert_int_equal(a->extents.count, b->extents.count);
	for (size_t i = 0; i < a->extents.count; i++) {
		const struct extent *x = &a->extents.list[i], *y = &b->extents.list[i];
		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->dtype, y->dtype);
		assert_int_equal(x->offset, y->offset);
		assert_int_equal(x->size, y->size);
		assert_true(x->name && y->name ? strcmp(x->name, y->name) == 0
		                               : x->name == y->name);
		assert_int_equal(x->dim_count, y->dim_count);
		assert_memory_equal(x->dims, y->dims, sizeof(x->dims));
		assert_int_equal(x->inlined, y->inlined);
		assert_true(oid_equal(&x->id, &y->id));
		assert_true(xxh128_equal(&x->sum, &y->sum));
	}
	assert_int_equal(a->inline_size, b->inline_size);
	if (a->inline_size)
		assert_memory_equal(a->inline_bytes, b->inline_bytes, a->inline_size);
	assert_int_equal(a->note_count, b->note_count);
	for (size_t i = 0; i < a->note_count; i++) {
		assert_string_equal(a->notes[i].key, b->notes[i].key);
		assert_string_equal(a->notes[i].value, b->notes[i].value);
	}
}

static void check_round_trip(const struct manifest *m)
{
	struct buf bytes = formatted(m), again;
	struct manifest back;
	struct err err = ERR_INIT;

	if (parse(&bytes, m, &back, &err))
		fail_msg("%s", err.text);
	check_same(m, &back);
	again = formatted(&back);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
	buf_wipe(&again);
	buf_wipe(&bytes);
	manifest_wipe(&back);
}

/* ---------------------------------------------------------------- round trips */

static void a_model_comes_back(void **state)
{
	(void)state;
	struct sample s;

	sample_init(&s);
	check_round_trip(&s.manifest);
}

static void an_empty_object_comes_back(void **state)
{
	(void)state;
	struct manifest m = { .extents = { .model = MODEL_OPAQUE } };

	check_round_trip(&m);
}

static void notes_and_names_of_every_length_come_back(void **state)
{
	(void)state;
	struct sample s;
	char *longest = malloc(TENSOR_NAME_MAX + 1);

	assert_non_null(longest);
	memset(longest, 'n', TENSOR_NAME_MAX);
	longest[TENSOR_NAME_MAX] = 0;
	sample_init(&s);
	s.list[1].name = longest;
	s.list[2].name = "";
	for (int i = 0; i < MANIFEST_NOTES_MAX; i++)
		s.manifest.notes[i] = (struct manifest_note){ "k",
			                                      i ? "" : "\xc3\xa9\n" };
	s.manifest.notes[1] = (struct manifest_note){ longest, longest };
	s.manifest.note_count = MANIFEST_NOTES_MAX;
	check_round_trip(&s.manifest);
	free(longest);
}

static void bytes_that_pack_and_bytes_that_do_not_come_back(void **state)
{
	(void)state;
	static const struct {
		size_t size;
		unsigned
			step; /* 0: zeros, which pack so well that it looks like a bomb */
		enum manifest_packing packing;
	} cases[] = {
		{ 1, 1, MANIFEST_STORED },
		{ 50000, 1, MANIFEST_ZSTD },
		{ 50000, 0, MANIFEST_ZSTD },
		{ EXTENT_INLINE_TOTAL, 0, MANIFEST_STORED },
		{ EXTENT_INLINE_TOTAL, 1, MANIFEST_ZSTD },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *content = malloc(cases[i].size);
		assert_non_null(content);
		for (size_t k = 0; k < cases[i].size; k++)
			content[k] = (uint8_t)(k * k / 1024 * cases[i].step);
		struct extent x = inline_extent(EXTENT_CHUNK, content, cases[i].size);
		struct manifest m = { .extents = { MODEL_OPAQUE, cases[i].size, &x, 1,
			                           NULL },
			              .inline_bytes = content,
			              .inline_size = cases[i].size };
		struct buf bytes = formatted(&m);
		assert_int_equal(bytes.data[11], cases[i].packing);
		buf_wipe(&bytes);
		check_round_trip(&m);
		free(content);
	}
}

/* These are the bytes of docs/format-manifest.md. They never change. */
static void the_bytes_of_the_documented_example_are_known(void **state)
{
	(void)state;
	static const char known[] =
		"5a4c4c4d4d414e00010001000000000092238e4dea4a99bd451e6054da3be263"
		"d80f67c296e78dd4beb2becd4d93afc50e000200000000009900000000000000"
		"01000000030000000e000000000000000400706174680d0000006d2e73616665"
		"74656e736f7273010001000a000000000000000000020b000200000200000000"
		"0000010000000000000001000000000000010077fa43239bcee7b97ca62f007c"
		"c68487560a39e19f74f3dde7486db3f98df8e4719d461480179a33c4e7488e24"
		"0cc78ea7020c0101040000000000000001000000000000000100620200000000"
		"0000007b7d0102030431a0c5b9425c49e0ac35b301ea37ab04";
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;
	char text[2 * 1024];

	sample_init(&s);
	struct buf bytes = formatted_unpacked(&s.manifest);
	assert_true(2 * bytes.size < sizeof(text));
	hex_format(bytes.data, bytes.size, text);
	assert_string_equal(text, known);
	assert_int_equal(parse(&bytes, &s.manifest, &back, &err), 0);
	check_same(&s.manifest, &back);
	manifest_wipe(&back);
	buf_wipe(&bytes);
}

static void appending_leaves_what_was_in_the_buffer(void **state)
{
	(void)state;
	struct sample s;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	sample_init(&s);
	struct buf alone = formatted(&s.manifest);
	buf_add_str(&out, "before");
	assert_int_equal(manifest_format(&s.manifest, &out, &err), 0);
	assert_int_equal(out.size, 6 + alone.size);
	assert_memory_equal(out.data + 6, alone.data, alone.size);
	s.list[1].size++;
	assert_int_equal(manifest_format(&s.manifest, &out, &err), ERR_INPUT);
	assert_int_equal(out.size, 6 + alone.size);
	buf_wipe(&out);
	buf_wipe(&alone);
}

/* ------------------------------------------------------------------- refusals */

static void every_flipped_bit_and_every_cut_is_noticed(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;

	sample_init(&s);
	struct buf bytes = formatted(&s.manifest);
	for (size_t i = 0; i < bytes.size * 8; i++) {
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(parse(&bytes, &s.manifest, &back, &err), ERR_DAMAGED);
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < bytes.size; n++) {
		uint8_t *cut = malloc(n + 1);
		assert_non_null(cut);
		memcpy(cut, bytes.data, n);
		assert_int_equal(manifest_parse(cut, n, &s.manifest.oid, &back, &err),
		                 ERR_DAMAGED);
		free(cut);
	}
	buf_wipe(&bytes);
}

static void anothers_manifest_is_refused(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;
	struct oid other = { { 7 } };

	sample_init(&s);
	struct buf bytes = formatted(&s.manifest);
	assert_int_equal(manifest_parse(bytes.data, bytes.size, &other, &back, &err),
	                 ERR_DAMAGED);
	assert_non_null(strstr(err.text, "another object"));
	buf_wipe(&bytes);
}

/* Where things lie in the sample, unpacked. */
enum { BODY = MANIFEST_HEAD_SIZE, HEADER_AT = BODY + 6 + 4 + 13, W_AT = HEADER_AT + 14 };

static void lies_under_a_right_checksum_are_refused(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		unsigned bytes;
		uint64_t value;
		int code;
	} cases[] = {
		{ 8, 2, 2, ERR_FORMAT }, /* version */
		{ 8, 2, 0, ERR_DAMAGED },
		{ 10, 1, 2, ERR_FORMAT }, /* model */
		{ 11, 1, 2, ERR_FORMAT }, /* packing */
		{ 11, 1, 1, ERR_DAMAGED },
		{ 12, 4, 1, ERR_FORMAT },       /* flags */
		{ 16, 1, 0x12, ERR_DAMAGED },   /* oid */
		{ 48, 8, 131085, ERR_DAMAGED }, /* size of the object */
		{ 48, 8, 0, ERR_DAMAGED },
		{ 56, 8, 0, ERR_DAMAGED }, /* size of the body */
		{ 56, 8, UINT64_MAX, ERR_DAMAGED },
		{ 64, 4, 0, ERR_FORMAT }, /* notes: the note is read as an extent */
		{ 64, 4, 2, ERR_DAMAGED },
		{ 64, 4, 65, ERR_DAMAGED },
		{ 64, 4, UINT32_MAX, ERR_DAMAGED },
		{ 68, 4, 0, ERR_DAMAGED }, /* extents */
		{ 68, 4, 2, ERR_DAMAGED },
		{ 68, 4, 4, ERR_DAMAGED },
		{ 68, 4, UINT32_MAX, ERR_DAMAGED },
		{ 72, 8, 13, ERR_DAMAGED }, /* inline bytes */
		{ 72, 8, 15, ERR_DAMAGED },
		{ 72, 8, UINT64_MAX, ERR_DAMAGED },
		{ BODY, 2, 0, ERR_DAMAGED }, /* length of the note's key */
		{ BODY, 2, UINT16_MAX, ERR_DAMAGED },
		{ BODY + 2, 1, 0, ERR_DAMAGED }, /* a NUL in the key */
		{ BODY + 6, 4, UINT32_MAX, ERR_DAMAGED },
		{ HEADER_AT, 1, 4, ERR_FORMAT }, /* kind */
		{ HEADER_AT, 1, 2,
		  ERR_DAMAGED }, /* a tensor without dtype: another size */
		{ HEADER_AT + 1, 1, 23, ERR_FORMAT }, /* dtype */
		{ HEADER_AT + 1, 1, 1, ERR_DAMAGED },
		{ HEADER_AT + 2, 1, 3, ERR_FORMAT }, /* flags */
		{ HEADER_AT + 2, 1, 0, ERR_DAMAGED },
		{ HEADER_AT + 3, 1, 1, ERR_DAMAGED }, /* dimensions */
		{ HEADER_AT + 3, 1, 17, ERR_DAMAGED },
		{ HEADER_AT + 4, 8, 0, ERR_DAMAGED }, /* size */
		{ HEADER_AT + 4, 8, 9, ERR_DAMAGED },
		{ HEADER_AT + 4, 8, UINT64_MAX, ERR_DAMAGED },
		{ HEADER_AT + 12, 2, 1, ERR_DAMAGED }, /* a header with a name */
		{ W_AT + 4, 8, UINT64_MAX, ERR_DAMAGED },
		{ W_AT + 4, 8, 131073, ERR_DAMAGED },
		{ W_AT + 4, 8, 0, ERR_DAMAGED },
		{ W_AT + 28, 2, UINT16_MAX, ERR_DAMAGED },
		{ W_AT + 30, 1, 0, ERR_DAMAGED }, /* a NUL in the name */
	};
	struct sample s;

	sample_init(&s);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct manifest back;
		struct err err = ERR_INIT;
		uint8_t value[8];
		struct buf bytes = formatted_unpacked(&s.manifest);
		le64_store(value, cases[i].value);
		/* a case that changes nothing but the meaning would prove nothing */
		assert_memory_not_equal(bytes.data + cases[i].at, value, cases[i].bytes);
		memcpy(bytes.data + cases[i].at, value, cases[i].bytes);
		seal(&bytes);
		int rc = parse(&bytes, &s.manifest, &back, &err);
		if (rc != cases[i].code)
			fail_msg("case %zu: %d %s", i, rc, err.text);
		assert_true(err.text[0] != 0);
		buf_wipe(&bytes);
	}
}

static void a_body_that_is_no_whole_zstd_frame_is_refused(void **state)
{
	(void)state;
	static const int cuts[] = { 1, 5, 20 };
	static uint8_t content[50000];
	struct extent x = inline_extent(EXTENT_CHUNK, content, sizeof(content));
	struct manifest m = { .extents = { MODEL_OPAQUE, sizeof(content), &x, 1, NULL },
		              .inline_bytes = content,
		              .inline_size = sizeof(content) };
	struct manifest back;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT(cuts); i++) {
		struct buf bytes = formatted(&m);
		assert_int_equal(bytes.data[11], MANIFEST_ZSTD);
		bytes.size -= (size_t)cuts[i];
		seal(&bytes);
		assert_int_equal(parse(&bytes, &m, &back, &err), ERR_DAMAGED);
		bytes.size += (size_t)cuts[i] + 1;
		assert_true(buf_reserve(&bytes, 1));
		bytes.data[bytes.size - 1] = 0;
		seal(&bytes);
		assert_int_equal(parse(&bytes, &m, &back, &err), ERR_DAMAGED);
		buf_wipe(&bytes);
	}
}

/* What a bomb is: few bytes that claim, truly, to be very many. */
static void a_bomb_is_refused_before_it_is_unpacked(void **state)
{
	(void)state;
	enum { SIZE = 64 * 1024 * 1024 };
	static const struct oid oid = { { 0 } };
	uint8_t *zeros = calloc(1, SIZE), *packed = malloc(SIZE);
	struct zstd_box *box = zstd_box_new();
	struct buf bytes = BUF_INIT;
	struct manifest back;
	struct err err = ERR_INIT;

	assert_true(zeros && packed && box);
	size_t n = zstd_box_encode(box, 3, zeros, SIZE, packed, SIZE);
	buf_add(&bytes, MANIFEST_MAGIC, 8);
	buf_add_u16(&bytes, 1);
	buf_add_u8(&bytes, MODEL_OPAQUE);
	buf_add_u8(&bytes, MANIFEST_ZSTD);
	buf_add_u32(&bytes, 0);
	buf_add(&bytes, oid.bytes, SHA256_SIZE);
	buf_add_u64(&bytes, 0);
	buf_add_u64(&bytes, SIZE);
	buf_add_u32(&bytes, 0);
	buf_add_u32(&bytes, SIZE / MANIFEST_EXTENT_MIN);
	buf_add_u64(&bytes, 0);
	buf_add(&bytes, packed, n);
	buf_add(&bytes, packed, XXH128_SIZE);
	seal(&bytes);
	assert_int_equal(manifest_parse(bytes.data, bytes.size, &oid, &back, &err),
	                 ERR_DAMAGED);
	assert_non_null(strstr(err.text, "that large"));
	buf_wipe(&bytes);
	zstd_box_free(box);
	free(packed);
	free(zeros);
}

static void a_manifest_that_breaks_a_rule_is_not_written(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct sample s;
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		sample_init(&s);
		switch (i) {
		case 0:
			s.list[1].offset++;
			break;
		case 1:
			s.list[2].size = UINT64_MAX;
			break;
		case 2:
			s.list[1].dim_count = TENSOR_DIMS_MAX + 1;
			break;
		case 3:
			s.list[1].name = NULL;
			break;
		case 4:
			s.list[0].name = "header";
			break;
		case 5:
			s.list[1].inlined = true;
			break;
		case 6:
			s.manifest.inline_size--;
			break;
		case 7:
			s.manifest.extents.size++;
			break;
		case 8:
			s.manifest.note_count = MANIFEST_NOTES_MAX + 1;
			break;
		case 9:
			s.manifest.notes[0].key = "";
			break;
		}
		if (manifest_format(&s.manifest, &out, &err) != ERR_INPUT)
			fail_msg("case %d was written", i);
		assert_int_equal(out.size, 0);
		buf_wipe(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_comes_back),
		cmocka_unit_test(an_empty_object_comes_back),
		cmocka_unit_test(notes_and_names_of_every_length_come_back),
		cmocka_unit_test(bytes_that_pack_and_bytes_that_do_not_come_back),
		cmocka_unit_test(the_bytes_of_the_documented_example_are_known),
		cmocka_unit_test(appending_leaves_what_was_in_the_buffer),
		cmocka_unit_test(every_flipped_bit_and_every_cut_is_noticed),
		cmocka_unit_test(anothers_manifest_is_refused),
		cmocka_unit_test(lies_under_a_right_checksum_are_refused),
		cmocka_unit_test(a_body_that_is_no_whole_zstd_frame_is_refused),
		cmocka_unit_test(a_bomb_is_refused_before_it_is_unpacked),
		cmocka_unit_test(a_manifest_that_breaks_a_rule_is_not_written),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
