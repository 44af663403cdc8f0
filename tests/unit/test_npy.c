/* NumPy arrays: which headers are taken, and what becomes of a file. */
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
#include "codec/common/le.h"
#include "index/model/extent.h"
#include "index/model/model_scan.h"
#include "index/model/npy_header.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/npy_file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct extents scanned(const struct buf *file)
{
	struct extents x;
	struct err err = ERR_INIT;
	int fd = memory_file_of(file->data, file->size);

	if (model_scan(fd, file->size, &x, &err))
		fail_msg("%s", err.text);
	close(fd);
	assert_int_equal(x.size, file->size);
	return x;
}

/* Whether a file with that header and `size` bytes of values is an array. */
static bool is_taken(const struct npy_text *text, size_t size)
{
	struct buf file = BUF_INIT;

	add_npy(&file, text, size);
	struct extents x = scanned(&file);
	bool taken = x.model == MODEL_NPY;
	assert_int_equal(x.model, taken ? MODEL_NPY : MODEL_OPAQUE);
	extents_wipe(&x);
	buf_wipe(&file);
	return taken;
}

static void values_have_the_dtype_that_numpy_gave_them(void **state)
{
	(void)state;
	static const struct {
		const char *descr;
		enum dtype dtype;
		unsigned size;
	} cases[] = {
		{ "|b1", DTYPE_BOOL, 1 },    { "|i1", DTYPE_I8, 1 },
		{ "<i2", DTYPE_I16, 2 },     { "<i4", DTYPE_I32, 4 },
		{ "<i8", DTYPE_I64, 8 },     { "|u1", DTYPE_U8, 1 },
		{ "<u2", DTYPE_U16, 2 },     { "<u4", DTYPE_U32, 4 },
		{ "<u8", DTYPE_U64, 8 },     { "<f2", DTYPE_F16, 2 },
		{ "<f4", DTYPE_F32, 4 },     { "<f8", DTYPE_F64, 8 },
		{ "<c8", DTYPE_C64, 8 },     { "<c16", DTYPE_BYTES, 16 },
		{ ">f4", DTYPE_BYTES, 4 },   { ">i1", DTYPE_I8, 1 },
		{ ">u8", DTYPE_BYTES, 8 },   { "<f16", DTYPE_BYTES, 16 },
		{ "|S7", DTYPE_BYTES, 7 },   { "<U3", DTYPE_BYTES, 12 },
		{ "|V2", DTYPE_BF16, 2 },    { "<V2", DTYPE_BF16, 2 },
		{ "|V16", DTYPE_BYTES, 16 }, { "|S0", DTYPE_BYTES, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf file = BUF_INIT;
		char dict[128];
		snprintf(dict, sizeof(dict),
		         "{'descr': '%s', 'fortran_order': False, 'shape': (3, 5), }\n",
		         cases[i].descr);
		add_npy(&file, &(struct npy_text){ 1, 0, dict }, 15u * cases[i].size);
		struct extents x = scanned(&file);
		if (x.model != MODEL_NPY || x.count != 2)
			fail_msg("%s: model %d", cases[i].descr, (int)x.model);
		assert_int_equal(x.list[0].kind, EXTENT_HEADER);
		assert_int_equal(x.list[0].size, 10 + strlen(dict));
		assert_int_equal(x.list[1].kind, EXTENT_TENSOR);
		assert_int_equal(x.list[1].offset, 10 + strlen(dict));
		assert_int_equal(x.list[1].size, 15u * cases[i].size);
		assert_int_equal(x.list[1].dtype, cases[i].dtype);
		assert_string_equal(x.list[1].name, "");
		extents_wipe(&x);
		buf_wipe(&file);
	}
}

static void dimensions_are_those_of_the_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *order, *shape;
		unsigned count, size;
		uint64_t dims[4];
	} cases[] = {
		{ "False", "(2, 3, 5)", 3, 30, { 2, 3, 5 } },
		{ "True", "(2, 3, 5)", 3, 30, { 5, 3, 2 } },
		{ "True", "(7,)", 1, 7, { 7 } },
		{ "False", "()", 0, 1, { 0 } },
		{ "False", "(4, 0, 9)", 3, 0, { 4, 0, 9 } },
		{ "False",
		  "(18446744073709551615, 0, 18446744073709551615)",
		  3,
		  0,
		  { UINT64_MAX, 0, UINT64_MAX } },
		{ "False", "(2L, 3L)", 2, 6, { 2, 3 } }, /* Python 2 */
		{ "False", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,3)", 0, 3, { 0 } },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf file = BUF_INIT;
		char dict[200];
		snprintf(dict, sizeof(dict),
		         "{'descr': '|u1', 'fortran_order': %s, 'shape': %s}",
		         cases[i].order, cases[i].shape);
		add_npy(&file, &(struct npy_text){ 1, 0, dict }, cases[i].size);
		struct extents x = scanned(&file);
		if (x.model != MODEL_NPY)
			fail_msg("%s is not taken", dict);
		assert_int_equal(x.list[1].dim_count, cases[i].count);
		for (unsigned k = 0; k < cases[i].count; k++)
			assert_int_equal(x.list[1].dims[k], cases[i].dims[k]);
		extents_wipe(&x);
		buf_wipe(&file);
	}
}

