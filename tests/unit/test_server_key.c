/* The key that brings us a git server's LFS objects. What git-lfs itself makes of these
 * URLs is compared in tests/e2e/moving.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/lfs_config.h"
#include "agent/where/server_key.h"
#include "agent/where/server_remember.h"
#include "codec/common/buf.h"

static void expect(const char *url, const char *server)
{
	struct buf key = BUF_INIT, wanted = BUF_INIT;

	assert_int_equal(server_key(url, &key), 0);
	buf_addf(&wanted, "lfs.%s.standalonetransferagent", server);
	assert_string_equal(buf_text(&key), buf_text(&wanted));
	buf_wipe(&key);
	buf_wipe(&wanted);
}

static void every_way_to_one_server_has_one_key(void **state)
{
	static const char *const urls[] = {
		"https://host/a/x.git",
		"https://host/a/x",
		"https://host/a/x/",
		"https://me:secret@host/a/x.git",
		"git@host:a/x.git",
		"host:a/x",
		"host:/a/x.git",
		"ssh://git@host/a/x.git",
		"ssh://git@host:2222/a/x.git",
		"git+ssh://host/a/x",
		"git://host/a/x.git",
		"git://host:9418/a/x.git",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		expect(urls[i], "https://host/a/x.git");
}

static void ports_of_http_and_folders_stay(void **state)
{
	(void)state;
	expect("http://host:8080/x.git", "http://host:8080/x.git");
	expect("https://[::1]:8080/x", "https://[::1]:8080/x.git");
	expect("ssh://[::1]/x", "https://[::1]/x.git");
	expect("file:///srv/git/x", "file:///srv/git/x");
	expect("/srv/git/x.git/", "file:///srv/git/x.git");
}

static void what_is_no_server_has_no_key(void **state)
{
	static const char *const urls[] = { "",      "origin",        "../x.git",
		                            "a/b:c", "zllm::/srv",    "s3://bucket/x",
		                            ":x",    "https://",      "https://host",
		                            "@:x",   "https://h/a\nb" };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct buf key = BUF_INIT;
		assert_int_equal(server_key(urls[i], &key), 1);
		assert_int_equal(key.size, 0);
		buf_wipe(&key);
	}
}

/* What `git config -z --list` says, over a .lfsconfig that says `text`. */
static struct lfs_config *config_of(const char *text, size_t n)
{
	struct buf git = BUF_INIT, none = BUF_INIT;
	struct lfs_config *config;

	buf_add(&git, text, n);
	assert_int_equal(lfs_config_parse(&git, &none, &config, NULL), 0);
	buf_wipe(&git);
	return config;
}

static void a_remotes_server_is_ours_where_its_key_says_so(void **state)
{
	static const char text[] =
		"lfs.zllm::.standalonetransferagent\nzllm\0"
		"lfs.https://zllm.invalid.standalonetransferagent\nzllm\0"
		"lfs.https://host/a/x.git.standalonetransferagent\nzllm\0"
		"lfs.https://host/a/y.git.standalonetransferagent\nother\0"
		"lfs.file:///srv/z.git.standalonetransferagent\nzllm\0"
		"url.git@host:.insteadof\nshort:\0"
		"remote.origin.url\nssh://git@host/a/x\0"
		"remote.aliased.url\nshort:a/x.git\0"
		"remote.theirs.url\nhttps://host/a/y\0";
	struct lfs_config *config = config_of(text, sizeof(text));

	(void)state;
	assert_true(server_is_ours(config, "origin"));
	assert_true(server_is_ours(config, "aliased"));
	assert_true(server_is_ours(config, "/srv/z.git"));
	assert_false(server_is_ours(config, "theirs"));
	assert_false(server_is_ours(config, "https://host/a/w"));
	assert_false(server_is_ours(config, "../x.git"));
	assert_false(server_is_ours(config, NULL));
	assert_int_equal(server_count_ours(config), 2);
	lfs_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_one_server_has_one_key),
		cmocka_unit_test(ports_of_http_and_folders_stay),
		cmocka_unit_test(what_is_no_server_has_no_key),
		cmocka_unit_test(a_remotes_server_is_ours_where_its_key_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
