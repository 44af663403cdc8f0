/* Who is whose parent, from made-up manifests. */
#include <stdio.h>

#include "index/survey/base_holder.h"
#include "index/survey/family.h"

#include "index/blob/transfer.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "tests/unit/manifest_sample.h"

enum { TENSORS_MAX = 8 };

/* A tensor of an object: the blob `blob`, and the blob that is its base, or 0. */
struct tensor {
	unsigned blob, base;
};

struct fixture {
	struct store *store;
	struct transfer transfer;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(store_memory_new(&f->store, NULL), 0);
	assert_int_equal(transfer_init(&f->transfer, f->store, 2, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	transfer_wipe(&f->transfer);
	store_close(f->store);
	free(f);
	return 0;
}

static struct oid id_of(const char *kind, unsigned i)
{
	char text[64];
	struct oid oid;

	snprintf(text, sizeof(text), "%s %u", kind, i);
	assert_true(sha256_of(text, strlen(text), &oid));
	return oid;
}

/* Puts the manifest of object `number`; `noted` is the object it notes as its base. */
static void put(struct fixture *f, unsigned number, unsigned noted,
                const struct tensor *tensors, size_t count)
{
	static const uint64_t shape[] = { 65536 };
	struct extent list[TENSORS_MAX];
	struct extent_finding findings[TENSORS_MAX];
	struct manifest m = { .oid = id_of("object", number) };
	char hex[SHA256_HEX + 1], path[16];

	memset(list, 0, sizeof(list));
	for (size_t i = 0; i < count; i++) {
		struct oid base = id_of("blob", tensors[i].base);
		list[i] = (struct extent){ .kind = EXTENT_TENSOR,
			                   .dtype = DTYPE_BF16,
			                   .offset = 131072 * i,
			                   .size = 131072,
			                   .name = "w",
			                   .dim_count = 1,
			                   .dims = shape,
			                   .id = id_of("blob", tensors[i].blob),
			                   .finding = &findings[i] };
		findings[i] =
			(struct extent_finding){ .base_count = tensors[i].base ? 1 : 0 };
		if (tensors[i].base)
			memcpy(findings[i].bases[0], base.bytes, EXTENT_BASE_PREFIX);
	}
	m.extents = (struct extents){ .model = MODEL_SAFETENSORS,
		                      .size = 131072 * count,
		                      .list = list,
		                      .count = count };
	snprintf(path, sizeof(path), "o%u", number);
	m.notes[m.note_count++] = (struct manifest_note){ "path", path };
	struct oid base = id_of("object", noted);
	oid_format(&base, hex);
	if (noted)
		m.notes[m.note_count++] = (struct manifest_note){ "base.oid", hex };
	struct err err = ERR_INIT;
	if (manifest_put(f->store, &m, NULL, &err))
		fail_msg("%s", err.text);
}

/* "o1<o2": o1's parent is o2; those related to object `number`, by name. */
static void assert_family(struct fixture *f, unsigned number, const char *expected)
{
	struct oid oid = id_of("object", number);
	struct family family = FAMILY_INIT;
	struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;

	if (family_find(&f->transfer, &oid, &family, &err))
		fail_msg("%s", err.text);
	for (unsigned n = 1; n < 10; n++)
		for (size_t i = 0; i < family.count; i++) {
			const struct family_member *m = &family.list[i];
			if (!m->related || m->path[1] != (char)('0' + n))
				continue;
			buf_addf(&seen, "%s%s", seen.size ? " " : "", m->path);
			if (m->parent != FAMILY_NONE)
				buf_addf(&seen, "<%s", family.list[m->parent].path);
		}
	assert_string_equal(buf_text(&seen), expected);
	buf_wipe(&seen);
	family_wipe(&family);
}

#define PUT(f, number, noted, ...)                                \
	do {                                                      \
		static const struct tensor t[] = { __VA_ARGS__ }; \
		put(f, number, noted, t, COUNT(t));               \
	} while (0)

/* The object that holds the bases of object `number` is object `expected`; 0: none does. */
static void assert_holder(struct fixture *f, unsigned number, unsigned expected)
{
	struct oid oid = id_of("object", number), want = id_of("object", expected);
	struct base_holders *holders;
	struct base_holder base;
	char hex[SHA256_HEX + 1];
	struct manifest m;
	struct err err = ERR_INIT;

	oid_format(&want, hex);
	assert_int_equal(base_holders_new(&f->transfer, &holders, &err), 0);
	assert_int_equal(manifest_get(f->store, &oid, manifest_parse, &m, &err), 0);
	assert_int_equal(base_holders_find(holders, &m, &base, &err), !expected);
	if (expected)
		assert_string_equal(base.oid, hex);
	manifest_wipe(&m);
	base_holders_free(holders);
}

static void the_parent_holds_most_of_the_bases(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 0 }, { 3, 0 });
	PUT(f, 2, 0, { 4, 0 });
	PUT(f, 3, 0, { 5, 1 }, { 6, 2 }, { 7, 4 });
	PUT(f, 4, 0, { 8, 0 });
	assert_family(f, 3, "o1 o3<o1");
	assert_family(f, 1, "o1 o3<o1");
	assert_family(f, 2, "o2");
	assert_family(f, 4, "o4");
}

