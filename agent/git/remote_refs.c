#include "agent/git/remote_refs.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_objects.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/work/file_range.h"

enum { FOLDERS_OPEN = 16, WORDS_MAX = 24, TRIES = 3 };

/* ---------------------------------------------------------------- git */

/* Runs git in the clone and takes what it prints, without the last newline. */
static int ask(const char *const *argv, struct buf *out, struct err *err)
{
	int status;
	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, err);

	if (!rc && status)
		rc = err_set(err, ERR_IO, "'git %s %s' failed", argv[1], argv[2]);
	if (!rc && out->size && out->data[out->size - 1] == '\n')
		out->size--;
	return rc;
}

/* Runs git in the repository that was made, from where relative URLs begin. */
static int run(struct remote_refs *r, const char *const *words,
               const struct git_run_io *io, int *status, struct err *err)
{
	const char *argv[WORDS_MAX] = { "git", "-C", r->root, "--git-dir",
		                        buf_text(&r->folder) };
	size_t n = 5;

	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
	return git_run(argv, io, status, err);
}

/* ---------------------------------------------------------------- the repository */

static int append_line(const struct buf *folder, const char *name, const char *text,
                       struct err *err)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	struct stat st;

	buf_addf(&path, "%s/%s", (const char *)folder->data, name);
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
static int take_config(const struct remote_refs *r, const char *common, struct err *err)
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
	                 : append_line(&r->folder, "config", buf_text(&line), err);
	buf_wipe(&line);
	buf_wipe(&path);
	return rc;
}

static int borrow(const struct remote_refs *r, struct err *err)
{
	static const char *const where[] = { "git", "rev-parse", "--git-path", "objects",
		                             NULL };
	struct buf out = BUF_INIT;
	char *real = NULL;

	int rc = ask(where, &out, err);
	if (!rc) {
		real = realpath(buf_text(&out), NULL);
		rc = real ? append_line(&r->folder, "objects/info/alternates", real, err)
		          : err_errno(err, "cannot find %s", buf_text(&out));
	}
	free(real);
	buf_wipe(&out);
	return rc;
}

/* Whether objects of the clone's history are not there by design. */
static int find_partial(bool *partial, struct err *err)
{
	static const char *const argv[] = {
		"git", "config", "--get-regexp",
		"^(remote\\..*\\.(promisor|partialclonefilter)|extensions\\.partialclone)$",
		NULL
	};
	struct buf out = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &out, .quiet = true },
	                 &status, err);
	*partial = !rc && out.size > 0;
	buf_wipe(&out);
	return rc;
}

static int check_shallow(struct err *err)
{
	static const char *const argv[] = { "git", "rev-parse", "--is-shallow-repository",
		                            NULL };
	struct buf out = BUF_INIT;

	int rc = ask(argv, &out, err);
	if (!rc && strcmp(buf_text(&out), "false") != 0)
		rc = err_set(err, ERR_CONFIG,
		             "this clone is shallow, so what its own branches reach is "
		             "not known; run 'git fetch --unshallow', or prune in a "
		             "clone with all of the history");
	buf_wipe(&out);
	return rc;
}

static int make(struct remote_refs *r, struct err *err)
{
	static const char *const format[] = { "git", "rev-parse", "--show-object-format",
		                              NULL };
	struct buf kind = BUF_INIT, option = BUF_INIT;
	int status = 0;

	int rc = ask(format, &kind, err);
	buf_addf(&option, "--object-format=%s", buf_text(&kind));
	const char *argv[] = { "git",
		               "init",
		               "-q",
		               "--bare",
		               "--template=",
		               buf_text(&option),
		               (const char *)r->folder.data,
		               NULL };
	if (!rc && (kind.failed || option.failed))
		rc = err_nomem(err, "a repository");
	if (!rc)
		rc = git_run(argv, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "cannot make a repository in %s",
		             (const char *)r->folder.data);
	buf_wipe(&kind);
	buf_wipe(&option);
	return rc;
}

