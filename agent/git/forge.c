#include "agent/git/forge.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATTERNS_MAX = 10, FILES_MAX = 4, PATH_BYTES = 4096 };

struct row {
	struct forge forge;
	const char *hosts[PATTERNS_MAX]; /* as fnmatch(3) has them */
	const char *users[FILES_MAX];    /* of ssh URLs */
	const char *files[FILES_MAX];    /* from the top of the worktree */
};

/* README.md, "Git servers", has the same for people: a new server is a row in both. */
static const struct row rows[] = {
	{ .forge = { "GitHub",
	             "wants .lfsconfig committed with the first pointers, as init has it "
	             "(else GH008: unknown Git LFS objects)" },
	  .hosts = { "github.com", "ssh.github.com", "*.ghe.com", "github.*", "ghe.*" } },
	{ .forge = { "GitLab",
	             "refuses pushes ('LFS objects are missing') until LFS is off for the "
	             "project: Settings, General, Visibility, Git Large File Storage" },
	  .hosts = { "gitlab.*", "*.gitlab.*", "gitlab-*", "salsa.debian.org",
	             "framagit.org", "invent.kde.org", "code.videolan.org" },
	  .files = { ".gitlab-ci.yml" } },
	{ .forge = { "Gitea or Forgejo",
	             "keeps what is uploaded on its web pages in an LFS store of its own, "
	             "where no clone looks: leave LFS off there, or install our pre-receive "
	             "hook (hooks/README.md)" },
	  .hosts = { "codeberg.org", "*.codeberg.org", "gitea.*", "*.gitea.*", "gitea-*",
	             "forgejo.*", "*.forgejo.*", "forgejo-*" },
	  .users = { "gitea", "forgejo" },
	  .files = { ".gitea", ".forgejo" } },
	{ .forge = { "Azure DevOps",
	             "fetches LFS objects in its pipelines before they have .lfsconfig: "
	             "leave 'lfs' out of checkout, and run 'git lfs pull' after it" },
	  .hosts = { "dev.azure.com", "*.dev.azure.com", "*.visualstudio.com" },
	  .files = { "azure-pipelines.yml", "azure-pipelines.yaml" } },
	{ .forge = { "Hugging Face",
	             "refuses pointers to objects that it does not have itself: keep the git "
	             "repository on another server" },
	  .hosts = { "huggingface.co", "hf.co", "*.huggingface.co", "*.hf.co" } },
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* ---------------------------------------------------------------- URLs */

/* Where user, host and port of a URL lie, or those of the form that scp takes. */
struct authority {
	const char *at;
	size_t n;
};

static bool find_authority(const char *url, struct authority *out)
{
	const char *scheme = strstr(url, "://");

	if (scheme) {
		out->at = scheme + 3;
		out->n = strcspn(out->at, "/?#");
		return strncmp(url, "file:", 5) != 0 && out->n;
	}
	out->at = url;
	out->n = strcspn(url, ":/");
	return url[out->n] == ':' && url[out->n + 1] != ':' && out->n;
}

/* Leaves the user in front of the last '@' in *user, and the rest in *a. */
static void cut_user(struct authority *a, struct authority *user)
{
	const char *end = memrchr(a->at, '@', a->n);

	*user = (struct authority){ a->at, 0 };
	if (!end)
		return;
	user->n = (size_t)(end - a->at);
	a->n -= user->n + 1;
	a->at = end + 1;
}

static bool copy_host(struct authority a, char host[FORGE_HOST_MAX])
{
	const char *port = *a.at == '[' ? memchr(a.at, ']', a.n) : memchr(a.at, ':', a.n);
	size_t n = port ? (size_t)(port - a.at) + (*port == ']') : a.n;

	if (!n || n >= FORGE_HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		host[i] = (char)tolower((unsigned char)a.at[i]);
	host[n] = 0;
	return true;
}

bool forge_host(const char *url, char host[FORGE_HOST_MAX])
{
	struct authority a, user;

	if (!find_authority(url, &a))
		return false;
	cut_user(&a, &user);
	return copy_host(a, host);
}

/* ---------------------------------------------------------------- the table */

static bool has_host(const struct row *row, const char *host)
{
	for (size_t i = 0; i < PATTERNS_MAX && row->hosts[i]; i++)
		if (fnmatch(row->hosts[i], host, 0) == 0)
			return true;
	return false;
}

static bool has_user(const struct row *row, struct authority user)
{
	for (size_t i = 0; i < FILES_MAX && row->users[i]; i++)
		if (strlen(row->users[i]) == user.n &&
		    memcmp(row->users[i], user.at, user.n) == 0)
			return true;
	return false;
}

const struct forge *forge_of_url(const char *url)
{
	char host[FORGE_HOST_MAX];
	struct authority a, user;

	if (!find_authority(url, &a))
		return NULL;
	cut_user(&a, &user);
	for (size_t i = 0; i < ROW_COUNT && copy_host(a, host); i++)
		if (has_host(&rows[i], host) || has_user(&rows[i], user))
			return &rows[i].forge;
	return NULL;
}

const struct forge *forge_of_worktree(const char *top, const char **file)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < ROW_COUNT; i++)
		for (size_t f = 0; f < FILES_MAX && rows[i].files[f]; f++) {
			int n = snprintf(path, sizeof(path), "%s/%s", top,
			                 rows[i].files[f]);
			if (n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK) != 0)
				continue;
			*file = rows[i].files[f];
			return &rows[i].forge;
		}
	return NULL;
}
