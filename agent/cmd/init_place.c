#include "agent/cmd/init_place.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/report/report.h"
#include "agent/report/shell_word.h"
#include "agent/where/store_open.h"
#include "agent/where/store_site.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* Whether the file names this very store. */
static int is_named(const struct git_scope *lfsconfig, const struct store_url *url,
                    bool *named, struct err *err)
{
	struct store_url old = { 0 };
	struct buf text = BUF_INIT;
	int rc = access(lfsconfig->file, F_OK) == 0
	                 ? git_scope_get(lfsconfig, "lfs.url", &text, err)
	                 : 1;

	*named = rc == 0 && store_url_parse(buf_text(&text), &old, NULL) == 0 &&
	         old.kind == url->kind && strcmp(old.place, url->place) == 0;
	store_url_wipe(&old);
	buf_wipe(&text);
	return rc < 0 ? rc : 0;
}

static int say_away(const struct git_scope *lfsconfig, const struct store_url *url,
                    struct err *err)
{
	struct buf word = BUF_INIT;

	shell_word_add(&word, lfsconfig->file);
	err_set(err, ERR_MISSING,
	        "there is no store at %s, which .lfsconfig names: %s To make an empty one "
	        "there all the same, first run: git config -f %s --unset lfs.url",
	        url->place, url->kind->missing, buf_text(&word));
	buf_wipe(&word);
	return ERR_MISSING;
}

int init_place_open(const struct git_scope *lfsconfig, const struct store_url *url,
                    const struct store_context *context, struct store **out,
                    struct err *err)
{
	struct buf path = BUF_INIT;
	bool named = false;
	int rc = 0;

	if (url->kind->is_path)
		rc = store_url_path(url, context->root, &path, err);
	if (!rc && path.size)
		rc = store_site_check(buf_text(&path), err);
	buf_wipe(&path);
	if (!rc)
		rc = is_named(lfsconfig, url, &named, err);
	if (rc)
		return rc;
	if (!named)
		return store_open_or_make(url, context, out, err);
	rc = store_open(url, context, out, err);
	return rc == ERR_MISSING ? say_away(lfsconfig, url, err) : rc;
}

/* ---------------------------------------------------------------- inside a worktree */

/* The lines of `git rev-parse`, in the order they are asked for. */
enum { LINE_INSIDE, LINE_COMMON, LINE_EXCLUDE, LINE_PREFIX, LINES };

/* Runs git in `folder`, whatever repository it belongs to. */
static int run_in(const char *folder, const char *const *words, struct buf *out,
                  int *status, struct err *err)
{
	const char *argv[16] = { "env",           "-u",  "GIT_DIR", "-u",
		                 "GIT_WORK_TREE", "git", "-C",      folder };

	for (int i = 0; words[i]; i++)
		argv[8 + i] = words[i];
	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = true }, status,
	               err);
}

/* 1 where `folder` is in no worktree, or its path has a newline in it. */
static int find_place(const char *folder, char *lines[LINES], struct buf *text,
                      struct err *err)
{
	static const char *const words[] = { "rev-parse",
		                             "--is-inside-work-tree",
		                             "--path-format=absolute",
		                             "--git-common-dir",
		                             "--git-path",
		                             "info/exclude",
		                             "--show-prefix",
		                             NULL };
	int status, n = 0;
	int rc = run_in(folder, words, text, &status, err);

	if (rc || status || !*buf_text(text))
		return rc ? rc : 1;
	for (char *at = (char *)text->data, *end; n < LINES; at = end + 1) {
		end = strchr(at, '\n');
		if (!end)
			return 1;
		*end = 0;
		lines[n++] = at;
		if (n == LINES && end[1])
			return 1;
	}
	return strcmp(lines[LINE_INSIDE], "true") != 0;
}

/* Also where files of it are tracked: they were added before. */
static bool is_ignored(const char *folder)
{
	static const char *const words[] = { "check-ignore", "-q", "--no-index", ".",
		                             NULL };
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status;
	bool is = run_in(folder, words, &out, &status, &ignored) == 0 && status == 0;

	buf_wipe(&out);
	return is;
}

/* "/a/b/", with what .gitignore takes for a pattern escaped. */
static void add_pattern(const char *prefix, struct buf *out)
{
	buf_add_u8(out, '/');
	for (; *prefix; prefix++) {
		if (strchr("\\*?[", *prefix))
			buf_add_u8(out, '\\');
		buf_add_u8(out, (uint8_t)*prefix);
	}
}

static int append_line(const struct git_paths *paths, const char *path, const char *line,
                       struct err *err)
{
	char folder[PATH_MAX];
	struct buf text = BUF_INIT;
	struct stat st;
	const char *last = strrchr(path, '/');

	if (last && (size_t)(last - path) < sizeof(folder)) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(last - path), path);
		int rc = git_paths_make_folder(paths, folder, err);
		if (rc)
			return rc;
	}
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	char end = '\n';
	bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	            (!st.st_size || pread(fd, &end, 1, st.st_size - 1) == 1);
	buf_addf(&text, "%s%s\n", end == '\n' ? "" : "\n", line);
	good = good && !text.failed &&
	       write(fd, text.data, text.size) == (ssize_t)text.size;
	if (!good)
		err_errno(err, "cannot write to %s", path);
	if (fd >= 0)
		close(fd);
	buf_wipe(&text);
	return good ? 0 : ERR_IO;
}

static bool is_same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int init_place_ignore(const struct git_paths *paths, const char *folder, struct err *err)
{
	struct buf text = BUF_INIT, pattern = BUF_INIT;
	char *lines[LINES];

	int rc = find_place(folder, lines, &text, err);
	if (rc || is_ignored(folder))
		goto out;
	add_pattern(lines[LINE_PREFIX], &pattern);
	if (!is_same_folder(lines[LINE_COMMON], paths->common_dir)) {
		report_note("the store lies in the worktree of another repository: keep "
		            "it out of that, by a line '%s' in %s",
		            buf_text(&pattern), lines[LINE_EXCLUDE]);
		goto out;
	}
	rc = append_line(paths, lines[LINE_EXCLUDE], buf_text(&pattern), err);
	if (!rc && !is_ignored(folder))
		report_note("the store lies inside this worktree, and a line of "
		            ".gitignore has git add it: take that line out");
	else if (!rc)
		report_note("the store lies inside this worktree: git ignores it, by the "
		            "line '%s' in %s. Other clones do not have it",
		            buf_text(&pattern), lines[LINE_EXCLUDE]);
out:
	buf_wipe(&pattern);
	buf_wipe(&text);
	return rc < 0 ? rc : 0;
}
