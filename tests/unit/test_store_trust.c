/* What a bucket is reached by, and whose word counts for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_config.h"
#include "agent/where/s3_settings.h"
#include "agent/where/store_bucket.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "tests/unit/git_sandbox.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int setup(void **state)
{
	static const char *const unwanted[] = {
		"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION",
		"AWS_DEFAULT_REGION",  "AWS_PROFILE",      "AWS_DEFAULT_PROFILE",
		"AWS_CA_BUNDLE",       "AWS_CONFIG_FILE",  "AWS_SHARED_CREDENTIALS_FILE"
	};

	for (size_t i = 0; i < COUNT(unwanted); i++)
		unsetenv(unwanted[i]);
	setenv("AWS_ACCESS_KEY_ID", "ID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
	return sandbox_setup(state);
}

/* "key value|key value|" */
static struct lfs_config *config_of(const char *pairs)
{
	struct buf git = BUF_INIT, lfsconfig = BUF_INIT;
	struct lfs_config *c = NULL;

	buf_add_str(&git, pairs);
	for (size_t i = 0; i < git.size; i++)
		if (strchr(" |", git.data[i]))
			git.data[i] = git.data[i] == ' ' ? '\n' : 0;
	/* A repository's file says what it likes; none of it counts. */
	static const char evil[] = "zllm.trust\ns3://bucket\0zllm.s3.insecure\ntrue";
	buf_add(&lfsconfig, evil, sizeof(evil));
	assert_int_equal(lfs_config_parse(&git, &lfsconfig, &c, NULL), 0);
	buf_wipe(&git);
	buf_wipe(&lfsconfig);
	return c;
}

#define OWN "zllm.s3.endpoint https://s3.example.org|"
#define REPO STORE_NAMED_BY_REPOSITORY
#define USER STORE_NAMED_BY_USER
#define READ STORE_TO_READ
#define WRITE STORE_TO_WRITE

