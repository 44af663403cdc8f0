#include "agent/git/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct host_case {
	const char *url, *host;
} hosts[] = {
	{ "https://github.com/team/models.git", "github.com" },
	{ "https://user:p@ss@GitLab.Example.ORG:8443/team/x", "gitlab.example.org" },
	{ "ssh://git@git.example.org:2222/x.git", "git.example.org" },
	{ "git@ssh.dev.azure.com:v3/org/project/x", "ssh.dev.azure.com" },
	{ "host:x.git", "host" },
	{ "https://[2001:db8::1]:80/x", "[2001:db8::1]" },
	{ "git://h?x", "h" },
	{ "/srv/git/x.git", NULL },
	{ "../x.git", NULL },
	{ "./a:b", NULL },
	{ "file:///srv/x.git", NULL },
	{ "zllm::/mnt/models", NULL },
	{ "https:///x", NULL },
	{ "https://user@/x", NULL },
	{ "https://:80/x", NULL },
	{ "", NULL },
	{ ":", NULL },
	{ "@:", NULL },
};

static void the_host_of_a_url_is_found_and_nothing_else_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char host[FORGE_HOST_MAX] = "untouched";
		bool found = forge_host(hosts[i].url, host);
		if (found != (hosts[i].host != NULL) ||
		    (found && strcmp(host, hosts[i].host) != 0))
			fail_msg("'%s': %s", hosts[i].url, found ? host : "none");
	}
}

static void a_host_that_is_too_long_is_none(void **state)
{
	char url[FORGE_HOST_MAX * 2] = "https://", host[FORGE_HOST_MAX];

	(void)state;
	memset(url + 8, 'a', FORGE_HOST_MAX);
	strcpy(url + 8 + FORGE_HOST_MAX, "/x");
	assert_false(forge_host(url, host));
	assert_null(forge_of_url(url));
}

static const struct forge_case {
	const char *url, *name;
} forges[] = {
	{ "https://github.com/a/b", "GitHub" },
	{ "git@github.com:a/b", "GitHub" },
	{ "https://team.ghe.com/a/b", "GitHub" },
	{ "https://github.example.org/a/b", "GitHub" },
	{ "https://gitlab.com/a/b", "GitLab" },
	{ "git@gitlab.example.org:a/b", "GitLab" },
	{ "https://code.gitlab.example.org/a", "GitLab" },
	{ "https://salsa.debian.org/a", "GitLab" },
	{ "https://codeberg.org/a/b", "Gitea or Forgejo" },
	{ "ssh://forgejo@git.example.org/a/b", "Gitea or Forgejo" },
	{ "gitea@git.example.org:a/b", "Gitea or Forgejo" },
	{ "https://org@dev.azure.com/org/p/_git/r", "Azure DevOps" },
	{ "https://org.visualstudio.com/p/_git/r", "Azure DevOps" },
	{ "https://huggingface.co/org/model", "Hugging Face" },
	{ "https://git.example.org/github.com/b", NULL },
	{ "https://github.com@git.example.org/b", NULL },
	{ "https://notgithub.com/b", NULL },
	{ "https://mygitlab.org/b", NULL },
	{ "/srv/gitlab.com/x.git", NULL },
};

static void a_forge_is_known_by_host_and_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forges) / sizeof(forges[0]); i++) {
		const struct forge *forge = forge_of_url(forges[i].url);
		const char *name = forge ? forge->name : "none";
		if (strcmp(name, forges[i].name ? forges[i].name : "none") != 0)
			fail_msg("'%s' is %s", forges[i].url, name);
	}
}

static void a_forge_is_known_by_its_file_in_the_worktree(void **state)
{
	char folder[] = "/tmp/zllm-forge-XXXXXX", path[64];
	const char *file = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_null(forge_of_worktree(folder, &file));
	snprintf(path, sizeof(path), "%s/.forgejo", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	const struct forge *forge = forge_of_worktree(folder, &file);
	assert_int_equal(rmdir(path) | rmdir(folder), 0);
	assert_non_null(forge);
	assert_string_equal(forge->name, "Gitea or Forgejo");
	assert_string_equal(file, ".forgejo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_of_a_url_is_found_and_nothing_else_of_it),
		cmocka_unit_test(a_host_that_is_too_long_is_none),
		cmocka_unit_test(a_forge_is_known_by_host_and_user),
		cmocka_unit_test(a_forge_is_known_by_its_file_in_the_worktree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
