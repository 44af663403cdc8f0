#include "agent/git/lfs_config.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/git/git_refusal.h"
#include "agent/git/git_run.h"
#include "agent/git/worktree_file.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* Pairs in order of rising precedence: those of .lfsconfig come first. */
struct pair {
	char *key;
	char *value;
	bool from_lfsconfig;
};

struct lfs_config {
	struct pair *pairs;
	size_t count;
	size_t cap;
};

void lfs_config_free(struct lfs_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->pairs[i].key);
		free(c->pairs[i].value);
	}
	free(c->pairs);
	free(c);
}

/* Section and variable name in lower case; what is between is case-sensitive. */
static void normalise(char *key)
{
	char *last = strrchr(key, '.');

	for (char *p = key; *p && *p != '.'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (char *p = last ? last : key; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The keys that git-lfs takes from .lfsconfig; it ignores all others, since a
 * repository must not choose which programs are run. */
static bool safe_in_lfsconfig(const char *key)
{
	static const char *const safe[] = {
		"lfs.allowincompletepush", "lfs.fetchexclude", "lfs.fetchinclude",
		"lfs.gitprotocol",         "lfs.locksverify",  "lfs.pushurl",
		"lfs.skipdownloaderrors",  "lfs.url",
	};

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (strcmp(key, safe[i]) == 0)
			return true;
	if (strncmp(key, "remote.", 7) == 0)
		return ends_in(key, ".lfsurl");
	if (strncmp(key, "lfs.extension.", 14) == 0)
		return ends_in(key, ".priority");
	return ends_in(key, ".access") && strchr(key, '.') != strrchr(key, '.');
}

static int add_pair(struct lfs_config *c, struct pair pair, struct err *err)
{
	if (pair.key && pair.value && c->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 64;
		struct pair *pairs = realloc(c->pairs, cap * sizeof(*pairs));
		if (pairs) {
			c->pairs = pairs;
			c->cap = cap;
		}
	}
	if (!pair.key || !pair.value || c->count == c->cap) {
		free(pair.key);
		free(pair.value);
		return err_nomem(err, "the configuration");
	}
	c->pairs[c->count++] = pair;
	return 0;
}

/* One "key LF value"; a key alone means true. */
static int parse_entry(struct lfs_config *c, const char *entry, size_t n,
                       bool from_lfsconfig, struct err *err)
{
	const char *lf = memchr(entry, '\n', n);
	size_t key_size = lf ? (size_t)(lf - entry) : n;
	char *key = strndup(entry, key_size);

	if (!key)
		return err_nomem(err, "the configuration");
	normalise(key);
	if (from_lfsconfig && !safe_in_lfsconfig(key)) {
		free(key);
		return 0;
	}
	char *value = lf ? strndup(lf + 1, n - key_size - 1) : strdup("true");
	return add_pair(c, (struct pair){ key, value, from_lfsconfig }, err);
}

static int parse_list(struct lfs_config *c, const struct buf *list, bool from_lfsconfig,
                      struct err *err)
{
	size_t at = 0;

	while (at < list->size) {
		const char *entry = (const char *)list->data + at;
		size_t n = strnlen(entry, list->size - at);
		int rc = n ? parse_entry(c, entry, n, from_lfsconfig, err) : 0;
		if (rc)
			return rc;
		at += n + 1;
	}
	return 0;
}

int lfs_config_parse(const struct buf *git, const struct buf *lfsconfig,
                     struct lfs_config **out, struct err *err)
{
	struct lfs_config *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err, "the configuration");
	int rc = parse_list(c, lfsconfig, true, err);
	if (!rc)
		rc = parse_list(c, git, false, err);
	if (rc) {
		lfs_config_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* `git config -z --list` of one source. */
static int list_source(const char *option, const char *source, struct buf *out,
                       int *status, struct err *err)
{
	const char *argv[] = { "git", "config", "-z", "--list", option, source, NULL };

	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = true }, status,
	               err);
}

/* The .lfsconfig of the worktree as a path that works from here: "" when there
 * is no worktree around us. 1 outside a repository. */
static int find_worktree_file(struct buf *path, struct err *err)
{
	static const char *const argv[] = { "git", "rev-parse", "--is-inside-work-tree",
		                            "--show-cdup", NULL };
	struct buf out = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &out, .quiet = true },
	                 &status, err);
	if (!rc && status)
		rc = 1;
	if (rc)
		goto out;
	const char *text = buf_text(&out);
	if (strncmp(text, "true\n", 5) == 0) {
		const char *cdup = text + 5;
		buf_addf(path, "%.*s.lfsconfig", (int)strcspn(cdup, "\n"), cdup);
	}
out:
	buf_wipe(&out);
	return rc;
}

static int list_blob(const char *commit, struct buf *out, int *status, struct err *err)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s:.lfsconfig", commit);
	int rc = list_source("--blob", buf_text(&name), out, status, err);
	buf_wipe(&name);
	return rc;
}

