/* What is set aside is out of sight and not lost; checked for each kind of store, for
 * what only a folder can hold, and for what a bucket is asked. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "index/store/trash_keys.h"
#include "tests/unit/s3_script.h"
#include "tests/unit/store_fixture.h"

#define ID "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
#define B1 "00112233445566778899aabbccddeeff"
#define REPO "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
#define NAME16 "0123456789abcdef"
#define SKETCH                                                             \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	"202122232425262728292a2b2c2d2e2f"

/* A key of each kind that can be set aside, and how its entry begins. */
static const struct {
	const char *key, *entry;
} keys_of_kinds[] = {
	{ "objects/ab/" ID, "trash/ab/cd/objects-" ID "@" },
	{ "blobs/ab/cd/" ID, "trash/ab/cd/" ID "@" },
	{ "blobs/ab/cd/" ID "~" B1, "trash/ab/cd/" ID "~" B1 "@" },
	{ "blobs/ab/cd/" ID "~" B1 "~" B1 "~" B1,
	  "trash/ab/cd/" ID "~" B1 "~" B1 "~" B1 "@" },
	{ "owners/" REPO "/" ID, "trash/ab/cd/owners-" ID "-" REPO "@" },
	{ "names/" B1 "/" REPO, "trash/00/11/names-" B1 "-" REPO "@" },
	{ "annexes/" REPO "/ab/" ID "-" ID,
	  "trash/ab/cd/annexes-" ID "-" ID "-" REPO "@" },
	{ "bases/" NAME16 "/ab/" SKETCH "-" ID "~" ID,
	  "trash/ab/cd/bases-" ID "~" ID "@" },
};

static void set_aside(struct store *s, const char *key, char trash[KEY_MAX])
{
	struct err err = ERR_INIT;

	if (store_set_aside(s, key, trash, &err))
		fail_msg("%s: %s", key, err.text);
}

/* ---------------------------------------------------------------- every store */

static void what_is_set_aside_lies_in_trash_under_a_name_that_says_what_it_was(
	void **state)
{
	struct store *s = store_of(state);
	char trash[KEY_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(keys_of_kinds); i++) {
		const char *key = keys_of_kinds[i].key, *entry = keys_of_kinds[i].entry;
		put(s, key, "of old");
		set_aside(s, key, trash);
		assert_absent(s, key);
		assert_value(s, trash, "of old");
		assert_memory_equal(trash, entry, strlen(entry));
		assert_int_equal(strlen(trash), strlen(entry) + KEY_NONCE_HEX);
		assert_true(key_is_trash(trash));
		assert_true(key_valid(trash));
	}
}

static void a_key_that_was_set_aside_takes_another_value(void **state)
{
	struct store *s = store_of(state);
	const char *key = keys_of_kinds[0].key;
	char first[KEY_MAX], second[KEY_MAX];

	put(s, key, "one");
	set_aside(s, key, first);
	put(s, key, "two");
	assert_value(s, key, "two");
	set_aside(s, key, second);
	assert_string_not_equal(first, second);
	assert_value(s, first, "one");
	assert_value(s, second, "two");
}

static void a_reader_that_is_open_goes_on_in_a_folder(void **state)
{
	struct store *s = store_of(state);
	char trash[KEY_MAX], text[4] = "";
	struct store_reader *r;

	put(s, keys_of_kinds[0].key, "old");
	assert_int_equal(store_get(s, keys_of_kinds[0].key, 0, &r, NULL), 0);
	set_aside(s, keys_of_kinds[0].key, trash);
	if (!s->remote) {
		assert_int_equal(store_read(r, 0, text, 3, NULL), 0);
		assert_string_equal(text, "old");
	}
	store_reader_close(r);
}

static void a_key_that_is_not_there_is_an_answer(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	char trash[KEY_MAX];

	assert_int_equal(store_set_aside(s, keys_of_kinds[1].key, trash, &err), 1);
	assert_int_equal(err.code, 0);
	assert_listing(s, "", "");
}

static void what_is_never_set_aside_is_refused(void **state)
{
	static const char *const keys[] = { KEY_STORE_FILE, "trash/ab/cd/" ID "@" B1,
		                            "probe/x", "objects/ab/x", "OBJECTS" };
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct err err = ERR_INIT;
		char trash[KEY_MAX];
		assert_int_equal(store_set_aside(s, keys[i], trash, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, keys[i]));
	}
}

