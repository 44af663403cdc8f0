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

/* What is made in a store whose folder has the mode `root`, by somebody with this umask
 * whose repository asks for `asked`, has these modes. */
static void assert_made_modes(mode_t root, mode_t mask, struct store_folder_modes asked,
                              struct store_folder_modes made)
{
	struct fixture f = { NULL, "" };

	scratch_folder_new(f.folder);
	assert_int_equal(chmod(f.folder, root), 0);
	assert_int_equal(store_folder_open(f.folder, &asked, &f.store, NULL), 0);
	mode_t before = umask(mask);
	put(f.store, "blobs/aa/bb/x", "1");
	put(f.store, "zllm.json", "2");
	umask(before);
	assert_int_equal(mode_of(&f, "blobs/aa/bb/x"), made.file);
	assert_int_equal(mode_of(&f, "zllm.json"), made.file);
	assert_int_equal(mode_of(&f, "tmp"), made.folder);
	assert_int_equal(mode_of(&f, "blobs"), made.folder);
	assert_int_equal(mode_of(&f, "blobs/aa"), made.folder);
	assert_int_equal(mode_of(&f, "blobs/aa/bb"), made.folder);
	store_close(f.store);
	scratch_folder_remove(f.folder);
}

static void what_is_made_gets_the_mode_of_the_store_whatever_the_umask(void **state)
{
	static const struct store_folder_modes own = { 0444, 0755 }, shy = { 0400, 0700 };
	static const mode_t masks[] = { 0, 002, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		mode_t mask = masks[i];
		assert_made_modes(0755, mask, own, own);
		assert_made_modes(0755, mask, shy, own);
		assert_made_modes(0700, mask, own, shy);
		assert_made_modes(0750, mask, own,
		                  (struct store_folder_modes){ 0440, 0750 });
		assert_made_modes(02775, mask, shy,
		                  (struct store_folder_modes){ 0444, 02775 });
		assert_made_modes(02770, mask, own,
		                  (struct store_folder_modes){ 0440, 02770 });
		assert_made_modes(03777, mask, shy,
		                  (struct store_folder_modes){ 0444, 03777 });
	}
}

static void what_core_sharedRepository_asks_is_added_to_the_mode_of_the_store(
	void **state)
{
	const struct store_folder_modes group = { 0440, 02770 };

	(void)state;
	assert_made_modes(0755, 022, group, (struct store_folder_modes){ 0444, 02775 });
	assert_made_modes(0700, 077, group, (struct store_folder_modes){ 0440, 02770 });
}

