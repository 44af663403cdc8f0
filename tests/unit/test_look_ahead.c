/* Look-ahead over a store that counts: what is asked of it, how much at once, and what
 * is left in the end. */
#include <dirent.h>
#include <fcntl.h>

#include "tests/unit/git_sandbox.h"

#include "agent/ahead_plan.h"
#include "agent/git_paths.h"
#include "agent/lfs_config.h"
#include "agent/look_ahead.h"
#include "agent/object_fetch.h"
#include "agent/path_filter.h"
#include "agent/push_ahead.h"
#include "agent/push_refs.h"
#include "codec/common/buf.h"
#include "index/store/store.h"
#include "index/store/store_counted.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/transfer.h"
#include "index/upload.h"

enum { FILES = 200, SIZE = 64 * 1024, INFLIGHT = 32, LARGE = 5 * 1024 * 1024 };

struct object {
	struct oid oid;
	uint64_t size;
};

/* A clone of FILES files that are in the store and not in git-lfs's storage. */
struct world {
	struct sandbox *sandbox;
	struct store *memory, *bucket;
	struct transfer transfer;
	struct lfs_config *config;
	struct git_paths paths;
	struct object objects[FILES];
	size_t count;
};

static void store_object(struct world *w, const void *bytes, size_t n, struct object *out)
{
	struct upload_request request = { .size = n, .path = "object" };
	struct upload_result result;
	struct err err = ERR_INIT;
	struct transfer t;
	int fd = open("object", O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	sha256_of(bytes, n, &request.oid);
	assert_int_equal(transfer_init(&t, w->memory, 1, &err), 0);
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	transfer_wipe(&t);
	unlink("object");
	*out = (struct object){ request.oid, n };
}

static void write_pointer(const char *path, const struct object *o)
{
	char text[256], hex[SHA256_HEX + 1];

	oid_format(&o->oid, hex);
	snprintf(text, sizeof(text),
	         "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %llu\n",
	         hex, (unsigned long long)o->size);
	sandbox_write(path, text);
}

/* Object i of `size` bytes, as `path` in the worktree. */
static void add_file(struct world *w, const char *path, size_t size)
{
	uint8_t *bytes = malloc(size);
	struct object *o = &w->objects[w->count];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)((i * 2654435761u) >> 13 ^ w->count * 37);
	memcpy(bytes, &w->count, sizeof(w->count));
	store_object(w, bytes, size, o);
	free(bytes);
	write_pointer(path, o);
	w->count++;
}

static void open_repository(struct world *w)
{
	struct err err = ERR_INIT;

	assert_int_equal(lfs_config_read(&w->config, &err), 0);
	assert_int_equal(git_paths_find(w->config, &w->paths, &err), 0);
}

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *sandbox = NULL;

	if (sandbox_setup(&sandbox))
		return -1;
	w->sandbox = sandbox;
	*state = w;
	sandbox_git(w->sandbox, "init", "-q", "-b", "main", NULL);
	return store_memory_new(&w->memory, NULL) ||
	       store_counted_new(w->memory, INFLIGHT, &w->bucket, NULL) ||
	       transfer_init(&w->transfer, w->bucket, 2, NULL);
}

static int close_world(void **state)
{
	struct world *w = *state;
	void *sandbox = w->sandbox;

	git_paths_wipe(&w->paths);
	lfs_config_free(w->config);
	transfer_wipe(&w->transfer);
	store_close(w->bucket);
	store_close(w->memory);
	free(w);
	return sandbox_teardown(&sandbox);
}

static void add_small_files(struct world *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[64];
		snprintf(path, sizeof(path), "d%zu/f%zu.bin", i % 3, i);
		add_file(w, path, SIZE - i);
	}
	sandbox_git(w->sandbox, "add", ".", NULL);
	sandbox_git(w->sandbox, "commit", "-q", "-m", "Files", NULL);
	open_repository(w);
}

static struct look_ahead *begin(struct world *w, uint64_t budget)
{
	struct look_ahead *a;
	struct err err = ERR_INIT;

	assert_int_equal(
		look_ahead_new(&w->transfer, &w->paths, w->config, budget, &a, &err), 0);
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

