/* A store in a folder that somebody made to hurt, or that others have left things in: gc
 * neither fails, nor takes what is needed, nor leaves the store's folder. */
#include <errno.h>
#include <fcntl.h>

#include "index/store/folder/store_folder.h"
#include "tests/unit/gc_store.h"
#include "tests/unit/scratch_folder.h"

struct hostile {
	struct gc_store w;
	char folder[SCRATCH_MAX];
	char outside[SCRATCH_MAX]; /* another folder, that nothing may touch */
};

static const struct store_folder_modes modes = { 0444, 0755 };

static int hostile_begin(void **state)
{
	struct hostile *h = malloc(sizeof(*h));
	struct store *store;

	*state = h;
	scratch_folder_new(h->folder);
	scratch_folder_new(h->outside);
	if (chmod(h->folder, 0755) || store_folder_open(h->folder, &modes, &store, NULL))
		return -1;
	gc_store_over(&h->w, store);
	h->w.folder = true;
	return 0;
}

static int hostile_end(void **state)
{
	struct hostile *h = *state;

	gc_store_close(&h->w);
	scratch_folder_remove(h->folder);
	scratch_folder_remove(h->outside);
	free(h);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, hostile_begin, hostile_end)

static void collect_for_long(struct gc_store *w)
{
	for (int i = 0; i < 6; i++)
		collect_later(w);
}

static void path_of(const struct hostile *h, const char *key, char path[1024])
{
	snprintf(path, 1024, "%s/%s", h->folder, key);
}

static void put_value(struct gc_store *w, const char *key)
{
	assert_int_equal(store_put_all(w->store, key, "x", 1, NULL), 0);
}

/* The same rules as in memory; a restore is a link here, and renews its entry. */
static void what_is_given_up_goes_and_what_is_needed_comes_back(void **state)
{
	struct gc_store *w = &((struct hostile *)*state)->w;

	push_solo(w, "a");
	move_record(w, "a");
	push_solo(w, "b");
	give_up(w, "b");
	collect_for_long(w);
	assert_true(has_record(w, "a"));
	assert_true(reads(w, "a"));
	assert_false(has_object(w, "b"));
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_int_equal(sum_of(w, "blobs/").count, 1);
}

static void bases_that_go_in_circles_end_somewhere(void **state)
{
	struct gc_store *w = &((struct hostile *)*state)->w;
	static const char *const circles[] = { "c~d", "d~c", "e~e", "f~g", "g~h", "h~f" };
	char key[KEY_MAX];

	push_solo(w, "a");
	owner(w, "cef", ours);
	object(w, "cef");
	for (size_t i = 0; i < 6; i++) {
		record_key(w, circles[i], key);
		put_value(w, key);
	}
	collect_for_long(w);
	assert_int_equal(w->summary.lost, 3);
	for (size_t i = 0; i < 6; i++)
		assert_true(has_record(w, circles[i])); /* needed, or such bases */
	assert_true(reads(w, "a"));
}

