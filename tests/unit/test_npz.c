/* Archives of NumPy arrays: which members are tensors, and that nothing odd is one. */
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
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "tests/unit/memory_file.h"
#include "tests/unit/npy_file.h"
#include "tests/unit/zip_file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Scans and hashes. What comes back covers the file, whatever it is. */
static struct extents scanned(const struct buf *file)
{
	struct extents x;
	struct err err = ERR_INIT;
	struct oid whole;
	uint64_t at = 0;
	int fd = memory_file_of(file->data, file->size);

	if (model_scan(fd, file->size, &x, &err) ||
	    extents_hash(fd, &x, &whole, NULL, &err))
		fail_msg("%s", err.text);
	close(fd);
	for (size_t i = 0; i < x.count; i++) {
		assert_int_equal(x.list[i].offset, at);
		at += x.list[i].size;
	}
	assert_int_equal(at, file->size);
	return x;
}

static enum model_kind model_of(const struct buf *file)
{
	struct extents x = scanned(file);
	enum model_kind model = x.model;

	extents_wipe(&x);
	return model;
}

static const struct extent *find(const struct extents *x, const char *name)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].name && strcmp(x->list[i].name, name) == 0)
			return &x->list[i];
	return NULL;
}

static size_t count_tensors(const struct extents *x)
{
	size_t count = 0;

	for (size_t i = 0; i < x->count; i++)
		count += x->list[i].kind == EXTENT_TENSOR;
	return count;
}

/* An array of `rows` times 3 numbers, which differ from array to array. */
static struct buf array_of(unsigned rows)
{
	struct buf npy = BUF_INIT;
	char dict[100];

	snprintf(dict, sizeof(dict),
	         "{'descr': '<f4', 'fortran_order': False, 'shape': (%u, 3), }\n", rows);
	add_npy(&npy, &(struct npy_text){ 1, 0, dict }, 12u * rows);
	return npy;
}

static struct buf text_of(const char *text)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, text);
	return b;
}

static void wipe_parts(struct zip_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_wipe(&parts[i].data);
}

static void arrays_of_every_kind_of_member_are_tensors(void **state)
{
	(void)state;
	for (unsigned wide = 0; wide < 2; wide++) {
		struct zip_part parts[] = {
			{ .name = "plain.npy", .data = array_of(1) },
			{ .name = "numpy's.npy", .data = array_of(2), .wide = true },
			{ .name = "layer/0/w.npy", .data = array_of(3), .padding = 40 },
			{ .name = "piped.npy",
			  .data = array_of(4),
			  .flags = 8,
			  .in_front = 100 },
			{ .name = "both.npy",
			  .data = array_of(5),
			  .flags = 8,
			  .wide = true },
			{ .name = "large.npy", .data = array_of(6), .wide_entry = true },
			{ .name = "\xc3\xa9.npy", .data = array_of(7), .flags = 0x800 },
			{ .name = ".npy", .data = array_of(8), .padding = 3 },
		};
		static const char *const names[] = { "plain",    "numpy's", "layer/0/w",
			                             "piped",    "both",    "large",
			                             "\xc3\xa9", "" };
		struct buf file = BUF_INIT;
		struct zip_places at = add_zip(&file, parts, COUNT(parts), wide);
		struct extents x = scanned(&file);
		assert_int_equal(x.model, MODEL_NPZ);
		assert_int_equal(x.count, 2 * COUNT(parts) + 1);
		for (size_t i = 0; i < COUNT(parts); i++) {
			const struct extent *t = &x.list[2 * i + 1];
			assert_int_equal(x.list[2 * i].kind, EXTENT_HEADER);
			assert_int_equal(t->kind, EXTENT_TENSOR);
			assert_string_equal(t->name, names[i]);
			assert_int_equal(t->dtype, DTYPE_F32);
			assert_int_equal(t->dim_count, 2);
			assert_int_equal(t->dims[0], i + 1);
			assert_int_equal(t->dims[1], 3);
			assert_int_equal(t->size, 12 * (i + 1));
			assert_int_equal(t->offset + t->size,
			                 at.data[i] + parts[i].data.size);
		}
		assert_int_equal(x.list[2 * COUNT(parts)].kind, EXTENT_GAP);
		extents_wipe(&x);
		wipe_parts(parts, COUNT(parts));
		buf_wipe(&file);
	}
}