static void what_was_set_aside_is_given_back_and_its_entry_stays(void **state)
{
	struct store *s = store_of(state);
	char trash[KEY_MAX];

	put(s, keys_of_kinds[1].key, "good");
	set_aside(s, keys_of_kinds[1].key, trash);
	assert_int_equal(store_restore(s, trash, keys_of_kinds[1].key, NULL), 0);
	assert_value(s, keys_of_kinds[1].key, "good");
	assert_value(s, trash, "good");
}

static void a_key_that_came_meanwhile_is_not_replaced_by_what_is_given_back(void **state)
{
	struct store *s = store_of(state);
	char trash[KEY_MAX];

	put(s, keys_of_kinds[1].key, "old");
	set_aside(s, keys_of_kinds[1].key, trash);
	put(s, keys_of_kinds[1].key, "new");
	assert_int_equal(store_restore(s, trash, keys_of_kinds[1].key, NULL), 0);
	assert_value(s, keys_of_kinds[1].key, "new");
	assert_int_equal(
		store_restore(s, "trash/ab/cd/" ID "@" B1, keys_of_kinds[1].key, NULL),
		1);
}

/* What commit() says of the key. */
static bool existed(struct store *s, const char *key, const char *text)
{
	struct store_writer *w;
	bool was_there = false;

	assert_int_equal(store_put(s, key, 0, &w, NULL), 0);
	w->existed = &was_there;
	assert_int_equal(store_write(w, text, strlen(text), NULL), 0);
	assert_int_equal(store_commit(w, NULL, NULL), 0);
	return was_there;
}

static void who_puts_hears_whether_the_key_was_there(void **state)
{
	struct store *s = store_of(state);

	assert_false(existed(s, keys_of_kinds[1].key, "first"));
	assert_true(existed(s, keys_of_kinds[1].key, "second"));
	assert_value(s, keys_of_kinds[1].key, "first");
}

static void what_lies_in_trash_of_a_blob_is_found_by_its_prefix(void **state)
{
	struct store *s = store_of(state);
	struct trash_key key;
	char prefix[KEY_MAX], trash[KEY_MAX], keys[3 * KEY_MAX];
	struct oid id;

	assert_true(oid_parse(ID, &id));
	put(s, keys_of_kinds[0].key, "m");
	set_aside(s, keys_of_kinds[0].key, trash);
	key_trash_objects(&id, prefix);
	snprintf(keys, sizeof(keys), "%s ", trash);
	assert_listing(s, prefix, keys);
	assert_true(trash_key_parse(trash, &key) && key.kind == TRASH_OBJECT);
	put(s, keys_of_kinds[2].key, "r");
	set_aside(s, keys_of_kinds[2].key, trash);
	key_trash_blobs(&id, prefix);
	snprintf(keys, sizeof(keys), "%s ", trash);
	assert_listing(s, prefix, keys);
	assert_true(trash_key_parse(trash, &key) && key.kind == TRASH_RECORD);
	assert_memory_equal(&key.id, &id, sizeof(id));
	assert_int_equal(key.record.base_count, 1);
}

/* ---------------------------------------------------------------- a folder */

static void make_foreign(const char *folder, const char *key, int kind)
{
	char path[SCRATCH_MAX + KEY_MAX];
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };

	snprintf(path, sizeof(path), "%s/%s", folder, key);
	if (kind == 0) {
		assert_int_equal(mkdir(path, 0755), 0);
	} else if (kind == 1) {
		assert_int_equal(mkfifo(path, 0644), 0);
	} else if (kind == 2) {
		assert_int_equal(symlink("/nowhere", path), 0);
	} else {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), back = open(".", O_RDONLY);
		char *slash = strrchr(path, '/');
		*slash = 0;
		assert_int_equal(chdir(path), 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
		                 0);
		assert_int_equal(rename("socket", slash + 1), 0);
		assert_int_equal(fchdir(back), 0);
		close(back);
		close(fd);
	}
}