static void of_two_that_hold_as_much_the_noted_one_is_the_parent(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 0 });
	PUT(f, 2, 0, { 1, 0 }, { 2, 0 }, { 9, 0 }, { 10, 0 }, { 11, 0 });
	PUT(f, 3, 2, { 5, 1 }, { 6, 2 });
	PUT(f, 4, 1, { 7, 1 }, { 8, 2 });
	struct oid oid = id_of("object", 3);
	struct family family = FAMILY_INIT;
	assert_int_equal(family_find(&f->transfer, &oid, &family, NULL), 0);
	for (size_t i = 0; i < family.count; i++) {
		const struct family_member *m = &family.list[i];
		if (strcmp(m->path, "o3") == 0)
			assert_string_equal(family.list[m->parent].path, "o2");
		if (strcmp(m->path, "o4") == 0)
			assert_string_equal(family.list[m->parent].path, "o1");
	}
	family_wipe(&family);
}

static void a_ring_is_cut_at_its_weakest_tie(void **state)
{
	struct fixture *f = *state;

	/* 1 has two bases in 2, 2 one in 3, 3 three in 1; 4 hangs on 2 */
	PUT(f, 1, 0, { 11, 21 }, { 12, 22 }, { 13, 0 }, { 14, 0 }, { 15, 0 });
	PUT(f, 2, 0, { 21, 0 }, { 22, 0 }, { 23, 31 });
	PUT(f, 3, 0, { 31, 0 }, { 32, 13 }, { 33, 14 }, { 34, 15 });
	PUT(f, 4, 0, { 41, 21 });
	assert_family(f, 4, "o1<o2 o2 o3<o1 o4<o2");
	assert_family(f, 3, "o1<o2 o2 o3<o1 o4<o2");
}

static void a_base_that_nobody_holds_ties_to_nobody(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 77 }, { 2, 78 });
	PUT(f, 2, 0, { 3, 0 });
	assert_family(f, 1, "o1");
}

static void an_object_is_not_its_own_parent(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 1 });
	assert_family(f, 1, "o1");
}

static void what_the_store_lacks_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct oid oid = id_of("object", 1);
	struct family family = FAMILY_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(family_find(&f->transfer, &oid, &family, &err), ERR_MISSING);
}

/* All are of one second here: oids alone would say which came first. */
static void a_base_does_not_hang_on_what_notes_it_as_its_base(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 0 }, { 3, 0 });
	PUT(f, 2, 1, { 1, 0 }, { 2, 0 }, { 4, 3 });
	assert_family(f, 1, "o1 o2<o1");
	PUT(f, 4, 0, { 11, 0 }, { 12, 0 }, { 13, 0 });
	PUT(f, 3, 4, { 11, 0 }, { 12, 0 }, { 14, 13 });
	assert_family(f, 4, "o3<o4 o4");
	PUT(f, 5, 0, { 21, 0 }, { 22, 0 }, { 23, 0 });
	PUT(f, 6, 5, { 21, 0 }, { 22, 0 }, { 24, 23 });
	assert_family(f, 5, "o5 o6<o5");
}

static void notes_are_followed_to_the_object_that_holds_the_bases(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 0 });
	PUT(f, 2, 1, { 3, 1 }, { 4, 2 });
	PUT(f, 3, 2, { 5, 1 }, { 6, 2 });
	PUT(f, 4, 3, { 7, 1 }, { 2, 0 }, { 8, 2 });
	for (unsigned i = 2; i <= 4; i++)
		assert_holder(f, i, 1);
}

static void of_objects_that_hold_as_many_bases_the_noted_one_is_named(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 }, { 2, 0 });
	PUT(f, 2, 1, { 1, 0 }, { 2, 0 }, { 3, 0 });
	PUT(f, 3, 2, { 4, 1 }, { 5, 2 });
	assert_holder(f, 3, 2);
}

static void no_holder_is_named_that_holds_nothing(void **state)
{
	struct fixture *f = *state;

	PUT(f, 1, 0, { 1, 0 });
	PUT(f, 2, 1, { 2, 9 }); /* the base is nowhere */
	PUT(f, 3, 1, { 1, 0 }); /* no deltas */
	PUT(f, 4, 8, { 3, 1 }); /* what is noted is gone */
	PUT(f, 5, 6, { 4, 9 }); /* notes that go round */
	PUT(f, 6, 5, { 5, 9 });
	for (unsigned i = 2; i <= 6; i++)
		assert_holder(f, i, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_parent_holds_most_of_the_bases),
		T(of_two_that_hold_as_much_the_noted_one_is_the_parent),
		T(a_ring_is_cut_at_its_weakest_tie),
		T(a_base_that_nobody_holds_ties_to_nobody),
		T(an_object_is_not_its_own_parent),
		T(what_the_store_lacks_is_an_error),
		T(a_base_does_not_hang_on_what_notes_it_as_its_base),
		T(notes_are_followed_to_the_object_that_holds_the_bases),
		T(of_objects_that_hold_as_many_bases_the_noted_one_is_named),
		T(no_holder_is_named_that_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
