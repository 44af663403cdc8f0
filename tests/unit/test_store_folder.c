/* What is true of a store in a folder only: modes, temporary files, and what else
 * may lie in the folder. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/store_folder_fixture.h"

/* ---------------------------------------------------------------- words of the tests */

static void add_file(const struct fixture *f, const char *name)
{
	char path[PATH_SIZE];

	int fd = open(path_of(f, name, path), O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void add_folder(const struct fixture *f, const char *name)
{
	char path[PATH_SIZE];

	assert_int_equal(mkdir(path_of(f, name, path), 0755), 0);
}

static bool exists(const struct fixture *f, const char *name)
{
	char path[PATH_SIZE];

	return access(path_of(f, name, path), F_OK) == 0;
}

/* ---------------------------------------------------------------- opening, modes */

static void a_store_needs_a_folder(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "none", "none/deeper", "file", "file/x" };

	add_file(f, "file");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err err = ERR_INIT;
		struct store *s = NULL;
		char path[PATH_SIZE];
		path_of(f, names[i], path);
		assert_int_equal(store_folder_open(path, &modes, &s, &err), ERR_MISSING);
		assert_non_null(strstr(err.text, path));
		assert_null(s);
	}
}

static void modes_are_given_whatever_the_umask(void **state)
{
	static const struct {
		struct store_folder_modes modes;
		mode_t umask;
	} cases[] = {
		{ { 0444, 0755 }, 077 },
		{ { 0664, 02775 }, 077 },
		{ { 0440, 02770 }, 0 },
		{ { 0444, 0755 }, 0777 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f = { NULL, "" };
		scratch_folder_new(f.folder);
		assert_int_equal(
			store_folder_open(f.folder, &cases[i].modes, &f.store, NULL), 0);
		mode_t before = umask(cases[i].umask);
		put(f.store, "blobs/aa/bb/x", "1");
		put(f.store, "zllm.json", "2");
		umask(before);
		assert_int_equal(mode_of(&f, "blobs/aa/bb/x"), cases[i].modes.file);
		assert_int_equal(mode_of(&f, "zllm.json"), cases[i].modes.file);
		assert_int_equal(mode_of(&f, "tmp"), cases[i].modes.folder);
		assert_int_equal(mode_of(&f, "blobs"), cases[i].modes.folder);
		assert_int_equal(mode_of(&f, "blobs/aa"), cases[i].modes.folder);
		assert_int_equal(mode_of(&f, "blobs/aa/bb"), cases[i].modes.folder);
		store_close(f.store);
		scratch_folder_remove(f.folder);
	}
}

static void folders_that_exist_keep_their_modes(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE];

	add_folder(f, "blobs");
	assert_int_equal(chmod(path_of(f, "blobs", path), 0711), 0);
	put(f->store, "blobs/aa/x", "1");
	assert_int_equal(mode_of(f, "blobs"), 0711);
	assert_int_equal(mode_of(f, "blobs/aa"), 0755);
}

/* ---------------------------------------------------------------- temporary files */

static void no_temporary_file_outlives_its_writer(void **state)
{
	struct fixture *f = *state;
	struct store_writer *w;

	put(f->store, "blobs/x", "1");
	put(f->store, "blobs/x", "again");
	assert_int_equal(store_put(f->store, "blobs/y", 0, &w, NULL), 0);
	assert_int_equal(count_names(f, "tmp"), 1);
	store_abort(w);
	assert_int_equal(count_names(f, "tmp"), 0);
	assert_int_equal(count_names(f, "blobs"), 1);
	assert_int_equal(count_names(f, ""), 2);
}

static void removed_folders_are_made_again(void **state)
{
	struct fixture *f = *state;
	struct store_writer *w;
	char path[PATH_SIZE];

	put(f->store, "blobs/aa/x", "1");
	assert_int_equal(rmdir(path_of(f, "tmp", path)), 0);
	assert_int_equal(store_put(f->store, "blobs/aa/y", 0, &w, NULL), 0);
	assert_int_equal(store_remove(f->store, "blobs/aa/x", NULL), 0);
	assert_true(exists(f, "blobs/aa"));
	assert_int_equal(rmdir(path_of(f, "blobs/aa", path)), 0);
	assert_int_equal(rmdir(path_of(f, "blobs", path)), 0);
	assert_int_equal(store_commit(w, NULL, NULL), 0);
	assert_listing(f->store, "", "blobs/aa/y ");
}