static void members_that_are_no_plain_arrays_lie_between_the_tensors(void **state)
{
	(void)state;
	static const char objects[] =
		"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
	struct zip_part parts[] = {
		{ .name = "notes.txt", .data = text_of("some words") },
		{ .name = "packed.npy", .data = array_of(9), .method = 8, .flags = 2 },
		{ .name = "a.npy", .data = array_of(1) },
		{ .name = "objects.npy", .data = BUF_INIT },
		{ .name = "short.npy", .data = text_of("\x93NUMPY\1") },
		{ .name = "\xff\xfe.npy", .data = array_of(2) },
		{ .name = "folder/", .data = BUF_INIT },
		{ .name = "z.npy", .data = array_of(3) },
	};
	struct buf file = BUF_INIT;

	add_npy(&parts[3].data, &(struct npy_text){ 1, 0, objects }, 30);
	add_zip(&file, parts, COUNT(parts), false);
	struct extents x = scanned(&file);
	assert_int_equal(x.model, MODEL_NPZ);
	assert_int_equal(x.count, 5);
	assert_non_null(find(&x, "a"));
	assert_non_null(find(&x, "z"));
	extents_wipe(&x);
	wipe_parts(parts, COUNT(parts));
	buf_wipe(&file);
}

static void an_archive_without_plain_arrays_is_opaque(void **state)
{
	(void)state;
	struct zip_part parts[] = {
		{ .name = "data/0", .data = array_of(1) },
		{ .name = "w.npy", .data = array_of(1), .method = 8 },
		{ .name = "npy", .data = array_of(1) },
		{ .name = "w.NPY", .data = array_of(1) },
	};
	struct buf file = BUF_INIT;

	for (size_t n = 0; n <= COUNT(parts); n++) {
		file.size = 0;
		add_zip(&file, parts, n, false);
		assert_int_equal(model_of(&file), MODEL_OPAQUE);
	}
	wipe_parts(parts, COUNT(parts));
	buf_wipe(&file);
}

static void two_arrays_of_one_name_make_it_opaque(void **state)
{
	(void)state;
	struct zip_part parts[] = { { .name = "a.npy", .data = array_of(1) },
		                    { .name = "b.npy", .data = array_of(2) },
		                    { .name = "a.npy", .data = array_of(3) } };
	struct buf file = BUF_INIT;

	add_zip(&file, parts, 2, false);
	assert_int_equal(model_of(&file), MODEL_NPZ);
	file.size = 0;
	add_zip(&file, parts, 3, false);
	assert_int_equal(model_of(&file), MODEL_OPAQUE);
	wipe_parts(parts, COUNT(parts));
	buf_wipe(&file);
}

static void saved_in_another_order_or_padded_the_tensors_are_the_same(void **state)
{
	(void)state;
	struct zip_part parts[] = {
		{ .name = "a.npy", .data = array_of(4), .wide = true },
		{ .name = "b.npy", .data = array_of(5), .wide = true }
	};
	struct zip_part others[] = {
		{ .name = "b.npy", .data = array_of(5), .padding = 37 },
		{ .name = "a.npy", .data = array_of(4), .flags = 8, .in_front = 5 },
	};
	struct buf one = BUF_INIT, two = BUF_INIT;

	add_zip(&one, parts, 2, false);
	add_zip(&two, others, 2, true);
	struct extents x = scanned(&one), y = scanned(&two);
	assert_int_equal(count_tensors(&x), 2);
	assert_int_equal(count_tensors(&y), 2);
	assert_true(oid_equal(&find(&x, "a")->id, &find(&y, "a")->id));
	assert_true(oid_equal(&find(&x, "b")->id, &find(&y, "b")->id));
	extents_wipe(&x);
	extents_wipe(&y);
	wipe_parts(parts, 2);
	wipe_parts(others, 2);
	buf_wipe(&one);
	buf_wipe(&two);
}

/* Which record a lie is told in: its place is counted from there. */
enum record { HEADER, ENTRY, END64, LOCATOR, END };

