/* A store that somebody made to hurt: a check neither crashes, nor hangs, nor takes more
 * memory than it may, nor follows what it finds there; and does not harm what is right. */
#include "tests/unit/fsck_world.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "codec/codec_table.h"
#include "codec/record.h"
#include "index/store/folder/store_folder.h"
#include "tests/unit/scratch_folder.h"

enum { SIZE = 65536 };

/* A record of `size` bytes that says: as its bases have it. All of its sums are right. */
static void put_delta(struct store *s, const struct oid *id, const struct oid *base,
                      uint64_t size)
{
	struct record_basis basis = { .base_count = 1 };
	struct buf bytes = BUF_INIT;
	struct record_head head;
	char key[KEY_MAX];

	basis.bases[0] = (struct record_base){ .id = *base, .dtype = DTYPE_BF16 };
	assert_int_equal(record_head_init(&head, codec_for_delta(DTYPE_BF16), DTYPE_BF16,
	                                  size, &basis, NULL),
	                 0);
	for (uint32_t i = 0; i < head.frame_count; i++)
		head.frames[i].mode = FRAME_SAME;
	assert_int_equal(record_head_format(&head, &bytes, NULL), 0);
	key_delta(id, base, key);
	assert_int_equal(store_put_all(s, key, bytes.data, bytes.size, NULL), 0);
	record_head_wipe(&head);
	buf_wipe(&bytes);
}

static struct oid made_id(unsigned n)
{
	struct oid id;

	assert_true(sha256_of(&n, sizeof(n), &id));
	return id;
}

/* An object that lists these blobs, of `size` bytes each. */
static struct oid put_manifest(struct store *s, const struct oid *ids, size_t n,
                               uint64_t size)
{
	struct manifest m = { .oid = ids[0] };
	struct buf bytes = BUF_INIT;
	char key[KEY_MAX], names[64][8];

	m.oid.bytes[0] ^= 0x80;
	m.extents.model = MODEL_SAFETENSORS;
	m.extents.list = calloc(n, sizeof(struct extent));
	m.extents.count = n;
	m.extents.size = n * size;
	assert_true(n <= 64);
	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		m.extents.list[i] = (struct extent){ .kind = EXTENT_TENSOR,
			                             .dtype = DTYPE_BF16,
			                             .offset = i * size,
			                             .size = size,
			                             .name = names[i],
			                             .id = ids[i] };
	}
	struct err err = ERR_INIT;
	if (manifest_format(&m, &bytes, &err))
		fail_msg("%s", err.text);
	key_object(&m.oid, key);
	assert_int_equal(store_put_all(s, key, bytes.data, bytes.size, NULL), 0);
	struct oid oid = m.oid;
	manifest_wipe(&m);
	buf_wipe(&bytes);
	return oid;
}

/* Kilobytes of the process at its largest. */
static long peak(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

#if defined(__SANITIZE_ADDRESS__)
enum { BUDGET_KB = 1024 * 1024 }; /* it keeps what was freed */
#else
enum { BUDGET_KB = 300 * 1024 };
#endif

/* By all modes; the objects of the world are as they were. */
static void check_all_ways(struct world *w, size_t hostile)
{
	long before = peak();

	for (unsigned how = 0; how < 8; how++) {
		struct run r;
		fsck(w, how, &r);
		assert_int_equal(r.rc, 0);
		assert_true(r.result.whole >= FILES);
		assert_true(r.result.not_whole <= hostile);
		run_wipe(&r);
	}
	assert_true(peak() - before < BUDGET_KB);
	assert_all_read(w);
}

static void cycles_chains_and_bases_of_themselves(void **state)
{
	struct world w;
	struct oid ids[64];

	(void)state;
	world_begin(&w);
	for (unsigned i = 0; i < 64; i++)
		ids[i] = made_id(i);
	put_delta(w.store, &ids[0], &ids[1], SIZE); /* a cycle */
	put_delta(w.store, &ids[1], &ids[0], SIZE);
	put_delta(w.store, &ids[2], &ids[2], SIZE); /* of itself */
	for (unsigned i = 3; i < 20; i++)           /* a chain, with a solo end */
		put_delta(w.store, &ids[i], &ids[i + 1], SIZE);
	for (unsigned i = 24; i < 64; i++) /* more ways than time */
		for (unsigned k = 24; k < 64; k++)
			if (i != k)
				put_delta(w.store, &ids[i], &ids[k], SIZE);
	put_manifest(w.store, ids, 64, SIZE);
	check_all_ways(&w, 1);
	world_end(&w);
}

/* Much is promised: a petabyte in a record, in a manifest, in all frames of both. */
static void bombs(void **state)
{
	struct world w;
	struct oid ids[3];

	(void)state;
	world_begin(&w);
	struct one base = record_of(&w, BASE, 0);
	for (unsigned i = 0; i < 3; i++)
		ids[i] = made_id(100 + i);
	put_delta(w.store, &ids[0], &base.id, (uint64_t)1 << 34);
	put_delta(w.store, &ids[1], &ids[0], (uint64_t)1 << 34);
	put_manifest(w.store, ids, 3, (uint64_t)1 << 34);
	ids[0] = made_id(200);
	put_manifest(w.store, ids, 1, (uint64_t)1 << 50);
	check_all_ways(&w, 2);
	world_end(&w);
}

static void garbage_under_every_name(void **state)
{
	static const char *const odd[] = { "blobs/ab/cd/abcd~~~", "objects/ab/abcd~~~" };
	struct world w;
	uint64_t random = 5;

	(void)state;
	world_begin(&w);
	for (unsigned i = 0; i < 400; i++) {
		struct oid id = made_id(1000 + i);
		uint8_t bytes[256];
		char key[KEY_MAX];
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)next_random(&random);
		/* As if it were one of ours, for so far. */
		memcpy(bytes, i % 2 ? "ZLLMREC" : "ZLLMMAN", 7);
		if (i % 4 < 2)
			key_blob(&id, key);
		else
			key_object(&id, key);
		assert_int_equal(store_put_all(w.store, key, bytes, i % 257, NULL), 0);
	}
	for (unsigned i = 0; i < COUNT(odd); i++)
		assert_int_equal(store_put_all(w.store, odd[i], "", 0, NULL), 0);
	check_all_ways(&w, 400);
	world_end(&w);
}

