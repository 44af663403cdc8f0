/* The safetensors header: what is valid, and which extents it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/model/extent.h"
#include "index/model/safetensors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The parser takes its bytes: it gets a copy. */
static int parse_copy(const void *bytes, size_t n, uint64_t size, struct extents *out,
                      struct err *why)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, bytes, n);
	return safetensors_parse(copy, n, size, out, why);
}

/* Parses a file made of `json` and `data` zero bytes. */
static int parse_bytes(const char *json, size_t n, uint64_t data, struct extents *out,
                       struct err *why)
{
	struct buf file = BUF_INIT;

	buf_add_u64(&file, n);
	buf_add(&file, json, n);
	int rc = parse_copy(file.data, file.size, file.size + data, out, why);
	buf_wipe(&file);
	return rc;
}

static int parse(const char *json, uint64_t data, struct extents *out)
{
	struct err why = ERR_INIT;

	return parse_bytes(json, strlen(json), data, out, &why);
}

#define T(name, dtype, shape, offsets)                           \
	"\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape \
	",\"data_offsets\":" offsets "}"

static void extents_are_in_order_with_header_gaps_and_tail(void **state)
{
	(void)state;
	static const char json[] = "{" T("b", "F32", "[2,3]", "[30,54]") "," T(
		"a", "BF16", "[4]", "[2,10]") "," T("none", "I8", "[7,0]",
	                                            "[10,10]") "," T("one", "U8", "[]",
	                                                             "[10,11]") "}";
	static const struct {
		enum extent_kind kind;
		enum dtype dtype;
		uint64_t offset, size;
		const char *name;
		unsigned dim_count;
		uint64_t dims[2];
	} want[] = {
		{ EXTENT_GAP, DTYPE_BYTES, 0, 2, NULL, 0, { 0 } },
		{ EXTENT_TENSOR, DTYPE_BF16, 2, 8, "a", 1, { 4 } },
		{ EXTENT_TENSOR, DTYPE_I8, 10, 0, "none", 2, { 7, 0 } },
		{ EXTENT_TENSOR, DTYPE_U8, 10, 1, "one", 0, { 0 } },
		{ EXTENT_GAP, DTYPE_BYTES, 11, 19, NULL, 0, { 0 } },
		{ EXTENT_TENSOR, DTYPE_F32, 30, 24, "b", 2, { 2, 3 } },
		{ EXTENT_GAP, DTYPE_BYTES, 54, 6, NULL, 0, { 0 } },
	};
	uint64_t data = 8 + strlen(json);
	struct extents x;

	assert_int_equal(parse(json, 60, &x), 0);
	assert_int_equal(x.model, MODEL_SAFETENSORS);
	assert_int_equal(x.size, data + 60);
	assert_int_equal(x.count, 1 + COUNT(want));
	assert_int_equal(x.list[0].kind, EXTENT_HEADER);
	assert_int_equal(x.list[0].size, data);
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct extent *e = &x.list[i + 1];
		assert_int_equal(e->kind, want[i].kind);
		assert_int_equal(e->dtype, want[i].dtype);
		assert_int_equal(e->offset, data + want[i].offset);
		assert_int_equal(e->size, want[i].size);
		assert_true(want[i].name ? strcmp(e->name, want[i].name) == 0 : !e->name);
		assert_int_equal(e->dim_count, want[i].dim_count);
		assert_memory_equal(e->dims, want[i].dims, 8 * e->dim_count);
	}
	extents_wipe(&x);
}