static const struct {
	const char *why, *config, *url;
	int named_by, use;
	const char *words; /* of the refusal; NULL: opened */
} cases[] = {
	{ "a user's word is enough", OWN, "s3://bucket/p", USER, WRITE, NULL },
	{ "so it is for an endpoint", "", "s3://bucket/p?endpoint=https://x.org", USER,
	  WRITE, NULL },
	{ "a repository's bucket is read at the user's endpoint", OWN, "s3://bucket/p",
	  REPO, READ, NULL },
	{ "nothing is pushed there", OWN, "s3://bucket/p", REPO, WRITE,
	  "nothing is pushed there; to allow it, run: git zllm trust s3://bucket/p" },
	{ "unless it is trusted", OWN "zllm.trust s3://bucket/p|", "s3://bucket/p", REPO,
	  WRITE, NULL },
	{ "trusted twice", OWN "zllm.trust s3://x|zllm.trust zllm::s3://bucket/p|",
	  "s3://bucket/p", REPO, WRITE, NULL },
	{ "trust in what is above", OWN "zllm.trust s3://bucket|", "s3://bucket/p/q",
	  REPO, WRITE, NULL },
	{ "trust in what is beside", OWN "zllm.trust s3://bucket/p|", "s3://bucket/pq",
	  REPO, WRITE, "not" },
	{ "trust in what is below", OWN "zllm.trust s3://bucket/p|", "s3://bucket", REPO,
	  WRITE, "not" },
	{ "slashes at the end do not count", OWN "zllm.trust s3://bucket/p/|",
	  "s3://bucket/p", REPO, WRITE, NULL },
	{ "trust in a folder is none in a bucket", OWN "zllm.trust /bucket/p|",
	  "s3://bucket/p", REPO, WRITE, "not" },
	{ "a repository's endpoint gets nothing", "",
	  "s3://bucket/p?endpoint=https://evil.example", REPO, READ,
	  "no credentials are sent to that endpoint; to allow it, run: git zllm trust "
	  "'s3://bucket/p?endpoint=https://evil.example'" },
	{ "nor beside the user's own", OWN, "s3://bucket/p?endpoint=https://evil.example",
	  REPO, READ, "no credentials" },
	{ "nor with trust in the bucket alone", OWN "zllm.trust s3://bucket/p|",
	  "s3://bucket/p?endpoint=https://evil.example", REPO, READ, "no credentials" },
	{ "nor with trust at another endpoint",
	  "zllm.trust s3://bucket/p?endpoint=https://good.example|",
	  "s3://bucket/p?endpoint=https://evil.example", REPO, READ, "no credentials" },
	{ "trust at that endpoint",
	  "zllm.trust s3://bucket/p?endpoint=https://good.example/|",
	  "s3://bucket/p?endpoint=https://good.example", REPO, WRITE, NULL },
	{ "the user's own endpoint, said again", OWN,
	  "s3://bucket/p?endpoint=https://s3.example.org/", REPO, READ, NULL },
	{ "which is no trust to push", OWN,
	  "s3://bucket/p?endpoint=https://s3.example.org", REPO, WRITE,
	  "nothing is pushed" },
	{ "an endpoint's path is part of it", "",
	  "s3://bucket/p?endpoint=https://h.example/storage/v1/s3", USER, WRITE, NULL },
	{ "trust at that path",
	  "zllm.trust s3://bucket?endpoint=https://h.example/storage/v1/s3/|",
	  "s3://bucket/p?endpoint=https://h.example/storage/v1/s3", REPO, WRITE, NULL },
	{ "trust above that path",
	  "zllm.trust s3://bucket?endpoint=https://h.example/storage|",
	  "s3://bucket/p?endpoint=https://h.example/storage/v1/s3", REPO, READ,
	  "no credentials are sent to that endpoint; to allow it, run: git zllm trust "
	  "'s3://bucket/p?endpoint=https://h.example/storage/v1/s3'" },
	{ "trust in the host alone", "zllm.trust s3://bucket?endpoint=https://h.example|",
	  "s3://bucket/p?endpoint=https://h.example/storage", REPO, READ,
	  "no credentials" },
	{ "trust below, and not in the host",
	  "zllm.trust s3://bucket?endpoint=https://h.example/a|",
	  "s3://bucket/p?endpoint=https://h.example", REPO, READ, "no credentials" },
	{ "the user's own host at another path", "zllm.s3.endpoint https://h.example/a|",
	  "s3://bucket/p?endpoint=https://h.example/b", REPO, READ, "no credentials" },
	{ "the user's own path", "zllm.s3.endpoint https://h.example/a|",
	  "s3://bucket/p?endpoint=https://h.example/a/", REPO, READ, NULL },
	{ "a path that climbs", "", "s3://bucket/p?endpoint=https://h.example/a/..", USER,
	  READ, "is not of the form" },
	{ "a bucket in the host of a path",
	  "zllm.s3.endpoint https://h.example/a|zllm.s3.addressing virtual|",
	  "s3://bucket/p", USER, READ, "set zllm.s3.addressing to path" },
	{ "an odd encryption", "zllm.s3.sse aes|", "s3://bucket/p", USER, READ,
	  "zllm.s3.sse is 'aes'" },
	{ "a key without encryption by it", "zllm.s3.sse AES256|zllm.s3.ssekmskeyid k|",
	  "s3://bucket/p", USER, READ, "set zllm.s3.sse to aws:kms" },
	{ "what the bucket demands, in the user's words",
	  "zllm.s3.sse aws:kms|zllm.s3.ssekmskeyid k|zllm.s3.bucketkeyenabled true|"
	  "zllm.s3.storageclass STANDARD_IA|zllm.s3.acl bucket-owner-full-control|"
	  "zllm.s3.tagging a=b|zllm.s3.requestpayer requester|",
	  "s3://bucket/p", USER, WRITE, NULL },
	{ "keys not in the clear", "zllm.s3.endpoint http://s3.example.org|",
	  "s3://bucket/p", USER, READ, "not encrypted" },
	{ "unless wanted", "zllm.s3.endpoint http://h|zllm.s3.insecure true|",
	  "s3://bucket/p", USER, READ, NULL },
	{ "without keys it does not matter",
	  "zllm.s3.endpoint http://h|zllm.s3.anonymous true|", "s3://bucket/p", USER,
	  READ, NULL },
	{ "this machine is safe", "zllm.s3.endpoint http://127.0.0.1:9000|",
	  "s3://bucket/p", USER, READ, NULL },
	{ "no such profile file is fine", "zllm.s3.profile work|", "s3://bucket/p", USER,
	  READ, NULL },
	{ "an odd number", "zllm.s3.timeout soon|", "s3://bucket/p", USER, READ,
	  "git's zllm.s3.timeout is 'soon'" },
	{ "an odd addressing", "zllm.s3.addressing sub|", "s3://bucket/p", USER, READ,
	  "auto, path or virtual" },
	{ "an odd region", "zllm.s3.region a/b|", "s3://bucket/p", USER, READ,
	  "the name of a region" },
	{ "an odd bucket", "", "s3://b/p", USER, READ, "not the name of a bucket" },
	{ "an odd prefix", "", "s3://bucket/a/../b", USER, READ, "'.' or '..'" },
	{ "an odd endpoint", "zllm.s3.endpoint s3.example.org|", "s3://bucket", USER,
	  READ, "must begin with https://" },
};

