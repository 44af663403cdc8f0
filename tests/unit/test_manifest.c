/* Manifests: what is written is read back. */
#include "index/manifest/manifest_model.h"
#include "index/model/format_table.h"
#include "tests/unit/manifest_sample.h"

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
		if (x->dim_count)
			assert_memory_equal(x->dims, y->dims, 8 * x->dim_count);
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

static void a_model_comes_back(void **state)
{
	(void)state;
	struct sample s;

	sample_init(&s);
	check_round_trip(&s.manifest);
}

/* A tensor with all that can be known of it. */
static void add_finding(struct extent *one)
{
	struct extent_finding *x = one->finding;

	x->candidate_count = 2;
	x->candidates[0] = (struct extent_candidate){ DTYPE_F32, 2,       185,   160,
		                                      209,       one->id, false, true };
	x->candidates[1] = (struct extent_candidate){ DTYPE_BF16,     4,
		                                      EXTENT_UNKNOWN, EXTENT_UNKNOWN,
		                                      EXTENT_UNKNOWN, one->id,
		                                      true,           false };
	x->series_length = 7;
	x->series_spent = 1234567;
	x->sketch.known = true;
	x->sketch.band = 0x5e;
	memset(x->sketch.values, 0xa5, sizeof(x->sketch.values));
}

static void what_was_found_out_about_a_tensor_comes_back(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;

	sample_init(&s);
	add_finding(&s.list[1]);
	struct buf bytes = formatted(&s.manifest);
	assert_int_equal(parse(&bytes, &s.manifest, &back, &err), 0);
	const struct extent_finding *x = extent_finding(&s.list[1]),
				    *y = extent_finding(&back.extents.list[1]);
	assert_int_equal(y->candidate_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(y->candidates[i].dtype, x->candidates[i].dtype);
		assert_int_equal(y->candidates[i].source, x->candidates[i].source);
		assert_int_equal(y->candidates[i].bits, x->candidates[i].bits);
		assert_int_equal(y->candidates[i].steps, x->candidates[i].steps);
		assert_int_equal(y->candidates[i].permille, x->candidates[i].permille);
		assert_true(oid_equal(&y->candidates[i].id, &x->candidates[i].id));
		assert_true(y->candidates[i].in_parts == x->candidates[i].in_parts);
		assert_true(y->candidates[i].by_values == x->candidates[i].by_values);
	}
	assert_int_equal(y->series_length, 7);
	assert_int_equal(y->series_spent, 1234567);
	assert_true(y->sketch.known && y->sketch.band == 0x5e);
	assert_memory_equal(y->sketch.values, x->sketch.values, SKETCH_BYTES);
	manifest_wipe(&back);
	buf_wipe(&bytes);
	check_round_trip(&s.manifest);
}

/* What looks for bases needs no names and shapes of a million norms. */
static void one_who_looks_for_bases_gets_no_small_extents(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;

	sample_init(&s);
	add_finding(&s.list[1]);
	struct buf bytes = formatted(&s.manifest);
	assert_int_equal(manifest_parse_bases(bytes.data, bytes.size, &s.manifest.oid,
	                                      &back, &err),
	                 0);
	assert_int_equal(back.extents.count, 1);
	assert_int_equal(back.extents.size, s.manifest.extents.size);
	assert_int_equal(back.note_count, 0);
	assert_int_equal(back.inline_size, 0);
	const struct extent *x = &back.extents.list[0];
	assert_string_equal(x->name, "w");
	assert_int_equal(x->offset, 10);
	assert_int_equal(x->dim_count, 2);
	assert_int_equal(x->dims[1], 256);
	assert_true(oid_equal(&x->id, &s.list[1].id));
	assert_int_equal(extent_finding(x)->candidate_count, 2);
	manifest_wipe(&back);
	buf_wipe(&bytes);
}

/* What restores an object needs no names of a million norms. */
static void one_who_needs_places_gets_inline_extents_that_follow_as_one(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;

	sample_init(&s);
	/* "b" in two, the second one empty; and the record in front of them */
	struct extent list[4] = { s.list[0], s.list[1], s.list[2], s.list[2] };
	list[3].offset += 4;
	list[3].size = 0;
	list[3].name = "c";
	list[3].id = inline_extent(EXTENT_TENSOR, s.bytes, 0).id;
	s.manifest.extents.list = list;
	s.manifest.extents.count = 4;
	struct buf bytes = formatted(&s.manifest);
	assert_int_equal(manifest_parse_places(bytes.data, bytes.size, &s.manifest.oid,
	                                       &back, &err),
	                 0);
	assert_int_equal(back.extents.count, 3);
	const struct extent *x = back.extents.list;
	assert_true(x[0].inlined && x[0].offset == 0 && x[0].size == 10 && !x[0].name);
	assert_true(!x[1].inlined && x[1].offset == 10 && x[1].size == 131072);
	assert_string_equal(x[1].name, "w");
	assert_true(oid_equal(&x[1].id, &s.list[1].id));
	assert_true(x[2].inlined && x[2].offset == 131082 && x[2].size == 4);
	assert_int_equal(x[2].kind, EXTENT_CHUNK);
	assert_null(x[2].name);
	assert_int_equal(back.inline_size, 14);
	assert_memory_equal(back.inline_bytes, s.bytes, 14);
	assert_string_equal(manifest_note(&back, "path"), "m.safetensors");
	manifest_wipe(&back);
	buf_wipe(&bytes);
}