/* clang-format off */
static const struct {
	enum record in;
	size_t at;
	unsigned bytes;
	uint64_t value;
} lies[] = {
	{ HEADER, 0, 4, 0x04034b51 },  /* magic */
	{ HEADER, 6, 2, 1 },           /* flags: encrypted here */
	{ HEADER, 8, 2, 8 },           /* method */
	{ HEADER, 14, 4, 1 },          /* sum */
	{ HEADER, 18, 4, 1 },          /* size as stored */
	{ HEADER, 18, 4, UINT32_MAX }, /* in an extra field that is not there */
	{ HEADER, 26, 2, 4 },          /* length of the name */
	{ HEADER, 28, 2, UINT16_MAX }, /* extra field beyond the next member */
	{ HEADER, 28, 2, 20 },         /* data beyond the next member */
	{ HEADER, 30, 1, 'b' },        /* name */
	{ ENTRY, 0, 4, 0x02014b51 },
	{ ENTRY, 8, 2, 1 },            /* encrypted */
	{ ENTRY, 8, 2, 0x20 },         /* patched */
	{ ENTRY, 8, 2, 0x40 },         /* strongly encrypted */
	{ ENTRY, 8, 2, 0x2000 },       /* masked */
	{ ENTRY, 10, 2, 8 },           /* method */
	{ ENTRY, 16, 4, 1 },           /* sum */
	{ ENTRY, 20, 4, 1 },           /* size as stored */
	{ ENTRY, 20, 4, UINT32_MAX },
	{ ENTRY, 24, 4, 1 },           /* and raw */
	{ ENTRY, 28, 2, 6 },           /* length of the name */
	{ ENTRY, 30, 2, 1 },           /* of the extra field */
	{ ENTRY, 32, 2, 1 },           /* of the comment */
	{ ENTRY, 34, 2, 1 },           /* disk */
	{ ENTRY, 42, 4, 1 },           /* place */
	{ ENTRY, 42, 4, UINT32_MAX - 1 },
	{ ENTRY, 42, 4, UINT32_MAX },
	{ END, 0, 4, 0x06054b51 },
	{ END, 4, 2, 1 },              /* this disk */
	{ END, 6, 2, 1 },              /* the directory's */
	{ END, 8, 2, 1 },              /* entries on this disk */
	{ END, 10, 2, 3 },             /* entries */
	{ END, 12, 4, 1 },             /* size of the directory */
	{ END, 16, 4, 1 },             /* its place */
	{ END, 20, 2, 1 },             /* comment */
	{ END64, 0, 4, 0x06064b51 },
	{ END64, 4, 8, 45 },           /* its size */
	{ END64, 16, 4, 1 },           /* this disk */
	{ END64, 20, 4, 1 },           /* the directory's */
	{ END64, 24, 8, 1 },           /* entries on this disk */
	{ END64, 32, 8, 1 },           /* entries */
	{ END64, 32, 8, UINT64_MAX },
	{ END64, 40, 8, 1 },           /* size of the directory */
	{ END64, 40, 8, UINT64_MAX },
	{ END64, 48, 8, UINT64_MAX },  /* its place */
	{ LOCATOR, 0, 4, 0x07064b51 },
	{ LOCATOR, 4, 4, 1 },          /* disk of the end record */
	{ LOCATOR, 8, 8, 1 },          /* its place */
	{ LOCATOR, 16, 4, 2 },         /* disks */
};
/* clang-format on */

static size_t place_of(const struct zip_places *at, enum record in)
{
	switch (in) {
	case HEADER:
		return at->headers[0];
	case ENTRY:
		return at->entries[0];
	case END64:
		return at->end64;
	case LOCATOR:
		return at->end64 + 56;
	default:
		return at->end;
	}
}

