#include "agent/hints/base_setting.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/git/git_run.h"
#include "agent/git/worktree_file.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define SECTION "zllm."

enum { ENTRIES_MAX = 1024 };

struct base_entry {
	char *pattern; /* NULL: for all paths */
	char *value;
};

struct base_setting {
	char *name;
	struct base_entry *entries; /* in the order of the file */
	size_t count;
};

void base_setting_free(struct base_setting *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->entries[i].pattern);
		free(s->entries[i].value);
	}
	free(s->entries);
	free(s->name);
	free(s);
}

/* ---------------------------------------------------------------- parsing */

/* "zllm.base" or "zllm.<pattern>.base": the pattern may hold dots. */
static int add_base(struct base_setting *s, const char *key, size_t key_size,
                    const char *value, struct err *err)
{
	size_t front = strlen(SECTION), back = strlen(".base");

	if (s->count == ENTRIES_MAX || strlen(value) > BASE_VALUE_MAX)
		return err_set(err, ERR_CONFIG,
		               BASE_SETTING_FILE
		               " has too many bases, or one that is too "
		               "long");
	struct base_entry *entries = realloc(s->entries,
	                                     (s->count + 1) * sizeof(*entries));
	if (!entries)
		return err_nomem(err, "the setting of bases");
	s->entries = entries;
	struct base_entry entry = { NULL, strdup(value) };
	bool all = key_size < front + back;
	if (!all)
		entry.pattern = strndup(key + front, key_size - front - back);
	if (!entry.value || (!all && !entry.pattern)) {
		free(entry.value);
		free(entry.pattern);
		return err_nomem(err, "the setting of bases");
	}
	s->entries[s->count++] = entry;
	return 0;
}

static bool ends_in(const char *text, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && strncasecmp(text + n - m, end, m) == 0;
}

/* "key LF value"; git prints section and variable in lower case. */
static int parse_entry(struct base_setting *s, const char *entry, struct err *err)
{
	const char *lf = strchr(entry, '\n');
	size_t n = lf ? (size_t)(lf - entry) : strlen(entry);

	if (!lf || strncasecmp(entry, SECTION, strlen(SECTION)) != 0)
		return 0; /* a key of a newer git-zllm, or one without a value */
	if (n == strlen(SECTION "name") && ends_in(entry, n, ".name")) {
		free(s->name);
		s->name = strdup(lf + 1);
		return s->name ? 0 : err_nomem(err, "a name");
	}
	if (ends_in(entry, n, ".base"))
		return add_base(s, entry, n, lf + 1, err);
	return 0;
}

int base_setting_parse(const struct buf *list, struct base_setting **out, struct err *err)
{
	struct base_setting *s = calloc(1, sizeof(*s));
	int rc = s ? 0 : err_nomem(err, "the setting of bases");

	for (size_t at = 0; !rc && at < list->size;) {
		const char *entry = (const char *)list->data + at;
		size_t n = strnlen(entry, list->size - at);
		if (at + n == list->size)
			break; /* no NUL: cut off */
		rc = parse_entry(s, entry, err);
		at += n + 1;
	}
	if (rc)
		base_setting_free(s);
	else
		*out = s;
	return rc;
}

/* ---------------------------------------------------------------- reading */

static int list_source(const char *option, const char *source, struct buf *out,
                       int *status, struct err *err)
{
	const char *argv[] = { "git", "config", "-z", "--list", option, source, NULL };

	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = true }, status,
	               err);
}

static int list_setting(const char *worktree, struct buf *out, struct err *err)
{
	struct buf path = BUF_INIT;
	int status = 0, rc;

	buf_addf(&path, "%s/" BASE_SETTING_FILE, worktree ? worktree : "");
	rc = worktree ? worktree_file_check_read(buf_text(&path), err) : 1;
	if (rc == 0) {
		rc = list_source("--file", buf_text(&path), out, &status, err);
		if (!rc && status)
			rc = err_set(err, ERR_CONFIG,
			             "git cannot read " BASE_SETTING_FILE
			             "; 'git config --file " BASE_SETTING_FILE
			             " --list' says why");
	} else if (rc > 0) {
		rc = list_source("--blob", ":" BASE_SETTING_FILE, out, &status, err);
		if (!rc && status)
			rc = list_source("--blob", "HEAD:" BASE_SETTING_FILE, out,
			                 &status, err);
	}
	buf_wipe(&path);
	return rc;
}

int base_setting_read(const char *worktree, struct base_setting **out, struct err *err)
{
	struct buf list = BUF_INIT;
	int rc = list_setting(worktree, &list, err);

	if (!rc)
		rc = base_setting_parse(&list, out, err);
	buf_wipe(&list);
	return rc;
}

/* ---------------------------------------------------------------- questions */

const char *base_setting_name(const struct base_setting *s)
{
	return s->name;
}

static bool fits(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (fnmatch(pattern, path, FNM_PATHNAME | FNM_LEADING_DIR) == 0)
		return true;
	return !strchr(pattern, '/') && slash &&
	       fnmatch(pattern, slash + 1, FNM_PATHNAME) == 0;
}

static bool same_pattern(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

size_t base_setting_bases(const struct base_setting *s, const char *path,
                          const char *values[BASE_VALUES_MAX])
{
	const char *pattern = NULL;
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].pattern && path && fits(s->entries[i].pattern, path))
			pattern = s->entries[i].pattern;
	for (size_t i = 0; i < s->count && count < BASE_VALUES_MAX; i++)
		if (same_pattern(s->entries[i].pattern, pattern))
			values[count++] = s->entries[i].value;
	return count;
}

void base_setting_each(const struct base_setting *s,
                       void (*each)(void *ctx, const char *pattern, const char *value),
                       void *ctx)
{
	for (size_t i = 0; i < s->count; i++)
		each(ctx, s->entries[i].pattern, s->entries[i].value);
}