static void make_old(const struct fixture *f, const char *name)
{
	const struct timespec long_ago[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	char path[PATH_SIZE];

	assert_int_equal(utimensat(AT_FDCWD, path_of(f, name, path), long_ago, 0), 0);
}

static void a_sweep_takes_old_temporary_files_only(void **state)
{
#define DEAD "tmp/00112233445566778899aabbccddeeff"
#define ALIVE "tmp/ff112233445566778899aabbccddeeff"
	struct fixture *f = *state;

	add_folder(f, "tmp");
	add_file(f, DEAD);
	add_file(f, ALIVE);
	add_file(f, "tmp/somebody's-notes");
	add_file(f, "00112233445566778899aabbccddeeff");
	make_old(f, DEAD);
	make_old(f, "tmp/somebody's-notes");
	make_old(f, "00112233445566778899aabbccddeeff");
	store_folder_sweep(f->store, 3600);
	assert_false(exists(f, DEAD));
	assert_true(exists(f, ALIVE));
	assert_true(exists(f, "tmp/somebody's-notes"));
	assert_true(exists(f, "00112233445566778899aabbccddeeff"));
	assert_int_equal(count_names(f, "tmp"), 2);
}

/* ---------------------------------------------------------------- what is not ours */

static void foreign_names_are_passed_over(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE], target[PATH_SIZE];

	put(f->store, "blobs/aa/x", "1");
	add_file(f, "blobs/UPPER");
	add_file(f, "blobs/aa/.nfs00000001");
	add_file(f, "tmp/00112233445566778899aabbccddeeff");
	add_folder(f, "lost+found");
	add_file(f, "lost+found/x");
	add_folder(f, ".snapshot");
	add_file(f, ".snapshot/x");
	path_of(f, "blobs/aa/x", target);
	assert_int_equal(symlink(target, path_of(f, "blobs/link", path)), 0);
	path_of(f, "blobs/aa", target);
	assert_int_equal(symlink(target, path_of(f, "blobs/folder-link", path)), 0);
	assert_int_equal(mkfifo(path_of(f, "blobs/fifo", path), 0644), 0);
	assert_listing(f->store, "", "blobs/aa/x ");
	assert_listing(f->store, "blobs/", "blobs/aa/x ");
	assert_listing(f->store, "blobs/folder-link/", "");
}

static void only_plain_files_are_read(void **state)
{
	static const char *const keys[] = { "blobs/link", "blobs/fifo" };
	struct fixture *f = *state;
	char path[PATH_SIZE];

	put(f->store, "blobs/x", "1");
	assert_int_equal(symlink("x", path_of(f, "blobs/link", path)), 0);
	assert_int_equal(mkfifo(path_of(f, "blobs/fifo", path), 0644), 0);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct store_reader *r;
		struct err err = ERR_INIT;
		assert_int_equal(store_get(f->store, keys[i], 0, &r, &err), ERR_DAMAGED);
		assert_non_null(strstr(err.text, keys[i]));
	}
}

static void a_file_cut_while_open_is_damage(void **state)
{
	struct fixture *f = *state;
	struct store_reader *r;
	struct err err = ERR_INIT;
	char path[PATH_SIZE], bytes[8];

	put(f->store, "blobs/x", "12345678");
	assert_int_equal(store_get(f->store, "blobs/x", 0, &r, NULL), 0);
	path_of(f, "blobs/x", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(store_read(r, 0, bytes, 5, NULL), 0);
	assert_int_equal(store_read(r, 0, bytes, 8, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.text, "blobs/x"));
	store_reader_close(r);
}

static const struct rule rules[] = {
	RULE(a_store_needs_a_folder),
	RULE(modes_are_given_whatever_the_umask),
	RULE(folders_that_exist_keep_their_modes),
	RULE(no_temporary_file_outlives_its_writer),
	RULE(removed_folders_are_made_again),
	RULE(a_sweep_takes_old_temporary_files_only),
	RULE(foreign_names_are_passed_over),
	RULE(only_plain_files_are_read),
	RULE(a_file_cut_while_open_is_damage),
};

int main(void)
{
	return run_rules(&kinds[KIND_FOLDER], rules, ARRAY_SIZE(rules));
}
