#include "agent/git/repo_aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "codec/common/err.h"
#include "index/work/file_range.h"
#include "index/work/temp_folder.h"

enum { WORDS_MAX = 40 };

/* Where git runs us, in a hook or as a filter, its environment says where the clone lies. */
static int run_elsewhere(const char *const *words, const struct git_run_io *io,
                         int *status, struct err *err)
{
	const char *argv[WORDS_MAX] = { "env",
		                        "-u",
		                        "GIT_DIR",
		                        "-u",
		                        "GIT_WORK_TREE",
		                        "-u",
		                        "GIT_COMMON_DIR",
		                        "-u",
		                        "GIT_INDEX_FILE",
		                        "-u",
		                        "GIT_OBJECT_DIRECTORY",
		                        "git" };
	size_t n = 12;

	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
	return git_run(argv, io, status, err);
}

int repo_aside_run(const struct repo_aside *a, const char *const *words,
                   const struct git_run_io *io, int *status, struct err *err)
{
	const char *all[WORDS_MAX] = { "-C", a->root, "--git-dir",
		                       (const char *)a->folder.data };
	size_t n = 4;

	while (*words && n < WORDS_MAX - 1)
		all[n++] = *words++;
	return run_elsewhere(all, io, status, err);
}

int repo_aside_append(const struct repo_aside *a, const char *name, const char *text,
                      struct err *err)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	struct stat st;

	buf_addf(&path, "%s/%s", (const char *)a->folder.data, name);
	buf_addf(&line, "%s\n", text);
	int fd = path.failed || line.failed
	                 ? -1
	                 : open(buf_text(&path), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	int rc = fd < 0 || fstat(fd, &st)
	                 ? err_errno(err, "cannot write %s", buf_text(&path))
	                 : file_range_write(fd, (uint64_t)st.st_size, line.data,
	                                    line.size, err);
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(err, "cannot write %s", buf_text(&path));
	buf_wipe(&line);
	buf_wipe(&path);
	return rc;
}

/* A path in a file of configuration, in its quotes. */
static void add_quoted(const char *path, struct buf *out)
{
	buf_add_u8(out, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_add_u8(out, '\\');
		buf_add_u8(out, (uint8_t)*path);
	}
	buf_add_u8(out, '"');
}

/* The clone's configuration, as far as it is not about how a repository lies there. */
static int take_config(const struct repo_aside *a, const char *common, struct err *err)
{
	struct buf line = BUF_INIT, path = BUF_INIT;

	buf_addf(&path, "%s/config", common);
	buf_add_str(&line, "[include] path = ");
	add_quoted(buf_text(&path), &line);
	/* what the clone's says of these is not about this repository */
	buf_add_str(&line, "\n[core] bare = true\n[fetch] prune = false\n\tfsckObjects = "
	                   "false\n\trecurseSubmodules = false");
	int rc = line.failed || path.failed
	                 ? err_nomem(err, "a repository")
	                 : repo_aside_append(a, "config", buf_text(&line), err);
	buf_wipe(&line);
	buf_wipe(&path);
	return rc;
}

static int make(struct repo_aside *a, struct err *err)
{
	static const char *const format[] = { "git", "rev-parse", "--show-object-format",
		                              NULL };
	struct buf kind = BUF_INIT, option = BUF_INIT;
	int status = 0;

	int rc = git_run(format, &(struct git_run_io){ .output = &kind, .quiet = true },
	                 &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git cannot say which hash the repository has");
	kind.size = strcspn(buf_text(&kind), "\n");
	buf_addf(&option, "--object-format=%s", buf_text(&kind));
	const char *words[] = { "init",
		                "-q",
		                "--bare",
		                "--template=",
		                buf_text(&option),
		                (const char *)a->folder.data,
		                NULL };
	if (!rc && (kind.failed || option.failed))
		rc = err_nomem(err, "a repository");
	if (!rc)
		rc = run_elsewhere(words, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "cannot make a repository in %s",
		             (const char *)a->folder.data);
	buf_wipe(&kind);
	buf_wipe(&option);
	return rc;
}

int repo_aside_open(struct repo_aside *a, const struct git_paths *paths, struct err *err)
{
	a->root = paths->worktree ? paths->worktree : paths->git_dir;
	int rc = temp_folder_make("zllm-aside-", &a->folder, &a->lock, err);

	if (!rc)
		rc = make(a, err);
	if (!rc)
		rc = take_config(a, paths->common_dir, err);
	return rc;
}

void repo_aside_close(struct repo_aside *a)
{
	temp_folder_remove(&a->folder, a->lock);
}