enum { LFSCONFIG_LOOK = 64 << 10 /* bytes in which markers are looked for */ };

/* Whether a merge left its markers in the file at `path`. */
static bool has_conflict(const char *path)
{
	char *text = calloc(1, LFSCONFIG_LOOK + 1);
	int fd = text ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, LFSCONFIG_LOOK);
	bool found = n > 0 && (strncmp(text, "<<<<<<< ", 8) == 0 ||
	                       strstr(text, "\n<<<<<<< ") != NULL);

	if (fd >= 0)
		close(fd);
	free(text);
	return found;
}

static int refuse_lfsconfig(const char *path, struct err *err)
{
	if (has_conflict(path))
		return err_set(
			err, ERR_CONFIG,
			".lfsconfig holds the conflict markers of a merge: keep the lines "
			"of one side ('git checkout HEAD -- .lfsconfig' takes yours) and "
			"'git add .lfsconfig'; a merge or pull that ended here goes "
			"through with GIT_LFS_SKIP_SMUDGE=1 set, and 'git lfs pull' after "
			"it");
	return err_set(err, ERR_CONFIG,
	               "git cannot read .lfsconfig; 'git config --file .lfsconfig "
	               "--list' says why");
}

/* From the worktree, else the index, else HEAD: the first that has one. */
static int list_lfsconfig(struct buf *out, struct err *err)
{
	struct buf path = BUF_INIT;
	int status = 0;

	int rc = find_worktree_file(&path, err);
	if (rc)
		goto out;
	rc = path.size ? worktree_file_check_read(buf_text(&path), err) : 1;
	if (rc < 0)
		goto out;
	if (rc == 0) {
		rc = list_source("--file", buf_text(&path), out, &status, err);
		if (!rc && status)
			rc = refuse_lfsconfig(buf_text(&path), err);
		goto out;
	}
	rc = list_blob("", out, &status, err);
	if (!rc && status)
		rc = list_blob("HEAD", out, &status, err);
out:
	buf_wipe(&path);
	return rc > 0 ? 0 : rc;
}

static int list_git(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git",    "config",     "-z",
		                            "--list", "--includes", NULL };
	struct buf errors = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out, .errors = &errors },
	                 &status, err);
	if (!rc && status)
		rc = git_refusal_set("git cannot read its configuration", &errors, err);
	buf_wipe(&errors);
	return rc;
}

/* What git says, over what a .lfsconfig has. */
static int read_over(const struct buf *lfsconfig, struct lfs_config **out,
                     struct err *err)
{
	struct buf git = BUF_INIT;

	int rc = list_git(&git, err);
	if (!rc)
		rc = lfs_config_parse(&git, lfsconfig, out, err);
	buf_wipe(&git);
	return rc;
}

int lfs_config_read(struct lfs_config **out, struct err *err)
{
	struct buf list = BUF_INIT;

	int rc = list_lfsconfig(&list, err);
	if (!rc)
		rc = read_over(&list, out, err);
	buf_wipe(&list);
	return rc;
}

int lfs_config_read_at(const char *commit, struct lfs_config **out, struct err *err)
{
	struct buf list = BUF_INIT;
	int status;

	int rc = list_blob(commit, &list, &status, err);
	if (!rc)
		rc = read_over(&list, out, err);
	buf_wipe(&list);
	return rc;
}

int lfs_config_read_text(const struct buf *text, struct lfs_config **out, struct err *err)
{
	static const char *const argv[] = { "git",    "config", "-z", "--list",
		                            "--file", "-",      NULL };
	struct buf list = BUF_INIT;
	int status;

	int rc = git_run(
		argv,
		&(struct git_run_io){ .input = text, .output = &list, .quiet = true },
		&status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG, "git cannot read that .lfsconfig");
	if (!rc)
		rc = read_over(&list, out, err);
	buf_wipe(&list);
	return rc;
}

static const struct pair *find_last(const struct lfs_config *c, const char *key)
{
	for (size_t i = c->count; i-- > 0;)
		if (strcmp(c->pairs[i].key, key) == 0)
			return &c->pairs[i];
	return NULL;
}

const char *lfs_config_get(const struct lfs_config *c, const char *key)
{
	const struct pair *pair = find_last(c, key);

	return pair ? pair->value : NULL;
}

int lfs_config_each(const struct lfs_config *c,
                    int (*each)(void *ctx, const char *key, const char *value), void *ctx)
{
	for (size_t i = 0; i < c->count; i++) {
		int rc = each(ctx, c->pairs[i].key, c->pairs[i].value);
		if (rc)
			return rc;
	}
	return 0;
}

int lfs_config_from_lfsconfig(const struct lfs_config *c, const char *key)
{
	const struct pair *pair = find_last(c, key);

	return pair && pair->from_lfsconfig;
}