	int rc = look_ahead_take(a, &o->oid, o->size, NULL, NULL, &path, &err);
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
	assert_int_equal(
		look_ahead_take(a, &lost.oid, lost.size, NULL, NULL, &path, &err), 1);
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

/* ---------------------------------------------------------------- pushing */

static void what_a_push_will_offer_is_looked_up_many_at_once(void **state)
{
	struct world *w = *state;
	struct object absent = { { { 9 } }, SIZE };
	struct push_ahead *a;
	struct err err = ERR_INIT;

	write_pointer("new.bin", &absent);
	add_small_files(w, 30);
	store_counted_gather(w->bucket, "objects/", 8);
	assert_int_equal(push_ahead_new(&w->transfer, &w->paths, NULL, &a, &err), 0);
	assert_int_equal(push_ahead_state(a, &w->objects[3].oid), OBJECT_WHOLE);
	assert_int_equal(push_ahead_state(a, &absent.oid), OBJECT_ABSENT);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(push_ahead_state(a, &w->objects[i].oid), OBJECT_WHOLE);
	assert_int_equal(store_counted_total(w->bucket), 31);

	/* Foreseen by nothing. */
	struct oid other = { { 8 } };
	assert_int_equal(push_ahead_state(a, &other), OBJECT_UNKNOWN);
	assert_int_equal(store_counted_get(w->bucket).puts, 0);
	push_ahead_free(a);
}

static void what_is_there_and_ours_takes_no_request_of_its_own(void **state)
{
	static const char repo[] = "0123456789abcdef0123456789abcdef";
	struct world *w = *state;
	struct push_ahead *a;
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	add_small_files(w, 30);
	w->transfer.repo_id = repo;
	for (size_t i = 0; i < 20; i++) {
		key_owner(repo, &w->objects[i].oid, key);
		assert_int_equal(store_put_all(w->memory, key, NULL, 0, &err), 0);
	}
	assert_int_equal(push_ahead_new(&w->transfer, &w->paths, "origin", &a, &err), 0);
	for (size_t i = 0; i < 30; i++) {
		struct upload_request request = { .oid = w->objects[i].oid,
			                          .size = w->objects[i].size,
			                          .path = "is not looked at" };
		struct upload_result result;
		request.state = push_ahead_state(a, &request.oid);
		assert_int_equal(request.state, i < 20 ? OBJECT_OURS : OBJECT_WHOLE);
		assert_int_equal(upload_object(&w->transfer, &request, &result, &err), 0);
		assert_int_equal(result.known, request.size);
	}
	struct store_counts n = store_counted_get(w->bucket);
	assert_int_equal(n.gets, 30);
	assert_int_equal(n.lists, 1);
	assert_int_equal(n.puts, 10);
	push_ahead_free(a);
}

/* An object that git-lfs has and the store has not, as `path` in the worktree. */
static void add_local(struct world *w, const char *path, size_t size)
{
	struct object *o = &w->objects[w->count];
	struct err err = ERR_INIT;
	char *bytes = malloc(size);

	memset(bytes, 'a' + (int)(w->count % 26), size);
	memcpy(bytes, &w->count, sizeof(w->count));
	sha256_of(bytes, size, &o->oid);
	o->size = size;
	w->count++;
	char *local = git_paths_lfs_object(&w->paths, &o->oid);
	char *slash = strrchr(local, '/');
	*slash = 0;
	assert_int_equal(git_paths_make_folder(&w->paths, local, &err), 0);
	*slash = '/';
	int fd = open(local, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	free(local);
	free(bytes);
	write_pointer(path, o);
}

static void commit_local(struct world *w)
{
	sandbox_git(w->sandbox, "add", ".", NULL);
	sandbox_git(w->sandbox, "commit", "-q", "-m", "Files", NULL);
}

enum { LOCAL = 40, LOCAL_LARGE = LOCAL, LOCAL_SECRET };

/* LOCAL small objects and a large one on main, and one on a branch that is not pushed. */
static void make_push(struct world *w)
{
	open_repository(w);
	for (size_t i = 0; i < LOCAL; i++) {
		char path[64];
		snprintf(path, sizeof(path), "f%zu.bin", i);
		add_local(w, path, SIZE - i);
	}
	add_local(w, "large.bin", 2 << 20);
	commit_local(w);
	sandbox_git(w->sandbox, "switch", "-q", "-c", "secret", NULL);
	add_local(w, "secret.bin", SIZE);
	commit_local(w);
	sandbox_git(w->sandbox, "switch", "-q", "main", NULL);
	w->transfer.repo_id = "0123456789abcdef0123456789abcdef";
}

/* As our pre-push hook does. */
static void tell_main(void)
{
	char id[65] = "", line[256];
	struct push_refs refs;
	struct err err = ERR_INIT;
	FILE *f = fopen(".git/refs/heads/main", "r");

	assert_int_equal(fscanf(f, "%64s", id), 1);
	fclose(f);
	snprintf(line, sizeof(line), "refs/heads/main %s refs/heads/main %040d\n", id, 0);
	assert_int_equal(push_refs_parse(line, PUSH_REFS_CLIENT, &refs, &err), 0);
	push_refs_tell(&refs);
	push_refs_wipe(&refs);
}

static void tell_nothing(void)
{
	push_refs_tell(&(struct push_refs)PUSH_REFS_INIT);
}

static bool is_stored(const struct world *w, const struct object *o)
{
	struct transfer t = w->transfer;
	enum object_state state;
	struct err err = ERR_INIT;
	char key[KEY_MAX];
	struct buf owner = BUF_INIT;

	t.store = w->memory;
	assert_int_equal(object_glance(&t, &o->oid, &state, &err), 0);
	key_owner(t.repo_id, &o->oid, key);
	assert_int_equal(store_get_all(w->memory, key, 1, &owner, &err),
	                 state == OBJECT_WHOLE ? 0 : 1);
	buf_wipe(&owner);
	return state == OBJECT_WHOLE;
}

static void small_objects_that_are_pushed_are_stored_ahead(void **state)
{
	struct world *w = *state;
	struct push_ahead *a;
	struct err err = ERR_INIT;

	make_push(w);
	tell_main();
	store_counted_gather(w->bucket, "objects/", 8);
	assert_int_equal(push_ahead_new(&w->transfer, &w->paths, NULL, &a, &err), 0);
	assert_int_equal(push_ahead_state(a, &w->objects[LOCAL_LARGE].oid),
	                 OBJECT_ABSENT);
	for (size_t i = 0; i < LOCAL; i++) {
		assert_int_equal(push_ahead_state(a, &w->objects[i].oid), OBJECT_OURS);
		assert_true(is_stored(w, &w->objects[i]));
	}
	assert_false(is_stored(w, &w->objects[LOCAL_LARGE]));
	assert_false(is_stored(w, &w->objects[LOCAL_SECRET]));
	assert_int_equal(store_counted_get(w->bucket).puts, 2 * LOCAL);

	/* What they were not told of they look up, and no more. */
	assert_int_equal(push_ahead_state(a, &w->objects[LOCAL_SECRET].oid),
	                 OBJECT_ABSENT);
	assert_int_equal(store_counted_get(w->bucket).puts, 2 * LOCAL);
	push_ahead_free(a);
	tell_nothing();
}

static void nothing_is_stored_ahead_where_nobody_told_what_is_pushed(void **state)
{
	struct world *w = *state;
	struct push_ahead *a;
	struct err err = ERR_INIT;

	make_push(w);
	tell_nothing();
	assert_int_equal(push_ahead_new(&w->transfer, &w->paths, NULL, &a, &err), 0);
	for (size_t i = 0; i < LOCAL; i++)
		assert_int_equal(push_ahead_state(a, &w->objects[i].oid), OBJECT_ABSENT);
	assert_int_equal(store_counted_get(w->bucket).puts, 0);
	push_ahead_free(a);
}

/* It is not stored, and is told when git-lfs offers it: by the upload. */
static void a_damaged_object_is_not_stored_ahead(void **state)
{
	struct world *w = *state;
	struct push_ahead *a;
	struct err err = ERR_INIT;

	make_push(w);
	tell_main();
	char *local = git_paths_lfs_object(&w->paths, &w->objects[3].oid);
	int fd = open(local, O_WRONLY);
	assert_int_equal(pwrite(fd, "?", 1, 100), 1);
	close(fd);
	free(local);
	assert_int_equal(push_ahead_new(&w->transfer, &w->paths, NULL, &a, &err), 0);
	assert_int_equal(push_ahead_state(a, &w->objects[3].oid), OBJECT_ABSENT);
	assert_false(is_stored(w, &w->objects[3]));
	for (size_t i = 0; i < LOCAL; i++)
		assert_int_equal(push_ahead_state(a, &w->objects[i].oid) == OBJECT_OURS,
		                 is_stored(w, &w->objects[i]));
	push_ahead_free(a);
	tell_nothing();
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
		CASE(what_a_push_will_offer_is_looked_up_many_at_once),
		CASE(what_is_there_and_ours_takes_no_request_of_its_own),
		CASE(small_objects_that_are_pushed_are_stored_ahead),
		CASE(nothing_is_stored_ahead_where_nobody_told_what_is_pushed),
		CASE(a_damaged_object_is_not_stored_ahead),
		CASE(of_large_objects_one_is_ahead),
	};

	return cmocka_run_group_tests_name("look-ahead", tests, NULL, NULL);
}
