/* A stack of tensors is cut into its slices, and nothing else is. */
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
#include "index/base/base_hint.h"
#include "index/base/stack_keep.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/extent.h"
#include "index/model/stack_cut.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"

/* ---------------------------------------------------------------- words */

enum { SHAPES = 5 };

struct shape {
	const char *name;
	uint64_t dims[4];
	unsigned dim_count;
	enum dtype dtype;
};

/* A model of these tensors, behind a header; extents_wipe() frees it. */
static struct extents model(const struct shape *shapes, size_t count)
{
	struct extents x = { .model = MODEL_SAFETENSORS, .size = 100, .count = 1 };

	x.list = calloc(count + 1, sizeof(*x.list));
	x.dims = calloc(4 * count, sizeof(*x.dims));
	x.names = calloc(count, 100);
	assert_true(x.list && x.dims && x.names);
	x.list[0] = (struct extent){ .kind = EXTENT_HEADER, .size = x.size };
	for (size_t i = 0; i < count; i++) {
		struct extent *one = &x.list[x.count++];
		*one = (struct extent){ .kind = EXTENT_TENSOR,
			                .offset = x.size,
			                .size = dtype_unit(shapes[i].dtype),
			                .dtype = shapes[i].dtype,
			                .dim_count = shapes[i].dim_count };
		memcpy(x.dims + 4 * i, shapes[i].dims, sizeof(shapes[i].dims));
		one->dims = x.dims + 4 * i;
		one->name = strcpy(x.names + 100 * i, shapes[i].name);
		for (unsigned k = 0; k < one->dim_count; k++)
			one->size *= one->dims[k];
		x.size += one->size;
	}
	return x;
}

/* The extents follow one another to the end of the file. */
static void assert_whole(const struct extents *x)
{
	uint64_t end = 0;

	for (size_t i = 0; i < x->count; i++) {
		assert_int_equal(x->list[i].offset, end);
		end += x->list[i].size;
	}
	assert_int_equal(end, x->size);
}

/* ---------------------------------------------------------------- rules */

static void a_stack_becomes_its_slices(void **state)
{
	static const struct shape shapes[] = {
		{ "a.experts.gate_up_proj", { 3, 512, 128 }, 3, DTYPE_BF16 },
		{ "b.weight", { 512, 128 }, 2, DTYPE_BF16 },
		{ "stack.up.weight", { 2, 4, 256, 64 }, 4, DTYPE_F32 },
		{ "alone", { 2, 512, 64 }, 3, DTYPE_BF16 },
		{ "odd.w13.weight", { 2, 513, 128 }, 3, DTYPE_BF16 },
	};
	static const char *const names[] = {
		"a.experts.0.gate_proj",
		"a.experts.0.up_proj",
		"a.experts.1.gate_proj",
		"a.experts.1.up_proj",
		"a.experts.2.gate_proj",
		"a.experts.2.up_proj",
		"b.weight",
		"stack.0.up.weight",
		"stack.1.up.weight",
		"0.alone",
		"1.alone",
		"odd.0.w13.weight",
		"odd.1.w13.weight",
	};
	struct extents x = model(shapes, 5);
	struct err err = ERR_INIT;

	(void)state;
	assert_true(stacks_any(&x));
	assert_int_equal(stacks_cut(&x, NULL, &err), 0);
	assert_int_equal(x.count, 14);
	assert_whole(&x);
	for (size_t i = 0; i < 13; i++)
		assert_string_equal(x.list[i + 1].name, names[i]);
	assert_int_equal(x.list[1].dim_count, 2);
	assert_int_equal(x.list[1].dims[0], 256);
	assert_int_equal(x.list[2].size, 256 * 128 * 2);
	assert_int_equal(x.list[8].dim_count, 3);
	assert_int_equal(x.list[8].dims[2], 64);
	extents_wipe(&x);
}

static void what_is_no_stack_stays(void **state)
{
	static const struct shape shapes[] = {
		{ "matrix", { 64, 4096 }, 2, DTYPE_BF16 },
		{ "conv", { 512, 64, 3, 3 }, 4, DTYPE_F32 }, /* small slices */
		{ "one", { 1, 512, 512 }, 3, DTYPE_BF16 },
		{ "", { 4, 512, 512 }, 3, DTYPE_BF16 },
		{ "nibbles", { 4, 512, 1024 }, 3, DTYPE_F4 },
	};
	struct extents x = model(shapes, SHAPES);
	struct err err = ERR_INIT;

	(void)state;
	assert_false(stacks_any(&x));
	assert_int_equal(stacks_cut(&x, NULL, &err), 0);
	assert_int_equal(x.count, SHAPES + 1);
	extents_wipe(&x);
}

static void a_shape_that_lies_is_no_stack(void **state)
{
	static const struct shape shapes[] = {
		{ "s", { 4, 512, 512 }, 3, DTYPE_BF16 },
	};
	struct extents x = model(shapes, 1);

	(void)state;
	x.list[1].size -= 2;
	assert_false(stack_fits(&x.list[1]));
	x.list[1].size += 2;
	x.dims[0] = UINT64_MAX;
	assert_false(stack_fits(&x.list[1]));
	x.dims[0] = 2;
	x.dims[1] = UINT64_MAX / 2;
	assert_false(stack_fits(&x.list[1]));
	extents_wipe(&x);
}

