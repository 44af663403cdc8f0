/* Manifests: of what was not written by us, nothing is believed. */
#include "tests/unit/manifest_sample.h"

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

/* clang-format off */
static const struct {
	size_t at;
	unsigned bytes;
	uint64_t value;
	int code;
} lies[] = {
	{ 8, 2, 3, ERR_FORMAT },                      /* version */
	{ 8, 2, 0, ERR_DAMAGED },
	{ 10, 1, 2, ERR_FORMAT },                     /* model */
	{ 11, 1, 2, ERR_FORMAT },                     /* packing */
	{ 11, 1, 1, ERR_DAMAGED },
	{ 12, 4, 1, ERR_FORMAT },                     /* flags */
	{ 16, 1, 0x12, ERR_DAMAGED },                 /* oid */
	{ 48, 8, 131085, ERR_DAMAGED },               /* size of the object */
	{ 48, 8, 0, ERR_DAMAGED },
	{ 56, 8, 0, ERR_DAMAGED },                    /* size of the body */
	{ 56, 8, UINT64_MAX, ERR_DAMAGED },
	{ 64, 4, 0, ERR_FORMAT },                     /* notes: the note is read as an extent */
	{ 64, 4, 2, ERR_DAMAGED },
	{ 64, 4, 65, ERR_DAMAGED },
	{ 64, 4, UINT32_MAX, ERR_DAMAGED },
	{ 68, 4, 0, ERR_DAMAGED },                    /* extents */
	{ 68, 4, 2, ERR_DAMAGED },
	{ 68, 4, 4, ERR_DAMAGED },
	{ 68, 4, UINT32_MAX, ERR_DAMAGED },
	{ 72, 8, 13, ERR_DAMAGED },                   /* inline bytes */
	{ 72, 8, 15, ERR_DAMAGED },
	{ 72, 8, UINT64_MAX, ERR_DAMAGED },
	{ BODY, 2, 0, ERR_DAMAGED },                  /* length of the note's key */
	{ BODY, 2, UINT16_MAX, ERR_DAMAGED },
	{ BODY + 2, 1, 0, ERR_DAMAGED },              /* a NUL in the key */
	{ BODY + 6, 4, UINT32_MAX, ERR_DAMAGED },
	{ HEADER_AT, 1, 4, ERR_FORMAT },              /* kind */
	{ W_AT, 1, 0, ERR_DAMAGED },                  /* a chunk with a name */
	{ HEADER_AT + 1, 1, 23, ERR_FORMAT },         /* dtype */
	{ HEADER_AT + 1, 1, 1, ERR_DAMAGED },
	{ HEADER_AT + 2, 1, 0x81, ERR_FORMAT },       /* flags */
	{ HEADER_AT + 2, 1, 0x41, ERR_DAMAGED },      /* inline, and a finding */
	{ HEADER_AT + 2, 1, 9, ERR_DAMAGED },         /* inline, and a trial */
	{ HEADER_AT + 2, 1, 3, ERR_DAMAGED },         /* inline, and a base */
	{ HEADER_AT + 2, 1, 0, ERR_FORMAT },          /* the rest is misread */
	{ HEADER_AT + 3, 1, 1, ERR_DAMAGED },         /* dimensions */
	{ HEADER_AT + 3, 1, 17, ERR_DAMAGED },
	{ HEADER_AT + 4, 8, 0, ERR_DAMAGED },         /* size */
	{ HEADER_AT + 4, 8, 9, ERR_DAMAGED },
	{ HEADER_AT + 4, 8, UINT64_MAX, ERR_DAMAGED },
	{ HEADER_AT + 12, 2, 1, ERR_DAMAGED },        /* a header with a name */
	{ W_AT + 4, 8, UINT64_MAX, ERR_DAMAGED },
	{ W_AT + 4, 8, 131073, ERR_DAMAGED },
	{ W_AT + 4, 8, 0, ERR_DAMAGED },
	{ W_AT + 28, 2, UINT16_MAX, ERR_DAMAGED },
	{ W_AT + 30, 1, 0, ERR_DAMAGED },             /* a NUL in the name */
};
/* clang-format on */