static void what_is_made_gets_the_group_of_the_store(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE];
	struct stat st;

	if (chown(f->folder, (uid_t)-1, 4000)) {
		print_message("skipped: only root can give a folder to any group\n");
		skip();
	}
	store_close(f->store);
	assert_int_equal(store_folder_open(f->folder, &modes, &f->store, NULL), 0);
	put(f->store, "blobs/aa/x", "1");
	static const char *const names[] = { "tmp", "blobs", "blobs/aa", "blobs/aa/x" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(stat(path_of(f, names[i], path), &st), 0);
		assert_int_equal(st.st_gid, 4000);
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

/* Makes "shared/a/b" in a folder of mode `above`. */
static void assert_created_modes(mode_t above, mode_t mask, mode_t asked, mode_t made)
{
	const struct store_folder_modes wanted = { asked & 0444, asked };
	struct fixture f = { NULL, "" };
	char path[PATH_SIZE];

	scratch_folder_new(f.folder);
	add_folder(&f, "shared");
	assert_int_equal(chmod(path_of(&f, "shared", path), above), 0);
	mode_t before = umask(mask);
	assert_int_equal(
		store_folder_create(path_of(&f, "shared/a/b", path), &wanted, NULL), 0);
	umask(before);
	assert_int_equal(mode_of(&f, "shared/a"), made);
	assert_int_equal(mode_of(&f, "shared/a/b"), made);
	assert_int_equal(count_names(&f, "shared"), 1);
	scratch_folder_remove(f.folder);
}

static void a_store_made_in_a_folder_of_a_group_is_the_groups(void **state)
{
	(void)state;
	assert_created_modes(02775, 022, 0755, 02775);
	assert_created_modes(02775, 002, 0775, 02775);
	assert_created_modes(02775, 077, 0700, 02770);
	assert_created_modes(02770, 022, 0755, 02775);
	assert_created_modes(02755, 022, 0755, 02755);
	assert_created_modes(0775, 022, 0755, 0755);
	assert_created_modes(01777, 022, 0755, 0755);
	assert_created_modes(0755, 077, 02770, 02770);
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
	char path[PATH_SIZE];

	put(f->store, "blobs/aa/x", "1");
	assert_int_equal(symlink("x", path_of(f, "LINK", path)), 0);
	add_file(f, "blobs/UPPER");
	add_file(f, "blobs/aa/.nfs00000001");
	add_file(f, "tmp/00112233445566778899aabbccddeeff");
	add_folder(f, "lost+found");
	add_file(f, "lost+found/x");
	add_folder(f, ".snapshot");
	add_file(f, ".snapshot/x");
	assert_int_equal(mkfifo(path_of(f, "blobs/fifo", path), 0644), 0);
	assert_listing(f->store, "", "blobs/aa/x ");
	assert_listing(f->store, "blobs/", "blobs/aa/x ");
}

/* Moves the folder or file `name` of the store to `to`, and leaves a link. */
static void move_away(const struct fixture *f, const char *name, const char *to)
{
	char path[PATH_SIZE], target[PATH_SIZE];

	path_of(f, name, path);
	path_of(f, to, target);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
}

/* Every verb that meets the link says its name and what to do; none takes it for
 * absence, and nothing is put where it leads. */
static void assert_refused(struct store *s, const char *key, const char *prefix,
                           const char *link)
{
	struct store_reader *r;
	struct buf b = BUF_INIT;
	struct err err[4] = { ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT };

	assert_true(store_get(s, key, 0, &r, &err[0]) < 0);
	assert_true(store_put_all(s, key, "new", 3, &err[1]) < 0);
	assert_true(store_remove(s, key, &err[2]) < 0);
	assert_true(store_list(s, prefix, collect, &b, &err[3]) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(err); i++) {
		assert_non_null(strstr(err[i].text, link));
		assert_non_null(strstr(err[i].text, "mount --bind"));
	}
	buf_wipe(&b);
}

static void a_link_in_place_of_a_folder_is_refused_by_every_verb(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE];

	put(f->store, "blobs/aa/bb/x", "1");
	put(f->store, "objects/x", "1");
	move_away(f, "blobs", "BIG");
	assert_refused(f->store, "blobs/aa/bb/x", "blobs/", "blobs is a symbolic link");
	assert_refused(f->store, "blobs/aa/bb/new", "blobs/aa/",
	               "blobs is a symbolic link");
	assert_refused(f->store, "blobs/new/x", "blobs/aa/bb/x",
	               "blobs is a symbolic link");
	assert_int_equal(count_names(f, "BIG"), 1);
	assert_int_equal(count_names(f, "BIG/aa/bb"), 1);
	assert_listing(f->store, "objects/", "objects/x ");
	assert_int_equal(unlink(path_of(f, "blobs", path)), 0);
	/* Deeper, dangling, and in a circle. */
	put(f->store, "blobs/cc/dd/x", "1");
	move_away(f, "blobs/cc/dd", "BIG/dd");
	assert_refused(f->store, "blobs/cc/dd/x", "blobs/",
	               "blobs/cc/dd is a symbolic link");
	assert_int_equal(symlink("nowhere", path_of(f, "owners", path)), 0);
	assert_refused(f->store, "owners/a/b", "owners/", "owners is a symbolic link");
	assert_int_equal(symlink("bases", path_of(f, "bases", path)), 0);
	assert_refused(f->store, "bases/a/b", "bases/", "bases is a symbolic link");
}

static void a_link_in_place_of_tmp_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	put(f->store, "blobs/x", "1");
	move_away(f, "tmp", "BIG");
	assert_true(store_put_all(f->store, "blobs/y", "1", 1, &err) < 0);
	assert_non_null(strstr(err.text, "tmp is a symbolic link"));
	store_folder_sweep(f->store, -3600);
	assert_int_equal(count_names(f, "BIG"), 0);
}

static void a_link_in_place_of_a_value_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	put(f->store, "blobs/aa/x", "1");
	move_away(f, "blobs/aa/x", "ELSEWHERE");
	assert_int_equal(store_list(f->store, "blobs/aa/", collect, &b, &err),
	                 ERR_DAMAGED);
	assert_non_null(strstr(err.text, "blobs/aa/x is a symbolic link"));
	buf_wipe(&b);
}

static void the_stores_own_folder_may_be_reached_by_a_link(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE];
	struct store *s;

	put(f->store, "blobs/x", "1");
	assert_int_equal(symlink(f->folder, path_of(f, "LINK", path)), 0);
	assert_int_equal(store_folder_open(path, &modes, &s, NULL), 0);
	assert_listing(s, "blobs/", "blobs/x ");
	put(s, "blobs/y", "2");
	assert_value(f->store, "blobs/y", "2");
	store_close(s);
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
	RULE(what_is_made_gets_the_mode_of_the_store_whatever_the_umask),
	RULE(what_core_sharedRepository_asks_is_added_to_the_mode_of_the_store),
	RULE(what_is_made_gets_the_group_of_the_store),
	RULE(a_store_made_in_a_folder_of_a_group_is_the_groups),
	RULE(folders_that_exist_keep_their_modes),
	RULE(no_temporary_file_outlives_its_writer),
	RULE(removed_folders_are_made_again),
	RULE(a_sweep_takes_old_temporary_files_only),
	RULE(foreign_names_are_passed_over),
	RULE(a_link_in_place_of_a_folder_is_refused_by_every_verb),
	RULE(a_link_in_place_of_tmp_is_refused),
	RULE(a_link_in_place_of_a_value_is_refused),
	RULE(the_stores_own_folder_may_be_reached_by_a_link),
	RULE(only_plain_files_are_read),
	RULE(a_file_cut_while_open_is_damage),
};

int main(void)
{
	return run_rules(&kinds[KIND_FOLDER], rules, ARRAY_SIZE(rules));
}
