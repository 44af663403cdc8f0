/* What a push looks up and stores before git-lfs offers it. */
#include "tests/unit/ahead_world.h"

#include "agent/git/push_refs.h"
#include "agent/session/push_ahead.h"
#include "codec/common/buf.h"
#include "index/blob/transfer.h"
#include "index/store/store_keys.h"

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
	struct object_asked asked = { &o->oid, NULL };
	assert_int_equal(object_glance(&t, &asked, &state, &err), 0);
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
		CASE(what_a_push_will_offer_is_looked_up_many_at_once),
		CASE(what_is_there_and_ours_takes_no_request_of_its_own),
		CASE(small_objects_that_are_pushed_are_stored_ahead),
		CASE(nothing_is_stored_ahead_where_nobody_told_what_is_pushed),
		CASE(a_damaged_object_is_not_stored_ahead),
	};

	return cmocka_run_group_tests_name("push-ahead", tests, NULL, NULL);
}
