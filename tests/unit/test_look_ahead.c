/* Look-ahead over a store that counts: what is asked of it, how much at once, and what
 * is left in the end. */
#include <dirent.h>

#include "tests/unit/ahead_world.h"

#include "agent/session/ahead_plan.h"
#include "agent/session/look_ahead.h"
#include "agent/session/object_fetch.h"
#include "agent/session/path_filter.h"
#include "index/blob/transfer.h"

static struct look_ahead *begin(struct world *w, uint64_t budget)
{
	struct look_ahead_options options = { &w->transfer, &w->paths, w->config,
		                              budget };
	struct look_ahead *a;
	struct err err = ERR_INIT;

	assert_int_equal(look_ahead_new(&options, &a, &err), 0);
	return a;
}

static char *fetch(struct world *w, const struct object *o)
{
	struct object_fetch request = { .oid = o->oid, .size = o->size };
	struct fetched fetched;
	struct err err = ERR_INIT;
	char *path;

	if (object_fetch(&w->transfer, &w->paths, &request, &fetched, &err))
		fail_msg("%s", err.text);
	assert_int_equal(fetched_keep(&fetched, &w->paths, &path, &err), 0);
	return path;
}

/* Asks as the session does, and takes the file as git-lfs does. True when it was there
 * ahead. */
static bool ask(struct world *w, struct look_ahead *a, const struct object *o)
{
	struct err err = ERR_INIT;
	struct oid found;
	char *path = NULL;

	struct object_fetch wanted = { .oid = o->oid, .size = o->size };
	int rc = look_ahead_take(a, &wanted, &path, &err);
	assert_true(rc >= 0);
	if (rc)
		path = fetch(w, o);
	look_ahead_done(a);
	uint8_t *bytes = malloc(o->size);
	int fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, bytes, o->size), o->size);
	assert_true(sha256_of(bytes, o->size, &found) && oid_equal(&found, &o->oid));
	close(fd);
	assert_int_equal(unlink(path), 0);
	free(path);
	free(bytes);
	return !rc;
}