static void whatever_lies_at_a_key_is_moved_as_it_is(void **state)
{
	static const mode_t types[] = { S_IFDIR, S_IFIFO, S_IFLNK, S_IFSOCK };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(keys_of_kinds); i++)
		for (int kind = 0; kind < 4; kind++) {
			const char *key = keys_of_kinds[i].key;
			char trash[KEY_MAX], path[SCRATCH_MAX + KEY_MAX];
			struct stat st;
			put(f->store, key, "");
			assert_int_equal(store_remove(f->store, key, NULL), 0);
			make_foreign(f->folder, key, kind);
			set_aside(f->store, key, trash);
			assert_absent(f->store, key);
			snprintf(path, sizeof(path), "%s/%s", f->folder, trash);
			assert_int_equal(lstat(path, &st), 0);
			assert_int_equal(st.st_mode & S_IFMT, types[kind]);
		}
}

static void a_value_is_put_where_something_foreign_lies_and_that_goes_to_trash(
	void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(keys_of_kinds); i++)
		for (int kind = 0; kind < 4; kind++) {
			const char *key = keys_of_kinds[i].key;
			char command[SCRATCH_MAX + 64];
			put(f->store, key, "");
			assert_int_equal(store_remove(f->store, key, NULL), 0);
			make_foreign(f->folder, key, kind);
			put(f->store, key, "ours");
			assert_value(f->store, key, "ours");
			assert_int_equal(store_remove(f->store, key, NULL), 0);
			snprintf(
				command, sizeof(command),
				"[ $(find '%s/trash' ! -type d -o -empty | wc -l) -ge %zu ]",
				f->folder, i * 4 + (size_t)kind + 1);
			assert_int_equal(system(command), 0);
		}
}

static void something_foreign_in_the_place_of_the_store_file_is_named(void **state)
{
	static const char *const kinds_in_words[] = { "a folder", "a FIFO",
		                                      "a symbolic link", "a socket" };
	struct fixture *f = *state;

	for (int kind = 0; kind < 4; kind++) {
		struct err err = ERR_INIT;
		char path[SCRATCH_MAX + 16];
		make_foreign(f->folder, KEY_STORE_FILE, kind);
		assert_int_equal(store_put_all(f->store, KEY_STORE_FILE, "{}", 2, &err),
		                 ERR_DAMAGED);
		assert_non_null(strstr(err.text, KEY_STORE_FILE));
		assert_non_null(strstr(err.text, kinds_in_words[kind]));
		snprintf(path, sizeof(path), "%s/" KEY_STORE_FILE, f->folder);
		assert_int_equal(remove(path), 0);
	}
}

/* ---------------------------------------------------------------- a bucket */

#define KEY_PATH "/bucket/pre/objects/ab/" ID
#define LOOK                                                                                \
	{                                                                                   \
		"GET " KEY_PATH " HTTP/1.1\r\n",                                            \
			"HTTP/1.1 206 P\r\nContent-Range: bytes 0-0/10\r\nETag: \"v1\"\r\n" \
			"Content-Length: 1\r\n\r\n0",                                       \
			0, "Range: bytes=0-0\r\n", SCRIPT_KEEP, 1                           \
	}
#define COPY(reply)                                                        \
	{                                                                  \
		"PUT /bucket/pre/trash/ab/cd/objects-" ID "%40", reply, 0, \
			"x-amz-copy-source: " KEY_PATH "\r\n"              \
			"x-amz-copy-source-if-match: \"v1\"\r\n",          \
			SCRIPT_CLOSE, 1                                    \
	}
#define DELETE(reply)                                                                 \
	{                                                                             \
		"DELETE " KEY_PATH " HTTP/1.1\r\n", reply, 0, "If-Match: \"v1\"\r\n", \
			SCRIPT_CLOSE, 1                                               \
	}
#define COPIED                                                           \
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<CopyObjectResult>" \
	"<ETag>\"v1\"</ETag></CopyObjectResult>"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
#define CHANGED ERROR_REPLY("412 Precondition Failed", "PreconditionFailed")

#define aside_gives(steps, expected, words) \
	aside_gives_steps(steps, ARRAY_SIZE(steps), expected, words)