#define F4(rest) "{'descr': '<f4', 'fortran_order': False, 'shape': " rest

static void headers_are_read_strictly(void **state)
{
	(void)state;
	static const struct {
		struct npy_text text;
		bool taken; /* with 12 bytes of values */
	} cases[] = {
		{ { 1, 0, F4("(3,), }   \n") }, true },
		{ { 2, 0, F4("(3,), }   \n") }, true },
		{ { 3, 0, F4("(3,), }   \n") }, true },
		{ { 1, 0, F4("(3,)}") }, true },
		{ { 1, 0, F4("(1,3)}") }, true },
		{ { 1, 0, "{\"shape\":(3,),\"fortran_order\":True,\"descr\":\"<f4\"}" },
		  true },
		{ { 1, 0,
		    " {\n'shape' : ( 3 , ) ,'fortran_order':False, 'descr':'<f4'} " },
		  true },
		{ { 0, 0, F4("(3,)}") }, false },
		{ { 4, 0, F4("(3,)}") }, false },
		{ { 1, 1, F4("(3,)}") }, false },
		{ { 1, 0, "" }, false },
		{ { 1, 0, "{}" }, false },
		{ { 1, 0, F4("(3)}") }, false }, /* a number, in Python */
		{ { 1, 0, F4("3}") }, false },
		{ { 1, 0, F4("[3]}") }, false },
		{ { 1, 0, F4("(,)}") }, false },
		{ { 1, 0, F4("(3,,)}") }, false },
		{ { 1, 0, F4("(1 3)}") }, false },
		{ { 1, 0, F4("(-3,)}") }, false },
		{ { 1, 0, F4("(+3,)}") }, false },
		{ { 1, 0, F4("(03,)}") }, false },
		{ { 1, 0, F4("(3.0,)}") }, false },
		{ { 1, 0, F4("(4,)}") }, false }, /* more than there is */
		{ { 1, 0, F4("(18446744073709551616,)}") }, false },
		{ { 1, 0, F4("(4294967296, 4294967296)}") }, false },
		{ { 1, 0, F4("(9223372036854775808,)}") }, false },
		{ { 1, 0, F4("(3,)") }, false },
		{ { 1, 0, F4("(3,") }, false },
		{ { 1, 0, F4("(3,)}x") }, false },
		{ { 1, 0, F4("(3,)}}") }, false },
		{ { 1, 0, F4("(3,),,}") }, false },
		{ { 1, 0, F4("(3,), 'shape': (3,)}") }, false },
		{ { 1, 0, F4("(3,), 'more': 1}") }, false },
		{ { 1, 0, F4("(3,) 'more': 1}") }, false },
		{ { 1, 0, "{'descr': '<f4', 'shape': (3,)}" }, false },
		{ { 1, 0, "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': 'f4', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '<f4\", 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '<', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '<f', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '<f04', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '|O4', 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0, "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,)}" },
		  false },
		{ { 1, 0,
		    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}" },
		  false },
		{ { 1, 0,
		    "{'descr': '<S99999999999999999999', 'fortran_order': False, "
		    "'shape': (0,)}" },
		  false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (is_taken(&cases[i].text, 12) != cases[i].taken)
			fail_msg("%d.%d %s", cases[i].text.major, cases[i].text.minor,
			         cases[i].text.dict);
}

static void a_nul_in_the_header_is_not_white_space(void **state)
{
	(void)state;
	static const char dict[] = F4("(3,)}");
	struct buf file = BUF_INIT;

	for (size_t at = 0; at < sizeof(dict) - 1; at++) {
		file.size = 0;
		add_npy(&file, &(struct npy_text){ 1, 0, dict }, 12);
		file.data[10 + at] = 0;
		struct extents x = scanned(&file);
		assert_int_equal(x.model, MODEL_OPAQUE);
		extents_wipe(&x);
	}
	buf_wipe(&file);
}

/* At every length; what is cut off too early is any file. */
static void a_file_that_is_cut_off_is_opaque(void **state)
{
	(void)state;
	struct buf file = BUF_INIT;

	add_npy(&file, &(struct npy_text){ 2, 0, F4("(3,)}") }, 12);
	for (size_t whole = file.size; file.size-- > 0;) {
		struct extents x = scanned(&file);
		assert_int_equal(x.model, MODEL_OPAQUE);
		assert_int_equal(x.count, file.size > 0);
		extents_wipe(&x);
		assert_true(file.size < whole);
	}
	file.size = 0;
	buf_wipe(&file);
}

static void what_lies_behind_the_array_is_a_gap(void **state)
{
	(void)state;
	struct buf file = BUF_INIT;

	add_npy(&file, &(struct npy_text){ 1, 0, F4("(3,)}") }, 12);
	add_npy(&file, &(struct npy_text){ 1, 0, F4("(5,)}") }, 20);
	struct extents x = scanned(&file);
	assert_int_equal(x.model, MODEL_NPY);
	assert_int_equal(x.count, 3);
	assert_int_equal(x.list[2].kind, EXTENT_GAP);
	assert_int_equal(x.list[2].offset + x.list[2].size, file.size);
	extents_wipe(&x);
	buf_wipe(&file);
}

/* A length field is not believed. */
static void a_header_longer_than_the_limit_is_opaque(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { NPY_HEADER_MAX - 12, NPY_HEADER_MAX - 11,
		                            UINT32_MAX, 0, 1 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct buf file = BUF_INIT;
		add_npy(&file, &(struct npy_text){ 3, 0, F4("(3,)}") }, 0);
		size_t text = file.size - 12;
		while (file.size < NPY_HEADER_MAX + 64)
			buf_add_u8(&file, ' ');
		le32_store(file.data + 8, lengths[i]);
		struct extents x = scanned(&file);
		assert_true(text < NPY_HEADER_MAX - 12);
		assert_int_equal(x.model, i == 0 ? MODEL_NPY : MODEL_OPAQUE);
		extents_wipe(&x);
		buf_wipe(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_the_dtype_that_numpy_gave_them),
		cmocka_unit_test(dimensions_are_those_of_the_bytes),
		cmocka_unit_test(headers_are_read_strictly),
		cmocka_unit_test(a_nul_in_the_header_is_not_white_space),
		cmocka_unit_test(a_file_that_is_cut_off_is_opaque),
		cmocka_unit_test(what_lies_behind_the_array_is_a_gap),
		cmocka_unit_test(a_header_longer_than_the_limit_is_opaque),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