/* Files below `folder`, which may not be there. */
static size_t count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *d;
	size_t count = 0;

	while (dir && (d = readdir(dir))) {
		char path[8192];
		struct stat st;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (lstat(path, &st) == 0)
			count += S_ISDIR(st.st_mode) ? count_files(path) : 1;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* ---------------------------------------------------------------- the plan */

static void the_plan_is_what_is_missing_largest_first_in_batches(void **state)
{
	struct world *w = *state;
	struct lfs_objects plan;
	struct err err = ERR_INIT;
	char *path;

	add_small_files(w, 150);
	path = git_paths_lfs_object(&w->paths, &w->objects[7].oid);
	sandbox_write(path, "is there");
	free(path);
	assert_int_equal(
		ahead_plan_make(&w->paths, w->config, &w->objects[0].oid, &plan, &err),
		0);
	assert_int_equal(plan.count, 149);
	for (size_t i = 0; i < plan.count; i++) {
		assert_false(oid_equal(&plan.list[i].oid, &w->objects[7].oid));
		if (i % 100)
			assert_true(plan.list[i - 1].size >= plan.list[i].size);
	}
	/* d0 and d1 have 99 files: the first batch has one of d2. */
	size_t of_d2 = 0;
	for (size_t i = 0; i < 100; i++)
		of_d2 += strncmp(plan.list[i].path, "d2", 2) == 0;
	assert_int_equal(of_d2, 1);
	lfs_objects_wipe(&plan);

	/* An object that is in no tree: nothing to say. */
	struct oid other = { { 1 } };
	assert_int_equal(ahead_plan_make(&w->paths, w->config, &other, &plan, &err), 0);
	assert_int_equal(plan.count, 0);
	lfs_objects_wipe(&plan);
}

static void the_plan_leaves_out_what_git_lfs_does_not_fetch(void **state)
{
	struct world *w = *state;
	struct lfs_objects plan;
	struct err err = ERR_INIT;

	add_small_files(w, 12);
	git_paths_wipe(&w->paths);
	lfs_config_free(w->config);
	sandbox_git(w->sandbox, "config", "lfs.fetchexclude", "d1, *7.bin", NULL);
	open_repository(w);
	assert_int_equal(
		ahead_plan_make(&w->paths, w->config, &w->objects[0].oid, &plan, &err),
		0);
	assert_int_equal(plan.count, 8);
	for (size_t i = 0; i < plan.count; i++)
		assert_true(strncmp(plan.list[i].path, "d1/", 3) != 0);
	lfs_objects_wipe(&plan);
}

static void patterns_are_those_of_git_lfs(void **state)
{
	(void)state;
	assert_true(path_filter_matches("*.bin", "a/b/c.bin"));
	assert_true(path_filter_matches("b", "a/b/c.bin"));
	assert_true(path_filter_matches("a/b", "a/b/c.bin"));
	assert_true(path_filter_matches("a/", "a/b/c.bin"));
	assert_true(path_filter_matches("/a", "a/b/c.bin"));
	assert_true(path_filter_matches("x, a/*", "a/b/c.bin"));
	assert_true(path_filter_matches("a/**", "a/b/c.bin"));
	assert_true(path_filter_matches("a/**/c.bin", "a/b/d/c.bin"));
	assert_false(path_filter_matches("/b", "a/b/c.bin"));
	assert_false(path_filter_matches("b/c.bin", "a/b/c.bin"));
	assert_false(path_filter_matches("c", "a/b/c.bin"));
	assert_false(path_filter_matches("", "a"));
	assert_false(path_filter_matches(",, ,/", "a"));
	assert_true(path_filter_allows(NULL, NULL, "a"));
	assert_true(path_filter_allows("", "", "a"));
	assert_false(path_filter_allows("b", NULL, "a"));
	assert_false(path_filter_allows("a", "a", "a"));
}

/* ---------------------------------------------------------------- fetching ahead */

static void small_files_are_fetched_many_at_once_with_one_request_each(void **state)
{
	struct world *w = *state;

	add_small_files(w, FILES);
	/* Were they fetched one after the other, this would wait in vain. */
	store_counted_gather(w->bucket, "objects/", 12);
	struct look_ahead *a = begin(w, 1 << 30);
	size_t ahead = 0;
	assert_false(ask(w, a, &w->objects[0]));
	for (size_t i = 1; i < FILES; i++)
		ahead += ask(w, a, &w->objects[i]);
	look_ahead_free(a);
	struct store_counts n = store_counted_get(w->bucket);
	print_message("%d of %d were ahead, by %d requests, %d at once\n", (int)ahead,
	              FILES - 1, (int)store_counted_total(w->bucket), (int)n.peak);
	assert_int_equal(n.gets, FILES);
	assert_int_equal(store_counted_total(w->bucket), n.gets);
	assert_true(n.peak >= 12 && n.peak <= INFLIGHT + 1);
	assert_true(ahead >= 11);
	assert_int_equal(count_files(w->paths.lfs_tmp), 0);
}

static void what_nobody_asked_for_is_bounded_and_goes(void **state)
{
	struct world *w = *state;

	add_small_files(w, FILES);
	store_counted_gather(w->bucket, "objects/", 12);
	struct look_ahead *a = begin(w, 1 << 30);
	assert_false(ask(w, a, &w->objects[0]));
	/* The next is under way or waits for us to see it. */
	ask(w, a, &w->objects[1]);
	look_ahead_free(a);
	assert_true(store_counted_get(w->bucket).gets <= 16 + 8 * 2 + 2);
	assert_int_equal(count_files(w->paths.lfs_tmp), 0);
	assert_int_equal(count_files(".git/zllm"), 0);
}

static void the_budget_is_kept(void **state)
{
	struct world *w = *state;

	add_small_files(w, 20);
	struct look_ahead *a = begin(w, SIZE / 2); /* no file fits in */
	for (size_t i = 0; i < 20; i++)
		assert_false(ask(w, a, &w->objects[i]));
	look_ahead_free(a);
	assert_int_equal(store_counted_total(w->bucket), 20);
}

static void an_object_that_the_store_lacks_is_told_when_it_is_asked_for(void **state)
{
	struct world *w = *state;
	struct object lost = { { { 9 } }, SIZE };
	struct err err = ERR_INIT;
	char *path;

	write_pointer("a-lost.bin", &lost);
	add_small_files(w, 20);
	store_counted_gather(w->bucket, "objects/", 8);
	struct look_ahead *a = begin(w, 1 << 30);
	ask(w, a, &w->objects[0]);
	size_t ahead = 0;
	for (size_t i = 1; i < 20; i++)
		ahead += ask(w, a, &w->objects[i]);
	print_message("%d of 19 were ahead\n", (int)ahead);
	struct object_fetch wanted = { .oid = lost.oid, .size = lost.size };
	assert_int_equal(look_ahead_take(a, &wanted, &path, &err), 1);
	look_ahead_done(a);
	look_ahead_free(a);
	assert_int_equal(count_files(w->paths.lfs_tmp), 0);
}

static void of_large_objects_one_is_ahead(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 4; i++) {
		char path[16];
		snprintf(path, sizeof(path), "%zu.bin", i);
		add_file(w, path, LARGE - i * 1000);
	}
	sandbox_git(w->sandbox, "add", ".", NULL);
	sandbox_git(w->sandbox, "commit", "-q", "-m", "Files", NULL);
	open_repository(w);
	struct look_ahead *a = begin(w, 1 << 30);
	for (size_t i = 0; i < 4; i++)
		ask(w, a, &w->objects[i]);
	look_ahead_free(a);
	assert_int_equal(count_files(w->paths.lfs_tmp), 0);
	assert_int_equal(count_files(".git/zllm"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
		CASE(the_plan_is_what_is_missing_largest_first_in_batches),
		CASE(the_plan_leaves_out_what_git_lfs_does_not_fetch),
		cmocka_unit_test(patterns_are_those_of_git_lfs),
		CASE(small_files_are_fetched_many_at_once_with_one_request_each),
		CASE(what_nobody_asked_for_is_bounded_and_goes),
		CASE(the_budget_is_kept),
		CASE(an_object_that_the_store_lacks_is_told_when_it_is_asked_for),
		CASE(of_large_objects_one_is_ahead),
	};

	return cmocka_run_group_tests_name("look-ahead", tests, NULL, NULL);
}
