/* Which spellings of a remote are one place, which are not, and that no secret is in any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/git/lfs_config.h"
#include "agent/git/remote_place.h"
#include "agent/git/remote_url.h"
#include "agent/git/remote_ways.h"
#include "codec/common/err.h"
#include "tests/unit/scratch_folder.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void assert_place(const char *url, const char *place)
{
	struct remote_url u;
	struct err err = ERR_INIT;

	if (remote_url_parse(url, &u, &err))
		fail_msg("%s: %s", url, err.text);
	if (strcmp(buf_text(&u.place), place) != 0)
		fail_msg("%s: %s, not %s", url, buf_text(&u.place), place);
	remote_url_wipe(&u);
}

static void spellings_of_one_place_are_one(void **state)
{
	static const char *const same[] = {
		"https://forge.example/org/model",
		"https://forge.example/org/model.git",
		"https://forge.example/org/model/",
		"https://forge.example/org/model.git/",
		"https://forge.example//org//model.git",
		"https://Forge.Example/org/model",
		"https://forge.example./org/model",
		"https://forge.example:443/org/model",
		"https://me@forge.example/org/model",
		"https://me:secret@forge.example/org/model.git",
		"https://:secret@forge.example/org/model",
		"http://forge.example:80/org/model",
		"git://forge.example:9418/org/model",
		"ssh://forge.example/org/model",
		"ssh://git@forge.example/org/model.git",
		"ssh://git@forge.example:22/org/model",
		"ssh://git@forge.example:0022/org/model",
		"git+ssh://git@forge.example/org/model",
		"ssh://alice@forge.example/org/model",
		"git@forge.example:org/model",
		"git@forge.example:org/model.git",
		"git@forge.example:/org/model.git",
		"alice@forge.example:/org/model",
		"[forge.example:22]:/org/model",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_place(same[i], "forge.example/org/model");
}

static void what_may_be_another_place_stays_another(void **state)
{
	static const struct {
		const char *url, *place;
	} cases[] = {
		{ "https://forge.example/Org/Model", "forge.example/Org/Model" },
		{ "https://forge.example:8443/org/model",
		  "forge.example:8443/org/model" },
		{ "http://forge.example:443/org/model", "forge.example:443/org/model" },
		{ "ssh://git@forge.example:2222/org/model",
		  "forge.example:2222/org/model" },
		{ "[forge.example:2222]:org/model", "forge.example:2222/~/org/model" },
		{ "https://forge.example/get?repo=a", "forge.example/get?repo=a" },
		{ "alice@host:model.git", "host/~alice/model" },
		{ "bob@host:model.git", "host/~bob/model" },
		{ "host:model.git", "host/~/model" },
		{ "alice@host:~/model", "host/~alice/model" },
		{ "alice@host:~bob/model", "host/~bob/model" },
		{ "ssh://alice@host/~/model", "host/~alice/model" },
		{ "ssh://alice:secret@host/~/model", "host/~alice/model" },
		{ "ssh://alice@host/~bob/model", "host/~bob/model" },
		{ "https://host/~/model", "host/~/model" },
		{ "ssh://git@[::1]:22/org/model", "[::1]/org/model" },
		{ "[::1]:org/model", "[::1]/~/org/model" },
		{ "https://forge.example/org/model.git.git",
		  "forge.example/org/model.git" },
		{ "https://forge.example/org/model/.git", "forge.example/org/model" },
		{ "https://forge.example", "forge.example/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_place(cases[i].url, cases[i].place);
}

static void folders_and_helpers_are_told_from_hosts(void **state)
{
	static const struct {
		const char *url;
		enum remote_kind kind;
		const char *place;
	} cases[] = {
		{ "/srv/git/model.git", REMOTE_FOLDER, "/srv/git/model.git" },
		{ "../model.git", REMOTE_FOLDER, "../model.git" },
		{ "./a:b", REMOTE_FOLDER, "./a:b" },
		{ "/srv/a:b/c", REMOTE_FOLDER, "/srv/a:b/c" },
		{ "model", REMOTE_FOLDER, "model" },
		{ "file:///srv/git/model.git", REMOTE_FOLDER, "/srv/git/model.git" },
		{ "file://server/git/model", REMOTE_FOLDER, "//server/git/model" },
		{ "hg::https://me:secret@host/x", REMOTE_HELPER, "hg::https://host/x" },
		{ "ext::ssh -i key host %S /x", REMOTE_HELPER,
		  "ext::ssh -i key host %S /x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct remote_url u;
		assert_int_equal(remote_url_parse(cases[i].url, &u, NULL), 0);
		assert_int_equal(u.kind, cases[i].kind);
		assert_string_equal(buf_text(&u.place), cases[i].place);
		remote_url_wipe(&u);
	}
}

static void names_are_the_last_two_segments_and_harmless(void **state)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "https://me:secret@forge.example/org/model.git", "org/model" },
		{ "https://forge.example/a/b/org/model", "org/model" },
		{ "https://forge.example/org/model.git?private_token=secret",
		  "org/model" },
		{ "https://forge.example/org/model#secret", "org/model" },
		{ "git@forge.example:model", "model" },
		{ "me:secret@forge.example:org/model", "forge.example:org/model" },
		{ "https://me:se/cret@forge.example/model", "forge.example/model" },
		{ "hg::https://me:secret@host/org/x", "org/x" },
		{ "ext::curl -H 'token: secret/x' %S", "" },
		{ "/srv/git/org/model.git", "org/model" },
		{ "/srv/caf\xc3\xa9/\x1b[31mx", "caf\?\?/\?\?31mx" },
		{ "https://forge.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct remote_url u;
		char shown[REMOTE_NAME_MAX + 1];
		assert_int_equal(remote_url_parse(cases[i].url, &u, NULL), 0);
		snprintf(shown, sizeof(shown), "%s", cases[i].name);
		for (char *c = shown; *c; c++)
			*c = *c == ':' ? '?' : *c;
		assert_string_equal(u.name, shown);
		assert_null(strstr(u.name, "secret"));
		remote_url_wipe(&u);
	}
}

static void no_password_is_in_a_place(void **state)
{
	static const char *const urls[] = {
		"https://me:secret@forge.example/org/model",
		"https://secret@forge.example/org/model",
		"ssh://git:secret@forge.example/org/model",
		"https://a@b:secret@forge.example/org/model",
		"hg::https://me:secret@forge.example/org/model",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct remote_url u;
		assert_int_equal(remote_url_parse(urls[i], &u, NULL), 0);
		assert_null(strstr(buf_text(&u.place), "secret"));
		remote_url_wipe(&u);
	}
}

static void what_leads_nowhere_is_refused_without_being_told(void **state)
{
	static const char *const bad[] = {
		"",          "https:///x", "https://me:secret@/x",  ":x",
		"secret@:x", "host:",      "https://host/secret\nx"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct remote_url u;
		struct err err = ERR_INIT;
		if (remote_url_parse(bad[i], &u, &err) != ERR_INPUT)
			fail_msg("taken: %s", bad[i]);
		assert_true(*err.text);
		assert_null(strstr(err.text, "secret"));
	}
}

/* ---------------------------------------------------------------- places */

