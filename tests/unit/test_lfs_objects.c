#include "agent/cmd/push_check.h"
#include "agent/git/lfs_objects.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "tests/unit/git_sandbox.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The paths of the objects that the revisions need, in order of path. */
static void assert_needed(const char *revisions, const char *const *arguments,
                          const char *expected)
{
	struct lfs_objects objects = LFS_OBJECTS_INIT;
	struct buf lines = BUF_INIT, seen = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add_str(&lines, revisions);
	if (lfs_objects_add(&objects, &lines, arguments, &err))
		fail_msg("%s", err.text);
	lfs_objects_unique(&objects);
	for (size_t i = 0; i < objects.count; i++)
		buf_addf(&seen, "%s:%llu ", objects.list[i].path,
		         (unsigned long long)objects.list[i].size);
	assert_string_equal(buf_text(&seen), expected);
	lfs_objects_wipe(&objects);
	buf_wipe(&lines);
	buf_wipe(&seen);
}

static void make_history(struct sandbox *s)
{
	sandbox_point("a b.bin", "v1", 1);
	sandbox_point("copy.bin", "v1", 1);
	sandbox_point("empty.bin", "", 0);
	sandbox_write("text", "no pointer\n");
	sandbox_write("empty", "");
	sandbox_commit(s);
	sandbox_point("a b.bin", "v2", 2);
	sandbox_point("d/new.bin", "x", 3);
	sandbox_commit(s);
}

static void all_of_a_history_is_needed_each_object_once(void **state)
{
	sandbox_init(*state);
	make_history(*state);
	assert_needed("HEAD\n", NULL, "a b.bin:2 copy.bin:1 d/new.bin:3 ");
	assert_needed("", WORDS("--all"), "a b.bin:2 copy.bin:1 d/new.bin:3 ");
}

static void a_tree_alone_and_new_commits_alone(void **state)
{
	sandbox_init(*state);
	make_history(*state);
	assert_needed("HEAD\n", WORDS("--no-walk"), "a b.bin:2 copy.bin:1 d/new.bin:3 ");
	assert_needed("HEAD\n^HEAD~1\n", NULL, "a b.bin:2 d/new.bin:3 ");
	assert_needed("HEAD\n^1234567890123456789012345678901234567890\n^HEAD~1\n",
	              WORDS("--ignore-missing"), "a b.bin:2 d/new.bin:3 ");
}

static void nothing_is_needed_where_nothing_is(void **state)
{
	sandbox_init(*state);
	assert_needed("", WORDS("--all"), "");
	sandbox_commit(*state);
	assert_needed("HEAD\n", NULL, "");
	assert_needed("HEAD\n^HEAD\n", NULL, "");
}

static void repositories_of_every_kind_answer(void **state)
{
	static const char all[] = "a b.bin:2 copy.bin:1 d/new.bin:3 ";
	char url[4200];

	sandbox_git(*state, "init", "-q", "--object-format=sha256", "sha256", NULL);
	assert_int_equal(chdir("sha256"), 0);
	make_history(*state);
	assert_needed("HEAD\n", NULL, all);
	assert_int_equal(chdir(".."), 0);
	sandbox_init(*state);
	make_history(*state);
	sandbox_git(*state, "config", "uploadpack.allowFilter", "true", NULL);
	snprintf(url, sizeof(url), "file://%s/repo", ((struct sandbox *)*state)->root);
	sandbox_git(*state, "clone", "-q", "--bare", url, "../bare", NULL);
	sandbox_git(*state, "clone", "-q", "--depth=1", url, "../shallow", NULL);
	sandbox_git(*state, "clone", "-q", "--filter=blob:none", url, "../partial", NULL);
	assert_int_equal(chdir("../bare"), 0);
	assert_needed("HEAD\n", NULL, all);
	assert_int_equal(chdir("../shallow"), 0);
	assert_needed("HEAD\n", NULL, "a b.bin:2 copy.bin:1 d/new.bin:3 ");
	/* what was never fetched is not asked for: a clone cannot know it */
	assert_int_equal(chdir("../partial"), 0);
	sandbox_git(*state, "config", "remote.origin.url", "/nowhere", NULL);
	assert_needed("HEAD\n", NULL, "a b.bin:2 copy.bin:1 d/new.bin:3 ");
}

static void an_unknown_revision_is_wrong_input(void **state)
{
	struct lfs_objects objects = LFS_OBJECTS_INIT;
	struct buf lines = BUF_INIT;

	sandbox_init(*state);
	sandbox_commit(*state);
	buf_add_str(&lines, "no-such-branch\n");
	assert_int_equal(lfs_objects_add(&objects, &lines, NULL, NULL), ERR_INPUT);
	assert_int_equal(objects.count, 0);
	buf_wipe(&lines);
}

static void what_another_list_has_is_taken_out(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct lfs_objects all = LFS_OBJECTS_INIT, some = LFS_OBJECTS_INIT;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct lfs_object object = { sandbox_oid(names[i]), 1,
			                     (char *)(uintptr_t)names[i] };
		assert_int_equal(lfs_objects_append(&all, &object, NULL), 0);
		object.path = (char *)(uintptr_t) "of another name";
		if (i % 2)
			assert_int_equal(lfs_objects_append(&some, &object, NULL), 0);
	}
	assert_int_equal(lfs_objects_remove(&all, &some, NULL), 0);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].path, "a");
	assert_string_equal(all.list[1].path, "c");
	assert_int_equal(lfs_objects_remove(&all, &some, NULL), 0);
	assert_int_equal(all.count, 2);
	lfs_objects_wipe(&all);
	lfs_objects_wipe(&some);
}

static void what_the_store_lacks_is_missing(void **state)
{
	struct lfs_objects needed = LFS_OBJECTS_INIT, missing = LFS_OBJECTS_INIT;
	static const char *const names[] = { "a", "b", "c" };
	struct store *store = NULL;
	struct manifest empty = { .extents = { .model = MODEL_OPAQUE } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct lfs_object object = { sandbox_oid(names[i]), 1,
			                     (char *)(uintptr_t)names[i] };
		assert_int_equal(lfs_objects_append(&needed, &object, NULL), 0);
	}
	assert_int_equal(store_memory_new(&store, NULL), 0);
	empty.oid = needed.list[1].oid;
	assert_int_equal(manifest_put(store, &empty, NULL, NULL), 0);
	assert_int_equal(push_check_run(store, &needed, &missing, NULL), 0);
	assert_int_equal(missing.count, 2);
	assert_string_equal(missing.list[0].path, "a");
	assert_string_equal(missing.list[1].path, "c");
	lfs_objects_wipe(&needed);
	lfs_objects_wipe(&missing);
	store_close(store);
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(all_of_a_history_is_needed_each_object_once),
		IN_SANDBOX(a_tree_alone_and_new_commits_alone),
		IN_SANDBOX(nothing_is_needed_where_nothing_is),
		IN_SANDBOX(repositories_of_every_kind_answer),
		IN_SANDBOX(an_unknown_revision_is_wrong_input),
		cmocka_unit_test(what_another_list_has_is_taken_out),
		cmocka_unit_test(what_the_store_lacks_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