static void lies_under_a_right_checksum_are_refused(void **state)
{
	(void)state;
	struct sample s;

	sample_init(&s);
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct manifest back;
		struct err err = ERR_INIT;
		uint8_t value[8];
		struct buf bytes = formatted_unpacked(&s.manifest);
		le64_store(value, lies[i].value);
		/* a case that changes nothing but the meaning would prove nothing */
		assert_memory_not_equal(bytes.data + lies[i].at, value, lies[i].bytes);
		memcpy(bytes.data + lies[i].at, value, lies[i].bytes);
		seal(&bytes);
		int rc = parse(&bytes, &s.manifest, &back, &err);
		if (rc != lies[i].code)
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

/* A model of `count` extents behind a header of `header` bytes, all in records. */
struct crowd {
	size_t count;
	enum extent_kind kind;
	uint64_t size;   /* of each */
	uint64_t header; /* bytes; 0: none */
};

/* The bytes of such a manifest, whether or not it may be written: extents are formatted
 * by hand. */
static struct buf crowd_bytes(const struct crowd *c)
{
	struct buf out = BUF_INIT;
	uint64_t size = c->header + c->count * c->size;
	size_t extents = c->count + (c->header != 0);
	static const uint8_t zeros[48] = { 0 };

	buf_add(&out, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
	buf_add_u16(&out, MANIFEST_VERSION);
	buf_add_u8(&out, MODEL_SAFETENSORS);
	buf_add_u8(&out, MANIFEST_STORED);
	buf_add_u32(&out, 0);
	buf_add(&out, zeros, SHA256_SIZE); /* the oid */
	buf_add_u64(&out, size);
	buf_add_u64(&out, 0); /* of the body: below */
	buf_add_u32(&out, 0);
	buf_add_u32(&out, (uint32_t)extents);
	buf_add_u64(&out, 0);
	for (size_t i = 0; i < extents; i++) {
		bool header = c->header && i == 0;
		uint64_t bytes = header ? c->header : c->size;
		buf_add_u8(&out, (uint8_t)(header ? EXTENT_HEADER : c->kind));
		buf_add_u8(&out, 0);
		buf_add_u8(&out, bytes ? 0 : MANIFEST_INLINED);
		buf_add_u8(&out, 0);
		buf_add_u64(&out, bytes);
		buf_add_u16(&out, 0);
		if (bytes)
			buf_add(&out, zeros, sizeof(zeros)); /* id and sum */
	}
	le64_store(out.data + 56, out.size - MANIFEST_HEAD_SIZE);
	buf_add(&out, zeros, XXH128_SIZE);
	seal(&out);
	return out;
}

static int parse_crowd(const struct crowd *c, struct err *err)
{
	static const struct oid zero;
	struct buf bytes = crowd_bytes(c);
	struct manifest back;
	int rc = manifest_parse(bytes.data, bytes.size, &zero, &back, err);

	if (!rc)
		manifest_wipe(&back);
	buf_wipe(&bytes);
	return rc;
}

static void an_object_has_no_more_extents_than_its_bytes_can_need(void **state)
{
	enum { K = 1000, MB = 1000 * 1000 };
	static const struct crowd good[] = {
		{ 1000, EXTENT_TENSOR, 0, 0 },           /* few need no reason */
		{ 100 * K, EXTENT_TENSOR, 2, 4800 * K }, /* what a header can name */
		{ 100 * K, EXTENT_TENSOR, 0, 4800 * K }, /* empty ones, too */
		{ 2 * K, EXTENT_CHUNK, 262144, 0 },      /* the smallest pieces */
		{ 1000, EXTENT_GAP, 1, 20 * K },
	};
	static const struct crowd bad[] = {
		{ 2 * K, EXTENT_TENSOR, 0, 0 }, /* nothing names them */
		{ 2 * K, EXTENT_TENSOR, 1000, 0 },
		{ 100 * K, EXTENT_TENSOR, 0, 1 }, /* more than 1 in 16 bytes */
		{ 100 * K, EXTENT_TENSOR, 2, 4000 * K },
		{ 100 * K, EXTENT_CHUNK, 4096, 0 },      /* nobody cuts so small */
		{ 100 * K, EXTENT_GAP, 1 * K, 10 * MB }, /* between what tensors? */
		{ 100 * K, EXTENT_HEADER, 100, 0 },
	};
	struct err err = ERR_INIT;
	(void)state;

	for (size_t i = 0; i < COUNT(good); i++)
		if (parse_crowd(&good[i], &err))
			fail_msg("good %zu: %s", i, err.text);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_crowd(&bad[i], &err) != ERR_DAMAGED)
			fail_msg("bad %zu was read", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_and_every_cut_is_noticed),
		cmocka_unit_test(anothers_manifest_is_refused),
		cmocka_unit_test(lies_under_a_right_checksum_are_refused),
		cmocka_unit_test(a_body_that_is_no_whole_zstd_frame_is_refused),
		cmocka_unit_test(a_bomb_is_refused_before_it_is_unpacked),
		cmocka_unit_test(an_object_has_no_more_extents_than_its_bytes_can_need),
		cmocka_unit_test(a_manifest_that_breaks_a_rule_is_not_written),
	};

	return cmocka_run_group_tests_name("manifest_damage", tests, NULL, NULL);
}