/* Keys that are nearly ours, or of kinds that no version made. */
static void absurd_names_are_passed_over(void **state)
{
	struct gc_store *w = &((struct hostile *)*state)->w;
	static const char *const names[] = {
		"blobs/00",
		"blobs/zz/00/x",
		"objects/0",
		"owners/x",
		"names/x/y",
		"bases/0/1/2",
		"trash/x",
		"trash/00/00/@",
		"trash/00/00/-@0",
		"a",
		"trash/00/00/0000000000000000000000000000000000000000000000000000000000000000"
		"~0@00000000000000000000000000000000",
	};

	push_solo(w, "a");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_value(w, names[i]);
	collect_for_long(w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(is_live(w, names[i]));
	assert_true(reads(w, "a"));
}

/* In the place of values; a link leads to a file that is none of the store's. */
static void links_and_fifos_take_nothing_with_them(void **state)
{
	struct hostile *h = *state;
	struct gc_store *w = &h->w;
	char key[KEY_MAX], trash[KEY_MAX], path[1024], outside[1024];

	snprintf(outside, sizeof(outside), "%s/precious", h->outside);
	int fd = open(outside, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0 && write(fd, "mine", 4) == 4);
	close(fd);
	push_solo(w, "abc");
	solo(w, "d");
	record_key(w, "d", key);
	path_of(h, key, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(outside, path), 0);
	record_key(w, "e", key);
	solo(w, "e");
	path_of(h, key, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	object_key(w, "d", key);
	assert_true(key_trash(key, "00000000000000000000000000000001", trash));
	put_value(w, trash);
	path_of(h, trash, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(outside, path), 0);
	collect_for_long(w);
	assert_int_equal(access(outside, R_OK), 0);
	assert_true(reads(w, "abc"));
	assert_false(has_record(w, "d"));
}

static void what_killed_writers_left_is_swept_when_it_is_old(void **state)
{
	struct hostile *h = *state;
	struct gc_store *w = &h->w;
	static const char digits[] = "0123456789abcdef0123456789abcdef";
	char key[KEY_MAX], path[3][1024], kept[1024], folder[1024];

	push_solo(w, "a");
	snprintf(path[0], 1024, "%s/tmp/%s", h->folder, digits);
	record_key(w, "a", key);
	*strrchr(key, '/') = 0;
	snprintf(path[1], 1024, "%s/%s/.%s", h->folder, key, digits);
	snprintf(path[2], 1024, "%s/blobs/.%s", h->folder, digits);
	snprintf(kept, sizeof(kept), "%s/blobs/.nfs0001", h->folder);
	path_of(h, "tmp", folder);
	assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
	for (int i = 0; i < 2; i++)
		close(open(path[i], O_WRONLY | O_CREAT, 0444));
	close(open(kept, O_WRONLY | O_CREAT, 0444));
	assert_int_equal(mkdir(path[2], 0755), 0);
	collect(w);
	for (int i = 0; i < 3; i++)
		assert_int_equal(access(path[i], F_OK), 0);
	collect_later(w);
	for (int i = 0; i < 3; i++)
		assert_int_equal(access(path[i], F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(counted(w, GC_TEMPORARY, GC_DESTROYED), 3);
}

enum { MANY = 100000 };

/* Files in one folder, made by links: 100 000 keys take no time. */
static void a_prefix_with_very_many_markers_is_swept(void **state)
{
	struct hostile *h = *state;
	struct gc_store *w = &h->w;
	struct key_marker marker = { .name = 7, .band = 3 };
	char key[KEY_MAX], first[1024], path[1024];

	push_solo(w, "a");
	key_marker(&marker, key);
	put_value(w, key);
	path_of(h, key, first);
	for (uint32_t i = 1; i < MANY; i++) {
		memcpy(marker.id.bytes, &i, sizeof(i));
		key_marker(&marker, key);
		path_of(h, key, path);
		if (link(first, path)) /* ext4 takes 65 000 names of one file */
			strcpy(first, path), close(open(path, O_WRONLY | O_CREAT, 0444));
	}
	wait_long(w);
	collect_as(w, GC_DRY_RUN);
	assert_int_equal(
		counted(w, GC_BASES, GC_DESTROYED) + counted(w, GC_BASES, GC_LEFT), MANY);
	w->counts.of[GC_BASES][GC_LEFT].count = 1;
	for (int i = 0; counted(w, GC_BASES, GC_LEFT); i++) {
		assert_true(i < 3);
		collect_as(w, 0);
	}
	assert_int_equal(sum_of(w, "bases/").count, 0);
	assert_true(reads(w, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_given_up_goes_and_what_is_needed_comes_back),
		TEST(bases_that_go_in_circles_end_somewhere),
		TEST(absurd_names_are_passed_over),
		TEST(links_and_fifos_take_nothing_with_them),
		TEST(what_killed_writers_left_is_swept_when_it_is_old),
		TEST(a_prefix_with_very_many_markers_is_swept),
	};

	return cmocka_run_group_tests_name("gc: hostile stores", tests, NULL, NULL);
}