static void a_store_is_opened_on_the_right_word_only(void **state)
{
	static const struct store_folder_modes modes = { 0444, 0755 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lfs_config *config = config_of(cases[i].config);
		struct store_context context = { .modes = &modes, .config = config };
		struct store_url url = { 0 };
		struct store *store = NULL;
		struct err err = ERR_INIT;
		context.named_by = cases[i].named_by ? REPO : USER;
		context.use = cases[i].use ? WRITE : READ;
		assert_int_equal(store_url_parse(cases[i].url, &url, NULL), 0);
		int rc = store_bucket_open(&url, &context, &store, &err);
		if ((rc == 0) != !cases[i].words ||
		    (rc && !strstr(err.text, cases[i].words)))
			fail_msg("%s: %d %s", cases[i].why, rc, err.text);
		assert_null(strstr(err.text, "s3cret"));
		store_close(store);
		store_url_wipe(&url);
		lfs_config_free(config);
	}
}

/* ---------------------------------------------------------------- settings */

static void assert_setting(const char *config, const char *url, enum s3_setting_name name,
                           const char *value, const char *source)
{
	struct lfs_config *c = config_of(config);
	struct s3_settings s;
	struct store_url u = { 0 };

	assert_int_equal(store_url_parse(url, &u, NULL), 0);
	assert_int_equal(s3_settings_find(&u, c, NULL, &s, NULL), 0);
	assert_string_equal(s.list[name].value, value);
	assert_string_equal(s.list[name].source, source);
	assert_string_equal(s.bucket, "bucket");
	assert_string_equal(s.prefix, "a/b");
	s3_settings_wipe(&s);
	store_url_wipe(&u);
	lfs_config_free(c);
}

static void settings_say_where_they_come_from(void **state)
{
	const char *url = "s3://bucket//a/b/", *git = "zllm.s3.region git-1|";

	(void)state;
	assert_setting("", url, S3_SET_REGION, "us-east-1", "the default");
	setenv("AWS_DEFAULT_REGION", "env-2", 1);
	assert_setting("", url, S3_SET_REGION, "env-2", "AWS_DEFAULT_REGION");
	setenv("AWS_REGION", "env-1", 1);
	assert_setting("", url, S3_SET_REGION, "env-1", "AWS_REGION");
	assert_setting(git, url, S3_SET_REGION, "git-1", "git's zllm.s3.region");
	assert_setting(git, "s3://bucket/a/b?region=url-1", S3_SET_REGION, "url-1",
	               "the store's URL");
	setenv("AWS_ENDPOINT_URL", "https://e2", 1);
	assert_setting("", url, S3_SET_ENDPOINT, "https://e2", "AWS_ENDPOINT_URL");
	setenv("AWS_ENDPOINT_URL_S3", "https://e1", 1);
	assert_setting("", url, S3_SET_ENDPOINT, "https://e1", "AWS_ENDPOINT_URL_S3");
}

/* Who pays, who reads and whose key it is are not for a repository to say. */
static void what_a_bucket_demands_is_said_by_the_user_alone(void **state)
{
	const char *url =
		"s3://bucket/a/b?sse=AES256&acl=public-read&requestPayer=requester";
	struct lfs_config *c = config_of("zllm.s3.ssekmskeyid key|zllm.s3.sse aws:kms|");
	struct s3_settings s;
	struct store_url u = { 0 };

	(void)state;
	assert_setting("zllm.s3.requestpayer requester|", url, S3_SET_REQUEST_PAYER,
	               "requester", "git's zllm.s3.requestPayer");
	assert_int_equal(store_url_parse(url, &u, NULL), 0);
	assert_int_equal(s3_settings_find(&u, c, NULL, &s, NULL), 0);
	assert_string_equal(s.demands.value[S3_DEMAND_SSE], "aws:kms");
	assert_string_equal(s.demands.value[S3_DEMAND_KMS_KEY], "key");
	assert_null(s.demands.value[S3_DEMAND_ACL]);
	assert_null(s.demands.value[S3_DEMAND_REQUEST_PAYER]);
	s3_settings_wipe(&s);
	store_url_wipe(&u);
	lfs_config_free(c);
}

static void trust_is_written_once(void **state)
{
	const char *url = "zllm::s3://bucket/p%20q?endpoint=https://x.org&repo="
			  "0123456789abcdef0123456789abcdef";
	struct store_url u = { 0 };
	struct lfs_config *c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_url_parse(url, &u, NULL), 0);
	setenv("GIT_CONFIG_GLOBAL", "global", 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lfs_config_read(&c, &err), 0);
		assert_int_equal(store_trust_given(c, &u), i);
		assert_int_equal(store_trust_give(c, &u, &err), 0);
		lfs_config_free(c);
	}
	assert_int_equal(lfs_config_read(&c, &err), 0);
	assert_string_equal(lfs_config_get(c, STORE_TRUST_KEY),
	                    "s3://bucket/p%20q?endpoint=https://x.org");
	lfs_config_free(c);
	store_url_wipe(&u);
}

#define IN_SANDBOX(test) cmocka_unit_test_setup_teardown(test, setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(a_store_is_opened_on_the_right_word_only),
		IN_SANDBOX(settings_say_where_they_come_from),
		IN_SANDBOX(what_a_bucket_demands_is_said_by_the_user_alone),
		IN_SANDBOX(trust_is_written_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