static void an_extent_without_a_finding_takes_little_memory(void **state)
{
	(void)state;
	struct sample s;
	struct manifest back;
	struct err err = ERR_INIT;

	assert_true(sizeof(struct extent) <= 96);
	sample_init(&s);
	struct buf bytes = formatted(&s.manifest);
	assert_int_equal(parse(&bytes, &s.manifest, &back, &err), 0);
	for (size_t i = 0; i < back.extents.count; i++) {
		assert_null(back.extents.list[i].finding);
		assert_int_equal(extent_finding(&back.extents.list[i])->base_count, 0);
	}
	manifest_wipe(&back);
	buf_wipe(&bytes);
}

/* A finding is only a hint: one that a newer program wrote longer is read as far as we
 * know it, and one that makes no sense is none. */
static void a_finding_of_another_length_does_no_harm(void **state)
{
	enum { FINDING_AT = 0xc4 }; /* behind the sum of "w" in the documented example */
	static const struct {
		int change; /* bytes more, or fewer */
		bool sketch;
	} cases[] = { { 0, true }, { 3, true }, { -1, false } };
	(void)state;
	struct sample s;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct manifest back;
		sample_init(&s);
		add_finding(&s.list[1]);
		struct buf bytes = formatted_unpacked(&s.manifest), out = BUF_INIT;
		size_t size = (size_t)(bytes.data[FINDING_AT] | bytes.data[FINDING_AT + 1]
		                                                        << 8);
		size_t end = FINDING_AT + 2 + size;
		size_t kept = cases[i].change < 0 ? end - 1 : end;
		buf_add(&out, bytes.data, kept);
		for (int k = 0; k < cases[i].change; k++)
			buf_add_u8(&out, 0xff);
		buf_add(&out, bytes.data + end, bytes.size - end);
		le16_store(out.data + FINDING_AT,
		           (uint16_t)((int)size + cases[i].change));
		le64_store(out.data + 56,
		           le64_load(out.data + 56) + (uint64_t)(int64_t)cases[i].change);
		seal(&out);
		if (parse(&out, &s.manifest, &back, &err))
			fail_msg("case %zu: %s", i, err.text);
		check_same(&s.manifest, &back);
		assert_int_equal(extent_finding(&back.extents.list[1])->sketch.known,
		                 cases[i].sketch);
		manifest_wipe(&back);
		buf_wipe(&out);
		buf_wipe(&bytes);
	}
}

/* Every reader knows the numbers 0 and 1: a new format must not need a third one. */
static void a_format_is_a_note_and_the_number_says_whether_there_are_tensors(void **state)
{
	(void)state;
	static const struct {
		unsigned number;
		const char *note;
		int kind;
	} cases[] = {
		{ 0, NULL, MODEL_OPAQUE },
		{ 1, NULL, MODEL_SAFETENSORS },
		{ 1, "safetensors", MODEL_SAFETENSORS },
		{ 1, "gguf", MODEL_SAFETENSORS }, /* of a newer program */
		{ 1, "opaque", MODEL_SAFETENSORS },
		{ 0, "safetensors", MODEL_OPAQUE },
		{ 0, "", MODEL_OPAQUE },
		{ 2, NULL, -1 },
		{ 2, "safetensors", -1 },
		{ 255, NULL, -1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(manifest_model_kind(cases[i].number, cases[i].note),
		                 cases[i].kind);
	for (size_t i = 0; format_at(i); i++) {
		enum model_kind kind = format_at(i)->kind;
		unsigned number = manifest_model_number(kind);
		assert_true(number <= 1);
		assert_int_equal(number, format_at(i)->has_tensors);
		assert_int_equal(manifest_model_kind(number, manifest_model_note(kind)),
		                 kind);
	}
}

static void the_format_comes_back_with_the_note(void **state)
{
	(void)state;
	struct sample s;

	for (size_t i = 0; format_at(i); i++) {
		enum model_kind kind = format_at(i)->kind;
		if (!format_at(i)->has_tensors)
			continue;
		sample_init(&s);
		s.manifest.extents.model = kind;
		if (manifest_model_note(kind))
			s.manifest.notes[s.manifest.note_count++] =
				(struct manifest_note){ MANIFEST_NOTE_FORMAT,
				                        manifest_model_note(kind) };
		check_round_trip(&s.manifest);
		struct buf bytes = formatted(&s.manifest);
		assert_int_equal(bytes.data[10], 1);
		buf_wipe(&bytes);
	}
}

static void extents_that_a_format_does_not_have_are_not_written(void **state)
{
	(void)state;
	struct sample s;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	sample_init(&s);
	s.manifest.extents.model = MODEL_OPAQUE;
	assert_int_equal(manifest_format(&s.manifest, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "extent 0 is of a kind"));
	sample_init(&s);
	s.list[0].kind = EXTENT_CHUNK;
	assert_int_equal(manifest_format(&s.manifest, &out, &err), ERR_INPUT);
	assert_int_equal(out.size, 0);
	buf_wipe(&out);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_comes_back),
		cmocka_unit_test(what_was_found_out_about_a_tensor_comes_back),
		cmocka_unit_test(one_who_looks_for_bases_gets_no_small_extents),
		cmocka_unit_test(
			one_who_needs_places_gets_inline_extents_that_follow_as_one),
		cmocka_unit_test(an_extent_without_a_finding_takes_little_memory),
		cmocka_unit_test(a_finding_of_another_length_does_no_harm),
		cmocka_unit_test(
			a_format_is_a_note_and_the_number_says_whether_there_are_tensors),
		cmocka_unit_test(the_format_comes_back_with_the_note),
		cmocka_unit_test(extents_that_a_format_does_not_have_are_not_written),
		cmocka_unit_test(an_empty_object_comes_back),
		cmocka_unit_test(notes_and_names_of_every_length_come_back),
		cmocka_unit_test(bytes_that_pack_and_bytes_that_do_not_come_back),
		cmocka_unit_test(the_bytes_of_the_documented_example_are_known),
		cmocka_unit_test(appending_leaves_what_was_in_the_buffer),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