/* Of one prefix; they are counted as they come by. */
static void a_hundred_thousand_markers(void **state)
{
	struct world w;
	struct run r;

	(void)state;
	world_begin(&w);
	struct key_marker marker = { .name = 0x1234, .band = 7 };
	size_t before = count(w.store, "bases/");
	marker.id = made_id(1);
	for (unsigned i = 0; i < 100000; i++) {
		char key[KEY_MAX];
		marker.sketch[0] = (uint8_t)(i >> 16);
		marker.sketch[1] = (uint8_t)(i >> 8);
		marker.sketch[2] = (uint8_t)i;
		key_marker(&marker, key);
		assert_int_equal(store_put_all(w.store, key, NULL, 0, NULL), 0);
	}
	for (unsigned i = 0; i < 3000; i++) {
		char key[KEY_MAX];
		snprintf(key, sizeof(key), "zz/%06u", i);
		assert_int_equal(store_put_all(w.store, key, NULL, 0, NULL), 0);
	}
	fsck(&w, QUICK, &r);
	assert_int_equal(r.result.listing.markers, before + 100000);
	assert_int_equal(r.result.whole, FILES);
	assert_int_equal(found(&r, FSCK_FOREIGN), FSCK_FOREIGN_MAX);
	assert_true(r.result.listing.ours_alone);
	run_wipe(&r);
	world_end(&w);
}

/* ---------------------------------------------------------------- a folder */

static void in_the_place_of(const char *folder, const char *key, int kind)
{
	char path[SCRATCH_MAX + KEY_MAX + 2];

	snprintf(path, sizeof(path), "%s/%s", folder, key);
	assert_int_equal(unlink(path), 0);
	if (kind == 0)
		assert_int_equal(mkfifo(path, 0644), 0);
	else if (kind == 1)
		assert_int_equal(symlink("/etc/passwd", path), 0);
	else
		assert_int_equal(mkdir(path, 0755), 0);
}

/* A FIFO, a link, a folder at a record's key and at a manifest's: none is waited for or
 * followed, each is named, and mended. */
static void things_that_are_not_files(void **state)
{
	static const struct store_folder_modes modes = { 0444, 0755 };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		char folder[SCRATCH_MAX], key[KEY_MAX];
		struct world w;
		struct run r;
		world_files(&w);
		scratch_folder_new(folder);
		assert_int_equal(chmod(folder, 0755), 0);
		assert_int_equal(store_folder_open(folder, &modes, &w.store, NULL), 0);
		world_push(&w);
		struct one base = record_of(&w, BASE, 0), delta = record_of(&w, TUNE, 1);
		in_the_place_of(folder, base.key, kind);
		in_the_place_of(folder, delta.key, kind);
		manifest_key(&w, SMALL, key);
		in_the_place_of(folder, key, kind);
		for (unsigned how = 0; how <= QUICK; how += QUICK) {
			fsck(&w, how, &r);
			assert_int_equal(r.rc, 0);
			assert_true(r.result.findings.count >= 3);
			assert_true(r.result.whole <= 1);
			run_wipe(&r);
		}
		fsck(&w, REPAIR, &r);
		assert_int_equal(r.rc, 0);
		for (size_t i = 0; i < r.result.findings.count; i++)
			if (!r.result.findings.list[i].repaired)
				fail_msg("kind %d: %s %s %s %s", kind,
				         fsck_kind_name(r.result.findings.list[i].kind),
				         r.result.findings.list[i].key,
				         r.result.findings.list[i].text,
				         r.result.findings.list[i].why
				                 ? r.result.findings.list[i].why
				                 : "");
		assert_true(r.mended >= 3);
		run_wipe(&r);
		assert_sound(&w);
		/* What was there is in trash/. */
		assert_true(kind == 2 || count(w.store, "trash/") >= (size_t)kind);
		scratch_folder_remove(folder);
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycles_chains_and_bases_of_themselves),
		cmocka_unit_test(bombs),
		cmocka_unit_test(garbage_under_every_name),
		cmocka_unit_test(a_hundred_thousand_markers),
		cmocka_unit_test(things_that_are_not_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