static void what_the_wild_has_is_taken(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		uint64_t data;
		size_t extents;
	} cases[] = {
		{ "{}", 0, 1 },
		{ "{} \n\t", 5, 2 },
		{ "{\"__metadata__\":{\"format\":\"pt\"}}", 0, 1 },
		{ "{\"__metadata__\":null}", 0, 1 },
		{ "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, 1 },
		{ "{" T("a", "NEW_8", "[3,5]", "[0,2]") "}", 2, 2 },
		{ "{" T("a", "", "[18446744073709551615,2]", "[0,2]") "}", 2, 2 },
		{ "{" T("a", "F4", "[3,2]", "[0,3]") "}", 3, 2 },
		{ "{" T("a", "F6_E2M3", "[4]", "[0,3]") "}", 3, 2 },
		{ "{" T("a", "U8", "[18446744073709551615,2,0]", "[1,1]") "}", 1, 3 },
		{ "{" T("\\u0061", "U8", "[1]", "[0,1]") "," T("A", "U8", "[1]",
		                                               "[1,2]") "}",
		  2, 3 },
		{ "{\"a\":{\"x\":[{}],\"data_offsets\":[0,1],\"shape\":[1],\"dtype\":"
		  "\"U8\"}}",
		  1, 2 },
		{ "{" T("__metadata_", "U8", "[1]", "[0,1]") "}", 1, 2 },
		{ "{" T("a", "F8_E8M0", "[3]", "[0,3]") "}", 3, 2 },
		{ "{" T("a", "MXFP9_E1M7", "[3,2]", "[0,5]") "}", 5, 2 },
		{ "{" T("a", "NEW_8", "[18446744073709551615,18446744073709551615]",
		        "[0,2]") "}",
		  2, 2 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct extents x;
		if (parse(cases[i].json, cases[i].data, &x) != 0)
			fail_msg("refused: %s", cases[i].json);
		assert_int_equal(x.count, cases[i].extents);
		extents_wipe(&x);
	}
}

/* What stands around a tensor of two bytes says nothing of where it lies. */
static void what_says_nothing_of_where_tensors_lie_is_let_be(void **state)
{
	(void)state;
	static const char tensor[] = T("a", "U16", "[1]", "[0,2]");
	static const char *const before[] = {
		"", " ", "\n\t\r ", "\xEF\xBB\xBF", "\xEF\xBB\xBF ",
	};
	static const char *const members[] = {
		/* what writers put into __metadata__, or for it */
		"\"__metadata__\":{\"a\":1},",
		"\"__metadata__\":{\"a\":{\"b\":[1,2,{\"c\":\"}\"}]}},",
		"\"__metadata__\":{\"a\":null,\"b\":true,\"c\":-1.5e+3},",
		"\"__metadata__\":{\"loss\":NaN,\"best\":-Infinity},",
		"\"__metadata__\":{\"a\":\"\\\"},{\\\\\"},",
		"\"__metadata__\":{\"path\":\"\\udc80\"},",
		"\"__metadata__\":{\"path\":\"\x80\xff\"},",
		"\"__metadata__\":{\"text\":\"two\nlines\"},",
		"\"__metadata__\":{\"a\":\"\",\"a\":1},",
		"\"__metadata__\":{},\"__metadata__\":{\"a\":1},",
		"\"__metadata__\":[],",
		"\"__metadata__\":\"v\",",
		"\"__metadata__\":7,",
		"\"__metadata__\":{" T("b", "U8", "[1]", "[0,1]") "},",
		/* members that are no tensors */
		"\"format\":\"pt\",",
		"\"version\":1,\"none\":null,",
		"\"list\":[\"U8\",[1],[0,1]],",
		"\"metadata\":{\"format\":\"pt\"},",
		"\"half\":{\"dtype\":\"U8\",\"shape\":[1]},",
		"\"half\":{\"dtype\":\"U8\",\"shape\":7},",
	};
	static const char *const behind[] = { "", " \n", "\0\0\0", "\n\0 \0" };
	static const size_t behind_size[] = { 0, 2, 3, 4 };

	for (size_t i = 0; i < COUNT(before); i++)
		for (size_t k = 0; k < COUNT(members); k++)
			for (size_t j = 0; j < COUNT(behind); j++) {
				struct buf json = BUF_INIT;
				struct extents x;
				struct err why = ERR_INIT;
				buf_addf(&json, "%s{%s%s}", before[i], members[k],
				         tensor);
				buf_add(&json, behind[j], behind_size[j]);
				if (parse_bytes((char *)json.data, json.size, 2, &x,
				                &why))
					fail_msg("%s: %s", buf_text(&json), why.text);
				assert_int_equal(x.count, 2);
				assert_string_equal(x.list[1].name, "a");
				assert_int_equal(x.list[1].dtype, DTYPE_U16);
				assert_int_equal(x.list[0].size, 8 + json.size);
				extents_wipe(&x);
				buf_wipe(&json);
			}
}

/* As json.loads() and the reference parser have it; what the first one named is a gap. */
static void of_two_of_one_name_the_last_one_counts(void **state)
{
	(void)state;
	struct extents x;

	assert_int_equal(
		parse("{" T("a", "U8", "[1]", "[0,1]") "," T(
			      "b", "U8", "[1]", "[3,4]") "," T("\\u0061", "U16", "[1]",
	                                                       "[1,3]") "}",
	              4, &x),
		0);
	assert_int_equal(x.count, 4);
	assert_int_equal(x.list[1].kind, EXTENT_GAP);
	assert_int_equal(x.list[1].size, 1);
	assert_string_equal(x.list[2].name, "a");
	assert_int_equal(x.list[2].dtype, DTYPE_U16);
	assert_string_equal(x.list[3].name, "b");
	extents_wipe(&x);

	/* the same one twice, and a third */
	assert_int_equal(parse("{" T("a", "U8", "[2]", "[0,2]") "," T(
				       "a", "U8", "[2]", "[0,2]") "," T("a", "U8", "[2]",
	                                                                "[0,2]") "}",
	                       2, &x),
	                 0);
	assert_int_equal(x.count, 2);
	extents_wipe(&x);

	assert_int_equal(
		parse("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[9,9],\"shape\":"
	              "[7],\"dtype\":\"U8\",\"data_offsets\":[0,2],"
	              "\"shape\":[1,2]}}",
	              2, &x),
		0);
	assert_int_equal(x.count, 2);
	assert_int_equal(x.list[1].dtype, DTYPE_U8);
	assert_int_equal(x.list[1].dim_count, 2);
	extents_wipe(&x);
}

static void a_tensor_that_says_only_where_it_lies_is_bytes(void **state)
{
	(void)state;
	static const char *const fields[] = {
		"",
		",\"dtype\":\"U16\"",
		",\"shape\":[9]",
		",\"dtype\":null,\"shape\":[1]",
		",\"dtype\":{\"U8\":[]},\"shape\":[1]",
		",\"dtype\":\"U16\",\"shape\":null",
		",\"dtype\":\"U16\",\"shape\":\"[1]\"",
		",\"dtype\":\"U16\",\"shape\":[1],\"shape\":{}",
	};

	for (size_t i = 0; i < COUNT(fields); i++) {
		struct buf json = BUF_INIT;
		struct extents x;
		buf_addf(&json, "{\"a\":{\"data_offsets\":[1,4]%s}}", fields[i]);
		if (parse(buf_text(&json), 5, &x))
			fail_msg("refused: %s", buf_text(&json));
		assert_int_equal(x.count, 4);
		assert_int_equal(x.list[2].kind, EXTENT_TENSOR);
		assert_int_equal(x.list[2].dtype, DTYPE_BYTES);
		assert_int_equal(x.list[2].size, 3);
		assert_string_equal(x.list[2].name, "a");
		extents_wipe(&x);
		buf_wipe(&json);
	}
}

static void what_is_not_valid_is_refused_with_a_reason(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		uint64_t data;
		const char *reason;
	} cases[] = {
		{ "", 0, "begin with {" },
		{ "[]", 0, "begin with {" },
		{ "{}x", 0, "follows" },
		{ "{}\v", 0, "follows" },
		{ "{}{}", 0, "follows" },
		{ "\xEF\xBB{}", 0, "begin with {" },
		{ "\xEF\xBB\xBF\xEF\xBB\xBF{}", 0, "begin with {" },
		{ "// {}\n{}", 0, "begin with {" },
		{ "{\"a\":1}", 1, "no tensor" },
		{ "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "no tensor" },
		{ "{" T("a", "U8", "[1]", "[0,1]") ",}", 1, "string" },
		{ "{/**/" T("a", "U8", "[1]", "[0,1]") "}", 1, "string" },
		{ "{'a':1," T("a", "U8", "[1]", "[0,1]") "}", 1, "string" },
		{ "{\"x\":," T("a", "U8", "[1]", "[0,1]") "}", 1, "value" },
		{ "{\"x\":1 \"y\":2:" T("a", "U8", "[1]", "[0,1]") "}", 1, "comma" },
		{ "{\"__metadata__\":{\"a\":\"}", 1, "within a string" },
		{ "{\"__metadata__\":{\"a\":[}", 1, "within a value" },
		{ "{\"__metadata__\":{}", 1, "comma" },
		{ "{\"a\":{\"data_offsets\":null}}", 1, "array" },
		{ "{\"a\":{\"data_offsets\":[0,1.0]}}", 1, "whole number" },
		{ "{\"a\":{\"data_offsets\":[0,\"1\"]}}", 1, "whole number" },
		{ "{\"a\":{\"data_offsets\":[0,2]}}", 1, "within the file" },
		{ "{" T("a", "U8", "[2]", "[0,2]") "," T("a", "U8", "[1]", "[0,1]") "}",
		  1, "within the file" },
		{ "{" T("a", "U8", "[2]", "[0,2]") "," T("b", "U8", "[2]", "[1,3]") "}",
		  3, "overlap" },
		{ "{" T("a", "U8", "[2]", "[0,2]") "," T("b", "U8", "[0]", "[1,1]") "}",
		  2, "overlap" },
		{ "{" T("a", "U8", "[1]", "[0,1]") "," T("b", "U8", "[1]", "[0,1]") "}",
		  1, "overlap" },
		{ "{" T("a", "U8", "[1]", "[1,0]") "}", 1, "within the file" },
		{ "{" T("a", "U8", "[2]", "[0,2]") "}", 1, "within the file" },
		{ "{" T("a", "U8", "[0]", "[2,2]") "}", 1, "within the file" },
		{ "{" T("a", "U8", "[1]", "[0,1,2]") "}", 2, "near byte" },
		{ "{" T("a", "U8", "[1]", "[0]") "}", 2, "near byte" },
		{ "{" T("a", "U8", "[-1]", "[0,1]") "}", 1, "whole number" },
		{ "{" T("a", "U16", "[1]", "[0,1]") "}", 1, "fit its length" },
		{ "{" T("a", "F4", "[3]", "[0,2]") "}", 2, "within a byte" },
		{ "{" T("a", "U8", "[4294967296,4294967296]", "[0,0]") "}", 0,
		  "64 bits" },
		{ "{" T("a", "U16", "[1152921504606846976]", "[0,0]") "}", 0, "64 bits" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct extents x = { .count = 99 };
		struct err why = ERR_INIT;
		if (parse_bytes(cases[i].json, strlen(cases[i].json), cases[i].data, &x,
		                &why) != 1)
			fail_msg("taken: %s", cases[i].json);
		if (!strstr(why.text, cases[i].reason))
			fail_msg("%s: %s", cases[i].json, why.text);
		assert_int_equal(x.count, 99);
	}
}

static void a_length_field_that_lies_is_refused(void **state)
{
	(void)state;
	static const uint64_t lengths[] = { 3,
		                            4,
		                            SAFETENSORS_HEADER_MAX + 1u,
		                            UINT64_MAX,
		                            UINT64_MAX - 7,
		                            UINT64_MAX - 8,
		                            0 };
	struct extents x;
	struct err why = ERR_INIT;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct buf file = BUF_INIT;
		buf_add_u64(&file, lengths[i]);
		buf_add_str(&file, "{}");
		assert_int_equal(parse_copy(file.data, file.size, 1000, &x, &why), 1);
		buf_wipe(&file);
	}
	assert_int_equal(parse_copy("1234567", 7, 7, &x, &why), 1);
	assert_int_equal(parse_copy("", 0, 0, &x, &why), 1);
}

static void a_name_that_is_no_c_string_or_too_long_becomes_empty(void **state)
{
	(void)state;
	struct buf json = BUF_INIT;
	struct extents x;

	buf_add_str(&json, "{" T("a\\u0000b", "U8", "[1]", "[0,1]") ",\"");
	for (int i = 0; i < TENSOR_NAME_MAX; i++)
		buf_add_u8(&json, 'n');
	buf_add_str(&json,
	            "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},\"");
	for (int i = 0; i < TENSOR_NAME_MAX + 1; i++)
		buf_add_u8(&json, 'n');
	buf_add_str(&json, "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}");
	assert_int_equal(parse(buf_text(&json), 3, &x), 0);
	assert_int_equal(x.count, 4);
	assert_string_equal(x.list[1].name, "");
	assert_int_equal(strlen(x.list[2].name), TENSOR_NAME_MAX);
	assert_string_equal(x.list[3].name, "");
	extents_wipe(&x);
	buf_wipe(&json);
}

static void more_dimensions_than_we_keep_leave_none(void **state)
{
	(void)state;
	struct extents x;

	assert_int_equal(parse("{" T("a", "F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]",
	                             "[0,8]") "," T("b", "F32",
	                                            "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]",
	                                            "[8,16]") "}",
	                       16, &x),
	                 0);
	assert_int_equal(x.list[1].dim_count, TENSOR_DIMS_MAX);
	assert_int_equal(x.list[1].dims[TENSOR_DIMS_MAX - 1], 2);
	assert_int_equal(x.list[2].dim_count, 0);
	assert_int_equal(x.list[2].dtype, DTYPE_F32);
	extents_wipe(&x);
}

static void a_hundred_thousand_tensors_are_sorted(void **state)
{
	(void)state;
	enum { N = 100000 };
	struct buf json = BUF_INIT;
	struct extents x;

	buf_add_str(&json, "{");
	for (unsigned i = 0; i < N; i++) {
		unsigned place = (unsigned)((uint64_t)i * 77773 % N);
		buf_addf(&json,
		         "%s\"t%u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,"
		         "%u]}",
		         i ? "," : "", place, place, place + 1);
	}
	buf_add_str(&json, "}");
	assert_int_equal(parse(buf_text(&json), N, &x), 0);
	assert_int_equal(x.count, 1 + N);
	for (unsigned i = 0; i < N; i++) {
		char name[16];
		snprintf(name, sizeof(name), "t%u", i);
		assert_string_equal(x.list[1 + i].name, name);
	}
	extents_wipe(&x);
	buf_wipe(&json);
}

/* ------------------------------------------------------- the conformance cases */

/* What neither the reference parser nor the strict column takes, and we take on purpose:
 * the rules are in safetensors.h. */
static const char *const taken_all_the_same[] = {
	/* gaps, and bytes after the tensors */
	"bad_gap.",
	"bad_start_gap.",
	"bad_trailing_data.",
	"bad_data_no_tensors.",
	"bad_polyglot.",
	/* what is, or is for, __metadata__ */
	"dup_metadata.",
	"bad_meta_",
	"bad_utf8_in_meta.",
	/* a text that others read, or that was padded */
	"bad_bom.",
	"bad_trailing_nul.",
	/* of two the last one counts, and gaps are taken */
	"dup_descriptor.",
	"dup_two_ranges.",
	/* a tensor of bytes, and members that are no tensors */
	"bad_dtype_",
	"bad_missing_dtype.",
	"bad_missing_shape.",
	"bad_shape_null.",
	"bad_shape_num.",
	"bad_shape_obj.",
	"bad_shape_bool.",
	"bad_entry_null.",
	"bad_entry_string.",
	/* depth costs nothing where nothing is looked at */
	"bad_deep_",
};

/* The reference parser takes a list in a tensor's place. No writer makes one. */
static const char refused_all_the_same[] = "bad_entry_array.";

static bool expected_valid(const char *file, const char *reference, const char *strict)
{
	for (size_t i = 0; i < COUNT(taken_all_the_same); i++)
		if (strncmp(file, taken_all_the_same[i], strlen(taken_all_the_same[i])) ==
		    0)
			return true;
	if (strncmp(file, refused_all_the_same, strlen(refused_all_the_same)) == 0)
		return false;
	return strcmp(strict, "OK") == 0 || strcmp(reference, "OK") == 0;
}

static bool parse_file(const char *path, struct err *why)
{
	struct buf bytes = BUF_INIT;
	struct extents x;
	FILE *f = fopen(path, "rb");

	if (!f)
		fail_msg("cannot open %s", path);
	do
		assert_true(buf_reserve(&bytes, 65536));
	while (bytes.size += fread(bytes.data + bytes.size, 1, 65536, f),
	       !feof(f) && !ferror(f));
	fclose(f);
	int rc = parse_copy(bytes.data, bytes.size, bytes.size, &x, why);
	if (!rc)
		extents_wipe(&x);
	buf_wipe(&bytes);
	return rc == 0;
}

static void the_conformance_cases_get_the_expected_verdict(void **state)
{
	(void)state;
	const char *data = getenv("ZLLM_DATA");
	char path[4096], line[4096];
	int cases = 0, wrong = 0;

	if (!data) {
		print_message("ZLLM_DATA is not set: no conformance cases\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/single/MANIFEST.tsv", data);
	FILE *f = fopen(path, "r");
	if (!f) {
		print_message("no %s: no conformance cases\n", path);
		skip();
	}
	for (bool first = true; fgets(line, sizeof(line), f); first = false) {
		/* file, size, reference, its detail, strict; fields may be empty */
		char *rest = line, *fields[5];
		for (int i = 0; i < 5; i++)
			fields[i] = strsep(&rest, "\t");
		if (first || !fields[4])
			continue;
		struct err why = ERR_INIT;
		snprintf(path, sizeof(path), "%s/single/%s", data, fields[0]);
		bool valid = parse_file(path, &why);
		cases++;
		if (valid != expected_valid(fields[0], fields[2], fields[4])) {
			print_message("%s: we say %s %s\n", fields[0],
			              valid ? "OK" : "BAD", why.text);
			wrong++;
		}
	}
	fclose(f);
	print_message("%d cases, %d wrong\n", cases, wrong);
	assert_true(cases > 100);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extents_are_in_order_with_header_gaps_and_tail),
		cmocka_unit_test(what_the_wild_has_is_taken),
		cmocka_unit_test(what_says_nothing_of_where_tensors_lie_is_let_be),
		cmocka_unit_test(of_two_of_one_name_the_last_one_counts),
		cmocka_unit_test(a_tensor_that_says_only_where_it_lies_is_bytes),
		cmocka_unit_test(what_is_not_valid_is_refused_with_a_reason),
		cmocka_unit_test(a_length_field_that_lies_is_refused),
		cmocka_unit_test(a_name_that_is_no_c_string_or_too_long_becomes_empty),
		cmocka_unit_test(more_dimensions_than_we_keep_leave_none),
		cmocka_unit_test(a_hundred_thousand_tensors_are_sorted),
		cmocka_unit_test(the_conformance_cases_get_the_expected_verdict),
	};

	return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