static int make_folder(struct remote_refs *r, struct err *err)
{
	const char *top = getenv("TMPDIR");

	buf_addf(&r->folder, "%s/zllm-prune-XXXXXX", top && *top ? top : "/tmp");
	if (!*buf_text(&r->folder))
		return err_nomem(err, "a path");
	if (mkdtemp((char *)r->folder.data))
		return 0;
	int rc = err_errno(err, "cannot make a folder in %s", top && *top ? top : "/tmp");
	r->folder.size = 0;
	return rc;
}

int remote_refs_open(struct remote_refs *r, const struct git_paths *paths,
                     struct err *err)
{
	*r = (struct remote_refs){ .folder = BUF_INIT, .tips = BUF_INIT };
	r->root = paths->worktree ? paths->worktree : paths->git_dir;
	int rc = check_shallow(err);

	if (!rc)
		rc = find_partial(&r->partial, err);
	if (!rc)
		rc = make_folder(r, err);
	if (!rc)
		rc = make(r, err);
	if (!rc)
		rc = take_config(r, paths->common_dir, err);
	if (!rc && !r->partial) {
		struct buf info = BUF_INIT;
		buf_addf(&info, "%s/objects/info", buf_text(&r->folder));
		mkdir(buf_text(&info), 0700); /* it is there, with a template */
		buf_wipe(&info);
		rc = borrow(r, err);
	}
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void remote_refs_close(struct remote_refs *r)
{
	if (r->folder.size)
		nftw(buf_text(&r->folder), remove_one, FOLDERS_OPEN,
		     FTW_DEPTH | FTW_PHYS);
	buf_wipe(&r->folder);
	buf_wipe(&r->tips);
}

/* ---------------------------------------------------------------- one remote */

static int list_refs(struct remote_refs *r, const char *given, struct buf *out,
                     struct err *err)
{
	const char *words[] = { "ls-remote", "-q", "--", given, NULL };
	int status;

