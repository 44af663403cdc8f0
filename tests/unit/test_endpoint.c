#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/lfs_config.h"
#include "agent/where/endpoint.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define UP ENDPOINT_UPLOAD
#define DOWN ENDPOINT_DOWNLOAD

/* Each row was tried with git-lfs 3.3.0. '|' ends a pair, a blank parts it. */
static const struct {
	const char *why;
	const char *git, *lfsconfig;
	enum endpoint_direction direction;
	const char *remote;
	const char *url; /* NULL: no store of ours */
	const char *key; /* or what the error must mention */
} cases[] = {
	{ "the usual", "", "lfs.url zllm::/a|", UP, "origin", "zllm::/a", "lfs.url" },
	{ "no remote", "", "lfs.url zllm::/a|", DOWN, NULL, "zllm::/a", "lfs.url" },
	{ "pushurl for uploads", "", "lfs.url zllm::/a|lfs.pushurl zllm::/b|", UP,
	  "origin", "zllm::/b", "lfs.pushurl" },
	{ "pushurl not for downloads", "", "lfs.url zllm::/a|lfs.pushurl zllm::/b|", DOWN,
	  "origin", "zllm::/a", "lfs.url" },
	{ "lfs.url before the remote's", "lfs.url zllm::/a|remote.x.lfsurl zllm::/b|", "",
	  UP, "x", "zllm::/a", "lfs.url" },
	{ "a remote's own", "remote.x.lfsurl zllm::/b|remote.origin.lfsurl zllm::/c|", "",
	  UP, "x", "zllm::/b", "remote.x.lfsurl" },
	{ "its push URL", "remote.x.lfsurl zllm::/b|remote.x.lfspushurl zllm::/p|", "",
	  UP, "x", "zllm::/p", "remote.x.lfspushurl" },
	{ "its push URL not for downloads",
	  "remote.x.lfsurl zllm::/b|remote.x.lfspushurl zllm::/p|", "", DOWN, "x",
	  "zllm::/b", "remote.x.lfsurl" },
	{ "origin for a remote of no URL", "remote.origin.lfsurl zllm::/c|", "", UP, "x",
	  "zllm::/c", "remote.origin.lfsurl" },
	{ "a remote with a git URL never falls back",
	  "remote.origin.lfsurl zllm::/c|remote.x.url /git|", "", UP, "x", NULL,
	  "remote.x.url" },
	{ "nor does a URL", "remote.origin.lfsurl zllm::/c|", "", UP, "file:///git", NULL,
	  "git zllm init" },
	{ "lfs.url holds for a URL too", "lfs.url zllm::/a|", "", UP, "file:///git",
	  "zllm::/a", "lfs.url" },
	{ "insteadOf, the longest",
	  "url.zllm::/m.insteadof q::/a|url.zllm::/n.insteadof q::|lfs.url q::/a/b|", "",
	  DOWN, NULL, "zllm::/m/b", "lfs.url" },
	{ "a base with dots", "url.zllm::/m.x.y/.insteadof q::|lfs.url q::a|", "", DOWN,
	  NULL, "zllm::/m.x.y/a", "lfs.url" },
	{ "pushInsteadOf before any insteadOf",
	  "url.zllm::/m.insteadof q::/a|url.zllm::/p.pushinsteadof q:|lfs.url q::/a|", "",
	  UP, NULL, "zllm::/p:/a", "lfs.url" },
	{ "pushInsteadOf not for downloads",
	  "url.zllm::/m.insteadof q::/a|url.zllm::/p.pushinsteadof q:|lfs.url q::/a|", "",
	  DOWN, NULL, "zllm::/m", "lfs.url" },
	{ "insteadOf away from us", "url.https://x/.insteadof zllm::/|lfs.url zllm::/a|",
	  "", DOWN, NULL, NULL, "https://x/a" },
	{ "a foreign server", "", "lfs.url https://example.org/x|", UP, "origin", NULL,
	  "https://example.org/x" },
	{ "an empty URL", "lfs.url |", "lfs.url zllm::/a|", UP, "origin", NULL,
	  "lfs.url" },
	{ "nothing at all", "", "", UP, "origin", NULL, "git zllm init" },
};

static struct lfs_config *parsed(const char *git, const char *lfsconfig)
{
	struct buf lists[2] = { BUF_INIT, BUF_INIT };
	struct lfs_config *c = NULL;

	buf_add_str(&lists[0], git);
	buf_add_str(&lists[1], lfsconfig);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k].size; i++)
			if (strchr(" |", lists[k].data[i]))
				lists[k].data[i] = lists[k].data[i] == ' ' ? '\n' : 0;
	assert_int_equal(lfs_config_parse(&lists[0], &lists[1], &c, NULL), 0);
	buf_wipe(&lists[0]);
	buf_wipe(&lists[1]);
	return c;
}

static void the_store_is_found_as_git_lfs_finds_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lfs_config *c = parsed(cases[i].git, cases[i].lfsconfig);
		struct endpoint e = { 0 };
		struct err err = ERR_INIT;
		int rc = endpoint_find(c, cases[i].direction, cases[i].remote, &e, &err);
		if (rc != (cases[i].url ? 0 : ERR_CONFIG))
			fail_msg("%s: %d %s", cases[i].why, rc, err.text);
		if (cases[i].url) {
			assert_string_equal(e.url, cases[i].url);
			assert_string_equal(e.key, cases[i].key);
		} else if (!strstr(err.text, cases[i].key)) {
			fail_msg("%s: %s", cases[i].why, err.text);
		}
		endpoint_wipe(&e);
		lfs_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_is_found_as_git_lfs_finds_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