static void aside_within(unsigned step_limit, const struct http_step *steps, size_t count,
                         const char *words)
{
	struct scripted s;
	struct err err = ERR_INIT;
	char trash[KEY_MAX];

	scripted_begin_steps(&s, steps, count);
	s.store->step_limit = step_limit;
	assert_int_equal(store_set_aside(s.store, keys_of_kinds[0].key, trash, &err),
	                 ERR_IO);
	if (!strstr(err.text, words))
		fail_msg("%s", err.text);
	scripted_end(&s);
}

static void aside_gives_steps(const struct http_step *steps, size_t count, int expected,
                              const char *words)
{
	struct scripted s;
	struct err err = ERR_INIT;
	char trash[KEY_MAX];

	scripted_begin_steps(&s, steps, count);
	int rc = store_set_aside(s.store, keys_of_kinds[0].key, trash, &err);
	if (rc != expected || (words && !strstr(err.text, words)))
		fail_msg("%d: %s", rc, err.text);
	scripted_end(&s);
}

static void one_version_is_copied_by_the_service_and_then_deleted(void **state)
{
	static const struct http_step steps[] = { LOOK, COPY(COPIED),
		                                  DELETE(NO_CONTENT) };

	(void)state;
	aside_gives(steps, 0, NULL);
}

/* Else the service answers "headers present in the request which were not signed". */
static void what_is_to_be_copied_is_signed(void **state)
{
	static const struct http_step steps[] = {
		LOOK,
		{ "PUT /bucket/pre/trash/", COPIED, 0,
		  "SignedHeaders=host;x-amz-content-sha256;x-amz-copy-source;"
		  "x-amz-copy-source-if-match;x-amz-date;x-amz-security-token,",
		  SCRIPT_CLOSE, 1 },
		DELETE(NO_CONTENT),
	};

	(void)state;
	aside_gives(steps, 0, NULL);
}

static void a_version_that_came_meanwhile_stays(void **state)
{
	static const struct http_step before[] = { LOOK, COPY(CHANGED) };
	static const struct http_step gone[] = { LOOK, COPY(NO_SUCH_KEY) };
	static const struct http_step after[] = { LOOK, COPY(COPIED), DELETE(CHANGED) };
	static const struct http_step nothing[] = {
		{ "GET " KEY_PATH, NO_SUCH_KEY, 0, "", SCRIPT_CLOSE, 1 },
	};

	(void)state;
	aside_gives(before, 1, NULL);
	aside_gives(gone, 1, NULL);
	aside_gives(after, 1, NULL);
	aside_gives(nothing, 1, NULL);
}

static void a_copy_that_is_refused_deletes_nothing(void **state)
{
	static const struct http_step steps[] = {
		LOOK, COPY(ERROR_REPLY("403 Forbidden", "AccessDenied"))
	};

	(void)state;
	aside_gives(steps, ERR_CONFIG, "s3:PutObject");
}

/* The service says 200 at once, and then perhaps that it failed: it is asked again. */
static void a_copy_that_fails_after_all_is_made_again_before_anything_is_deleted(
	void **state)
{
	static const struct http_step steps[] = {
		LOOK,
		COPY(ERROR_REPLY("200 OK", "InternalError")),
		COPY(COPIED),
		DELETE(NO_CONTENT),
	};

	(void)state;
	aside_gives(steps, 0, NULL);
}

#define SLOWER                                                                  \
	"HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" \
	"<Error><Code>SlowDown</Code></Error>"

/* Ages count from the copy: who deletes much later would take what a push relies on. */
static void what_took_long_to_copy_is_not_deleted(void **state)
{
	static const struct http_step steps[] = { LOOK, COPY(SLOWER), COPY(COPIED) };

	(void)state;
	aside_within(1, steps, ARRAY_SIZE(steps), "stays where it is");
}

static void a_deletion_that_failed_is_not_repeated_after_the_limit(void **state)
{
	static const struct http_step steps[] = { LOOK, COPY(COPIED), DELETE(SLOWER) };

	(void)state;
	aside_within(1, steps, ARRAY_SIZE(steps), "SlowDown");
}

