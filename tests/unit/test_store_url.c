#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "tests/unit/git_sandbox.h"

#define ID "0123456789abcdef0123456789abcdef"

static const struct {
	const char *text;
	const struct store_kind *kind;
	const char *place;
	const char *repo_id;
} good[] = {
	{ "zllm::/a/b", &store_kind_folder, "/a/b", "" },
	{ "/a/b", &store_kind_folder, "/a/b", "" },
	{ "zllm::../rel", &store_kind_folder, "../rel", "" },
	{ "zllm::~/x", &store_kind_folder, "~/x", "" },
	{ "zllm::file:///a/b", &store_kind_folder, "/a/b", "" },
	{ "zllm::s3://bucket/prefix", &store_kind_s3, "bucket/prefix", "" },
	{ "https://zllm.invalid/file/a/b", &store_kind_folder, "/a/b", "" },
	{ "https://zllm.invalid/s3/bucket/p", &store_kind_s3, "bucket/p", "" },
	{ "zllm::/a?repo=" ID, &store_kind_folder, "/a", ID },
	{ "zllm::/a?new=1&repo=" ID "&x", &store_kind_folder, "/a", ID },
	{ "zllm::/a?", &store_kind_folder, "/a", "" },
	{ "zllm::/a?repository=1", &store_kind_folder, "/a", "" },
	{ "zllm::/a%20b%3Fc%3fd", &store_kind_folder, "/a b?c?d", "" },
	{ "zllm::/100%", &store_kind_folder, "/100%", "" },
	{ "zllm::/100%2", &store_kind_folder, "/100%2", "" },
	{ "zllm::/100%zz", &store_kind_folder, "/100%zz", "" },
	{ "zllm::/%%41", &store_kind_folder, "/%A", "" },
	{ "zllm::/a#b", &store_kind_folder, "/a#b", "" },
	{ "zllm::/a b/\xc3\xa4", &store_kind_folder, "/a b/\xc3\xa4", "" },
};

static const char *const bad[] = {
	"",
	"zllm::",
	"zllm::?repo=" ID,
	"zllm::/a\nb",
	"zllm::/a%0ab",
	"zllm::/a%0D",
	"zllm::/a%00b",
	"zllm::file://host/a",
	"zllm::s3://",
	"zllm::s3:///prefix",
	"zllm::gs://bucket",
	"https://example.org/a",
	"https://zllm.invalid/",
	"https://zllm.invalid/other/a",
	"zllm::/a?repo=",
	"zllm::/a?repo=0123",
	"zllm::/a?repo=0123456789ABCDEF0123456789ABCDEF",
	"zllm::/a?repo=" ID "0",
	"zllm::/a?repo=" ID "&repo=" ID,
};

static void good_urls_say_kind_place_and_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct store_url u = { 0 };
		struct err err = ERR_INIT;
		if (store_url_parse(good[i].text, &u, &err))
			fail_msg("%s: %s", good[i].text, err.text);
		assert_ptr_equal(u.kind, good[i].kind);
		assert_string_equal(u.place, good[i].place);
		assert_string_equal(u.repo_id, good[i].repo_id);
		store_url_wipe(&u);
	}
}

static void bad_urls_are_refused_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct store_url u = { 0 };
		struct err err = ERR_INIT;
		if (store_url_parse(bad[i], &u, &err) != ERR_INPUT)
			fail_msg("taken: %s", bad[i]);
		assert_true(strlen(err.text) > 10);
		assert_null(u.place);
	}
}

static void ours_is_what_git_lfs_would_bring(void **state)
{
	static const struct {
		const char *text;
		int ours;
	} cases[] = {
		{ "zllm::/a", 1 },
		{ "zllm::", 1 },
		{ "https://zllm.invalid/file/a", 1 },
		{ "https://zllm.invalid", 1 },
		{ "https://zllm.invalid.example.org/a", 0 },
		{ "https://example.org", 0 },
		{ "zllm:/a", 0 },
		{ "ZLLM::/a", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(store_url_is_ours(cases[i].text), cases[i].ours);
}

static const struct store_folder_modes modes = { 0444, 0755 };

static int open_url(const char *text, const char *root, struct store **out,
                    struct err *err)
{
	struct store_url u = { 0 };

	struct store_context context = { .root = root, .modes = &modes };
	int rc = store_url_parse(text, &u, err);
	if (!rc)
		rc = store_open(&u, &context, out, err);
	store_url_wipe(&u);
	return rc;
}

static void a_store_is_made_once_and_then_opened(void **state)
{
	struct store_context context = { .root = "root", .modes = &modes };
	struct store_url u = { 0 };
	struct store *s = NULL;
	struct err err = ERR_INIT;
	const struct sandbox *sandbox = *state;

	assert_int_equal(store_url_parse("zllm::../deep/er/store", &u, &err), 0);
	assert_int_equal(mkdir("root", 0777), 0);
	for (int i = 0; i < 2; i++) {
		if (store_open_or_make(&u, &context, &s, &err))
			fail_msg("%s", err.text);
		store_close(s);
	}
	store_url_wipe(&u);
	assert_int_equal(access("deep/er/store/zllm.json", F_OK), 0);
	assert_int_equal(open_url("zllm::../deep/er/store", "root", &s, &err), 0);
	store_close(s);
	assert_int_equal(open_url("zllm::./deep/er/store", NULL, &s, &err), 0);
	store_close(s);
	assert_string_equal(getenv("HOME"), sandbox->root);
	assert_int_equal(open_url("zllm::~/deep/er/store", "elsewhere", &s, &err), 0);
	store_close(s);
}

static void what_is_no_store_is_never_opened(void **state)
{
	static const char *const texts[] = { "zllm::/no/such/folder", "zllm::./empty" };
	struct store *s = NULL;

	(void)state;
	assert_int_equal(mkdir("empty", 0777), 0);
	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		assert_int_equal(open_url(texts[i], NULL, &s, &err), ERR_MISSING);
		assert_non_null(strstr(err.text, "no store at "));
		assert_non_null(strstr(err.text, "git zllm init"));
	}
	assert_null(s);
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_say_kind_place_and_owner),
		cmocka_unit_test(bad_urls_are_refused_in_words),
		cmocka_unit_test(ours_is_what_git_lfs_would_bring),
		IN_SANDBOX(a_store_is_made_once_and_then_opened),
		IN_SANDBOX(what_is_no_store_is_never_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