static struct remote_place place_of(const char *url, const char *root)
{
	struct remote_place place;
	struct err err = ERR_INIT;

	if (remote_place_find(url, root, &place, &err))
		fail_msg("%s: %s", url, err.text);
	return place;
}

static void make_bare(const char *folder, const char *name)
{
	char path[SCRATCH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/%s/HEAD", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static void a_folder_is_known_by_what_lies_there(void **state)
{
	char top[SCRATCH_MAX], a[SCRATCH_MAX + 64], b[SCRATCH_MAX + 64];
	struct remote_place first, other;

	(void)state;
	scratch_folder_new(top);
	make_bare(top, "a.git");
	make_bare(top, "b.git");
	snprintf(a, sizeof(a), "%s/a.git", top);
	snprintf(b, sizeof(b), "%s/link", top);
	assert_int_equal(symlink("a.git", b), 0);
	first = place_of(a, "/nowhere");
	other = place_of("./a.git", top);
	assert_true(oid_equal(&first.hash, &other.hash));
	other = place_of("a", top); /* git adds .git */
	assert_true(oid_equal(&first.hash, &other.hash));
	other = place_of(b, "/nowhere");
	assert_true(oid_equal(&first.hash, &other.hash));
	other = place_of("b.git", top);
	assert_false(oid_equal(&first.hash, &other.hash));

	/* Another folder at the same path, as another machine may have. */
	snprintf(b, sizeof(b), "%s/b.git", top);
	char away[SCRATCH_MAX + 64];
	snprintf(away, sizeof(away), "%s/away", top);
	assert_int_equal(rename(a, away), 0);
	assert_int_equal(rename(b, a), 0);
	other = place_of(a, "/nowhere");
	assert_false(oid_equal(&first.hash, &other.hash));
	scratch_folder_remove(top);
}

static void a_folder_that_is_not_there_is_an_answer(void **state)
{
	struct remote_place place;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(remote_place_find("/nowhere/at/all.git", "/", &place, &err), 1);
	assert_int_equal(err.code, 0);
}

/* ---------------------------------------------------------------- ways */

static struct lfs_config *config_of(const char *const *pairs)
{
	struct buf git = BUF_INIT, none = BUF_INIT;
	struct lfs_config *config;

	for (; *pairs; pairs += 2) {
		buf_addf(&git, "%s\n%s", pairs[0], pairs[1]);
		buf_add_u8(&git, 0);
	}
	assert_int_equal(lfs_config_parse(&git, &none, &config, NULL), 0);
	buf_wipe(&git);
	return config;
}

static void a_push_goes_to_the_push_urls_and_by_their_aliases(void **state)
{
	static const char *const pairs[] = {
		"remote.origin.url",
		"hub:org/model",
		"url.https://forge.example/.insteadof",
		"hub:",
		"url.ssh://git@forge.example/mine/.pushinsteadof",
		"hub:org/",
		"remote.two.url",
		"https://forge.example/org/model",
		"remote.two.pushurl",
		"https://me:x@one.example/a/b",
		"remote.two.pushurl",
		"https://two.example/a/b",
		NULL
	};
	struct lfs_config *config = config_of(pairs);
	struct remote_view view = { config, "/" };
	struct remote_ways ways = REMOTE_WAYS_INIT;
	struct remote_place place;

	(void)state;
	assert_int_equal(remote_ways_add_push(&ways, &view, NULL, NULL), 0);
	assert_int_equal(remote_ways_add_push(&ways, &view, "two", NULL), 0);
	assert_int_equal(
		remote_ways_add_push(&ways, &view, "https://x.example/c/d", NULL), 0);
	assert_int_equal(ways.count, 4);
	place = place_of("https://forge.example/mine/model", "/");
	assert_true(oid_equal(&ways.list[0].place.hash, &place.hash));
	place = place_of("https://one.example/a/b", "/");
	assert_true(oid_equal(&ways.list[1].place.hash, &place.hash));
	place = place_of("https://two.example/a/b", "/");
	assert_true(oid_equal(&ways.list[2].place.hash, &place.hash));
	place = place_of("https://x.example/c/d", "/");
	assert_true(oid_equal(&ways.list[3].place.hash, &place.hash));
	remote_ways_wipe(&ways);

	/* All that can be read: by its name where that is fetched from. */
	assert_int_equal(remote_ways_add_all(&ways, &view, NULL), 0);
	assert_int_equal(ways.count, 2 + 4);
	assert_string_equal(ways.list[0].given, "origin");
	place = place_of("https://forge.example/org/model", "/");
	assert_true(oid_equal(&ways.list[0].place.hash, &place.hash));
	assert_string_equal(ways.list[2].given, "two");
	remote_ways_wipe(&ways);
	lfs_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_one_place_are_one),
		cmocka_unit_test(what_may_be_another_place_stays_another),
		cmocka_unit_test(folders_and_helpers_are_told_from_hosts),
		cmocka_unit_test(names_are_the_last_two_segments_and_harmless),
		cmocka_unit_test(no_password_is_in_a_place),
		cmocka_unit_test(what_leads_nowhere_is_refused_without_being_told),
		cmocka_unit_test(a_folder_is_known_by_what_lies_there),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_answer),
		cmocka_unit_test(a_push_goes_to_the_push_urls_and_by_their_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