static void who_may_not_delete_hears_which_permission_it_takes(void **state)
{
	static const struct http_step steps[] = {
		LOOK, COPY(COPIED), DELETE(ERROR_REPLY("403 Forbidden", "AccessDenied"))
	};

	(void)state;
	aside_gives(steps, ERR_CONFIG, "s3:DeleteObject");
}

static void a_service_that_copies_nothing_gets_the_bytes(void **state)
{
	static const struct http_step steps[] = {
		LOOK,
		COPY(ERROR_REPLY("501 Not Implemented", "NotImplemented")),
		{ "GET " KEY_PATH " HTTP/1.1\r\n",
		  "HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/4\r\nETag: \"v1\"\r\n"
		  "Content-Length: 4\r\n\r\nabcd",
		  0, "Range: bytes=0-", SCRIPT_KEEP, 1 },
		{ "PUT /bucket/pre/trash/ab/cd/objects-" ID "%40", OK_EMPTY, 0,
		  "If-None-Match: *\r\n", SCRIPT_CLOSE, 1 },
		DELETE(ERROR_REPLY("501 Not Implemented", "NotImplemented")),
		{ "DELETE " KEY_PATH " HTTP/1.1\r\n", NO_CONTENT, 0, "", SCRIPT_CLOSE,
		  1 },
	};

	(void)state;
	aside_gives(steps, 0, NULL);
}

static void a_bucket_says_that_a_key_was_there(void **state)
{
	static const struct http_step small[] = {
		{ "PUT " KEY_PATH, CHANGED, 0, "If-None-Match: *\r\n", SCRIPT_CLOSE, 1 },
	};
	static const struct http_step without[] = {
		{ "PUT " KEY_PATH, ERROR_REPLY("501 Not Implemented", "NotImplemented"),
		  0, "If-None-Match: *\r\n", SCRIPT_CLOSE, 1 },
		LOOK,
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, small);
	assert_true(existed(s.store, keys_of_kinds[0].key, "text"));
	scripted_end(&s);
	scripted_begin(&s, without);
	assert_true(existed(s.store, keys_of_kinds[0].key, "text"));
	scripted_end(&s);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(what_is_set_aside_lies_in_trash_under_a_name_that_says_what_it_was),
		RULE(a_key_that_was_set_aside_takes_another_value),
		RULE(a_reader_that_is_open_goes_on_in_a_folder),
		RULE(a_key_that_is_not_there_is_an_answer),
		RULE(what_is_never_set_aside_is_refused),
		RULE(what_was_set_aside_is_given_back_and_its_entry_stays),
		RULE(a_key_that_came_meanwhile_is_not_replaced_by_what_is_given_back),
		RULE(what_lies_in_trash_of_a_blob_is_found_by_its_prefix),
		RULE(who_puts_hears_whether_the_key_was_there),
	};
	static const struct rule of_a_folder[] = {
		RULE(whatever_lies_at_a_key_is_moved_as_it_is),
		RULE(a_value_is_put_where_something_foreign_lies_and_that_goes_to_trash),
		RULE(something_foreign_in_the_place_of_the_store_file_is_named),
	};
	static const struct CMUnitTest of_a_bucket[] = {
		cmocka_unit_test(one_version_is_copied_by_the_service_and_then_deleted),
		cmocka_unit_test(what_is_to_be_copied_is_signed),
		cmocka_unit_test(a_version_that_came_meanwhile_stays),
		cmocka_unit_test(a_copy_that_is_refused_deletes_nothing),
		cmocka_unit_test(
			a_copy_that_fails_after_all_is_made_again_before_anything_is_deleted),
		cmocka_unit_test(what_took_long_to_copy_is_not_deleted),
		cmocka_unit_test(a_deletion_that_failed_is_not_repeated_after_the_limit),
		cmocka_unit_test(who_may_not_delete_hears_which_permission_it_takes),
		cmocka_unit_test(a_service_that_copies_nothing_gets_the_bytes),
		cmocka_unit_test(a_bucket_says_that_a_key_was_there),
	};

	return run_rules_on_all(rules, ARRAY_SIZE(rules)) +
	       run_rules(&kinds[KIND_FOLDER], of_a_folder, ARRAY_SIZE(of_a_folder)) +
	       cmocka_run_group_tests_name("a bucket", of_a_bucket, NULL, NULL);
}