static void what_is_kept_stays_whole(void **state)
{
	static const struct shape shapes[] = {
		{ "a.x", { 2, 512, 128 }, 3, DTYPE_BF16 },
		{ "a.y", { 2, 512, 128 }, 3, DTYPE_BF16 },
	};
	static const bool keep[] = { false, true, false };
	struct extents x = model(shapes, 2);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(stacks_cut(&x, keep, &err), 0);
	assert_int_equal(x.count, 4);
	assert_whole(&x);
	assert_string_equal(x.list[1].name, "a.x");
	assert_int_equal(x.list[1].dim_count, 3);
	assert_string_equal(x.list[2].name, "a.0.y");
	extents_wipe(&x);
}

/* ---------------------------------------------------------------- what stays whole */

/* Puts the manifest of an object that holds these tensors, and hints at it. */
static void put_relative(const struct transfer *t, const struct extents *x,
                         struct base_hint *hint)
{
	struct manifest m = { .extents = *x };
	uint8_t header[100] = { 0 };
	struct err err = ERR_INIT;

	m.extents.list[0].inlined = true;
	m.inline_bytes = header;
	m.inline_size = sizeof(header);
	memset(m.oid.bytes, 7, sizeof(m.oid.bytes));
	if (manifest_put(t->store, &m, NULL, &err))
		fail_msg("%s", err.text);
	hint->oid = m.oid;
}

/* Which of `x` a relative with the extents `old` keeps whole. */
static void keep_by(struct extents *old, const struct extents *x, bool *keep)
{
	struct base_hint hint = { .source = BASE_SOURCE_HISTORY };
	const struct base_hints hints = { .list = &hint, .count = 1 };
	struct transfer t;
	struct store *store;
	struct err err = ERR_INIT;

	assert_int_equal(store_memory_new(&store, &err), 0);
	assert_int_equal(transfer_init(&t, store, 1, &err), 0);
	put_relative(&t, old, &hint);
	assert_int_equal(stacks_keep(&t, &hints, x, keep, &err), 0);
	transfer_wipe(&t);
	store_close(store);
}

static void a_stack_that_a_relative_has_whole_stays_whole(void **state)
{
	static const struct shape shapes[] = {
		{ "a.x", { 2, 512, 128 }, 3, DTYPE_BF16 },
		{ "a.y", { 3, 512, 128 }, 3, DTYPE_BF16 },
		{ "m.weight", { 512, 128 }, 2, DTYPE_BF16 },
	};
	static const struct shape others[] = {
		{ "model.a.x", { 2, 512, 128 }, 3, DTYPE_BF16 },
		{ "a.y", { 4, 512, 128 }, 3, DTYPE_BF16 },
		{ "m.weight", { 512, 128 }, 2, DTYPE_BF16 },
	};
	struct extents x = model(shapes, 3), old = model(others, 3);
	bool keep[4] = { false };

	(void)state;
	keep_by(&old, &x, keep);
	assert_true(keep[1]);
	assert_false(keep[0] || keep[2] || keep[3]);
	extents_wipe(&old);
	extents_wipe(&x);
}

static void one_that_a_relative_has_cut_is_cut(void **state)
{
	static const struct shape shapes[] = {
		{ "a.x", { 2, 512, 128 }, 3, DTYPE_BF16 },
	};
	struct extents x = model(shapes, 1), old = model(shapes, 1);
	struct err err = ERR_INIT;
	bool keep[2] = { false };

	(void)state;
	assert_int_equal(stacks_cut(&old, NULL, &err), 0);
	keep_by(&old, &x, keep);
	assert_false(keep[1]);
	extents_wipe(&old);
	extents_wipe(&x);
}

/* ---------------------------------------------------------------- manifests */

/* A stack of so many slices, cut; the version of its manifest, which comes back. */
static unsigned version_of(uint64_t slices)
{
	const struct shape shapes[] = { { "w.x", { slices, 256, 128 }, 3, DTYPE_BF16 } };
	struct manifest m = { .extents = model(shapes, 1) }, back;
	uint8_t header[100] = { 0 };
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(stacks_cut(&m.extents, NULL, &err), 0);
	assert_int_equal(m.extents.count, slices + 1);
	m.extents.list[0].inlined = true;
	m.inline_bytes = header;
	m.inline_size = sizeof(header);
	if (manifest_format(&m, &bytes, &err))
		fail_msg("%s", err.text);
	if (manifest_parse(bytes.data, bytes.size, &m.oid, &back, &err))
		fail_msg("%s", err.text);
	assert_int_equal(back.extents.count, slices + 1);
	unsigned version = bytes.data[8];
	m.inline_bytes = NULL;
	manifest_wipe(&back);
	manifest_wipe(&m);
	buf_wipe(&bytes);
	return version;
}

static void only_more_slices_than_version_1_allows_need_version_2(void **state)
{
	(void)state;
	assert_int_equal(version_of(1000), 1);
	assert_int_equal(version_of(1027), 2);
	assert_int_equal(version_of(20000), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_becomes_its_slices),
		cmocka_unit_test(what_is_no_stack_stays),
		cmocka_unit_test(a_shape_that_lies_is_no_stack),
		cmocka_unit_test(what_is_kept_stays_whole),
		cmocka_unit_test(a_stack_that_a_relative_has_whole_stays_whole),
		cmocka_unit_test(one_that_a_relative_has_cut_is_cut),
		cmocka_unit_test(only_more_slices_than_version_1_allows_need_version_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