static void an_archive_that_contradicts_itself_is_opaque(void **state)
{
	(void)state;
	struct zip_part parts[] = { { .name = "a.npy", .data = array_of(1) },
		                    { .name = "c.npy", .data = array_of(2) } };

	for (size_t i = 0; i < COUNT(lies); i++) {
		struct buf file = BUF_INIT;
		uint8_t value[8];
		bool wide = lies[i].in == END64 || lies[i].in == LOCATOR;
		struct zip_places at = add_zip(&file, parts, COUNT(parts), wide);
		uint8_t *place = file.data + place_of(&at, lies[i].in) + lies[i].at;
		assert_int_equal(model_of(&file), MODEL_NPZ);
		le64_store(value, lies[i].value);
		assert_memory_not_equal(place, value, lies[i].bytes);
		memcpy(place, value, lies[i].bytes);
		if (model_of(&file) != MODEL_OPAQUE)
			fail_msg("case %zu is taken", i);
		buf_wipe(&file);
	}
	wipe_parts(parts, COUNT(parts));
}

/* The second one's entry points into the first, where a header stands as data. */
static void a_member_within_another_makes_it_opaque(void **state)
{
	(void)state;
	struct zip_part inner = { .name = "b.npy", .data = array_of(1) };
	struct zip_part parts[] = { { .name = "a.bin", .data = BUF_INIT },
		                    { .name = "b.npy", .data = array_of(1) } };
	struct buf file = BUF_INIT;

	add_member(&parts[0].data, &inner);
	struct zip_places at = add_zip(&file, parts, 2, false);
	assert_int_equal(model_of(&file), MODEL_NPZ);
	le32_store(file.data + at.entries[1] + 42, (uint32_t)at.data[0]);
	assert_int_equal(model_of(&file), MODEL_OPAQUE);
	le32_store(file.data + at.entries[1] + 42, (uint32_t)at.headers[0]);
	assert_int_equal(model_of(&file), MODEL_OPAQUE);
	buf_wipe(&inner.data);
	wipe_parts(parts, 2);
	buf_wipe(&file);
}

static void an_archive_that_begins_with_something_else_is_opaque(void **state)
{
	(void)state;
	struct zip_part parts[] = {
		{ .name = "a.npy", .data = array_of(1), .in_front = 1 }
	};
	struct buf file = BUF_INIT;

	add_zip(&file, parts, 1, false);
	assert_int_equal(model_of(&file), MODEL_OPAQUE);
	wipe_parts(parts, 1);
	buf_wipe(&file);
}

static void what_is_cut_off_or_goes_on_is_opaque(void **state)
{
	(void)state;
	struct zip_part parts[] = {
		{ .name = "a.npy", .data = array_of(1), .wide = true }
	};

	for (unsigned wide = 0; wide < 2; wide++) {
		struct buf file = BUF_INIT;
		add_zip(&file, parts, 1, wide);
		buf_add_u8(&file, 0);
		assert_int_equal(model_of(&file), MODEL_OPAQUE);
		file.size--;
		assert_int_equal(model_of(&file), MODEL_NPZ);
		while (file.size-- > 1)
			assert_int_equal(model_of(&file), MODEL_OPAQUE);
		buf_wipe(&file);
	}
	wipe_parts(parts, 1);
}

/* Whatever a flipped bit makes of it, the extents cover the file. */
static void a_flipped_bit_leaves_no_hole(void **state)
{
	(void)state;
	struct zip_part parts[] = {
		{ .name = "a.npy", .data = array_of(1), .wide = true },
		{ .name = "b.npy", .data = array_of(2), .wide_entry = true }
	};
	struct buf file = BUF_INIT;

	add_zip(&file, parts, 2, true);
	for (size_t i = 0; i < 8 * file.size; i++) {
		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
		(void)model_of(&file);
		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	wipe_parts(parts, 2);
	buf_wipe(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_of_every_kind_of_member_are_tensors),
		cmocka_unit_test(
			members_that_are_no_plain_arrays_lie_between_the_tensors),
		cmocka_unit_test(an_archive_without_plain_arrays_is_opaque),
		cmocka_unit_test(two_arrays_of_one_name_make_it_opaque),
		cmocka_unit_test(
			saved_in_another_order_or_padded_the_tensors_are_the_same),
		cmocka_unit_test(an_archive_that_contradicts_itself_is_opaque),
		cmocka_unit_test(a_member_within_another_makes_it_opaque),
		cmocka_unit_test(an_archive_that_begins_with_something_else_is_opaque),
		cmocka_unit_test(what_is_cut_off_or_goes_on_is_opaque),
		cmocka_unit_test(a_flipped_bit_leaves_no_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