	int rc = run(r, words, &(struct git_run_io){ .output = out }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "its refs cannot be listed");
	return rc;
}

/* What the lines "<id> TAB <ref>" point at. Those of what a tag points at (^{}) come with
 * the tag. *head: the remote has a HEAD. */
static size_t take_tips(const char *line, struct buf *tips, bool *head)
{
	size_t count = 0;

	while (*line) {
		size_t n = strcspn(line, "\n"), id = strcspn(line, "\t\n");
		const char *ref = line + id + 1;
		bool peeled = n > 3 && memcmp(line + n - 3, "^{}", 3) == 0;
		if (id < n && !peeled) {
			buf_addf(tips, "%.*s\n", (int)id, line);
			*head |= n - id - 1 == 4 && memcmp(ref, "HEAD", 4) == 0;
			count++;
		}
		line += n + (line[n] == '\n');
	}
	return count;
}

static int fetch(struct remote_refs *r, const char *given, bool head, struct err *err)
{
	struct buf all = BUF_INIT, one = BUF_INIT;
	const char *words[WORDS_MAX];
	size_t n = 0;
	int status = 0;

	buf_addf(&all, "+refs/*:refs/zllm/%zu/*", r->remotes);
	buf_addf(&one, "+HEAD:refs/zllm-head/%zu", r->remotes);
	words[n++] = "fetch";
	words[n++] = "-q";
	words[n++] = "--no-tags";
	words[n++] = "--no-write-fetch-head";
	words[n++] = "--no-auto-maintenance";
	words[n++] = "--no-recurse-submodules";
	words[n++] = "--refmap=";
	if (r->partial)
		words[n++] = "--filter=blob:limit=1024";
	words[n++] = "--";
	words[n++] = given;
	words[n++] = buf_text(&all);
	if (head)
		words[n++] = buf_text(&one);
	words[n] = NULL;
	int rc = all.failed || one.failed ? err_nomem(err, "names of refs")
	                                  : run(r, words, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "its refs cannot be fetched");
	buf_wipe(&all);
	buf_wipe(&one);
	return rc;
}

/* Whether all of `tips` came. One that did not was replaced since it was listed, or is one
 * that the server tells of and does not give. 0; 1 when some is missing. */
static int check_tips(struct remote_refs *r, const struct buf *tips, struct err *err)
{
	static const char *const words[] = { "cat-file", "--batch-check=%(objecttype)",
		                             "--buffer", NULL };
	struct buf out = BUF_INIT;
	int status;

	int rc = run(r, words,
	             &(struct git_run_io){ .input = tips, .output = &out, .quiet = true },
	             &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git cat-file failed with code %d", status);
	if (!rc && strstr(buf_text(&out), " missing"))
		rc = 1;
	buf_wipe(&out);
	return rc;
}

static int read_once(struct remote_refs *r, const char *given, struct buf *tips,
                     size_t *count, struct err *err)
{
	struct buf list = BUF_INIT;
	bool head = false;

	tips->size = 0;
	*count = 0;
	int rc = list_refs(r, given, &list, err);
	if (!rc)
		*count = take_tips(buf_text(&list), tips, &head);
	if (!rc && *count)
		rc = fetch(r, given, head, err);
	if (!rc && *count)
		rc = check_tips(r, tips, err);
	buf_wipe(&list);
	return rc;
}

int remote_refs_read(struct remote_refs *r, const char *given, size_t *count,
                     struct err *err)
{
	struct buf tips = BUF_INIT;
	int rc = 1;

	for (int i = 0; rc > 0 && i < TRIES; i++)
		rc = read_once(r, given, &tips, count, err);
	if (rc > 0)
		rc = err_set(err, ERR_IO,
		             "it lists refs that it does not give, or they change all "
		             "the time");
	if (!rc) {
		buf_add(&r->tips, tips.data, tips.size);
		r->refs += *count;
		r->remotes++;
	}
	if (!rc && (tips.failed || r->tips.failed))
		rc = err_nomem(err, "the refs of a remote");
	buf_wipe(&tips);
	return rc;
}

/* ---------------------------------------------------------------- objects */

int remote_refs_objects(const struct remote_refs *r, struct lfs_objects *out,
                        struct err *err)
{
	/* Of a filtered fetch what is missing is no pointer: it is 1024 bytes or more. */
	struct lfs_objects_source from = {
		.git_dir = (const char *)r->folder.data,
		.revisions = &r->tips,
		.missing = r->partial ? LFS_OBJECTS_PASSED_OVER : LFS_OBJECTS_DEMANDED,
	};

	return r->tips.size ? lfs_objects_add_from(out, &from, err) : 0;
}

int remote_refs_own_objects(const struct remote_refs *r, struct lfs_objects *out,
                            struct err *err)
{
	static const char *const arguments[] = { "--ignore-missing", "--all", "--reflog",
		                                 "--indexed-objects", NULL };
	static const char under_way[] =
		"MERGE_HEAD\nCHERRY_PICK_HEAD\nREVERT_HEAD\nREBASE_HEAD\nORIG_HEAD\n"
		"FETCH_HEAD\nAUTO_MERGE\n";
	struct buf revisions = BUF_INIT;
	struct lfs_objects_source from = { .revisions = &revisions,
		                           .arguments = arguments,
		                           .missing = LFS_OBJECTS_DEMANDED };

	buf_add_str(&revisions, under_way);
	for (size_t at = 0; at < r->tips.size;) { /* what is known already */
		const char *line = (const char *)r->tips.data + at;
		const char *end = memchr(line, '\n', r->tips.size - at);
		size_t n = end ? (size_t)(end - line) : r->tips.size - at;
		buf_addf(&revisions, "^%.*s\n", (int)n, line);
		at += n + 1;
	}
	int rc = revisions.failed ? err_nomem(err, "the refs of remotes")
	                          : lfs_objects_add_from(out, &from, err);
	buf_wipe(&revisions);
	return rc;
}
