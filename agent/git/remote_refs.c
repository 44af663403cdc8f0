#include "agent/git/remote_refs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_objects.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { WORDS_MAX = 16, TRIES = 3 };

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

static int run(struct remote_refs *r, const char *const *words,
               const struct git_run_io *io, int *status, struct err *err)
{
	return repo_aside_run(&r->aside, words, io, status, err);
}

/* ---------------------------------------------------------------- the repository */

static int borrow(const struct remote_refs *r, struct err *err)
{
	static const char *const where[] = { "git", "rev-parse", "--git-path", "objects",
		                             NULL };
	struct buf out = BUF_INIT;
	char *real = NULL;

	int rc = ask(where, &out, err);
	if (!rc) {
		real = realpath(buf_text(&out), NULL);
		rc = real ? repo_aside_append(&r->aside, "objects/info/alternates", real,
		                              err)
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

int remote_refs_open(struct remote_refs *r, const struct git_paths *paths,
                     struct err *err)
{
	*r = (struct remote_refs){ .aside = REPO_ASIDE_INIT, .tips = BUF_INIT };
	int rc = check_shallow(err);

	if (!rc)
		rc = find_partial(&r->partial, err);
	if (!rc)
		rc = repo_aside_open(&r->aside, paths, err);
	if (!rc && !r->partial) {
		struct buf info = BUF_INIT;
		buf_addf(&info, "%s/objects/info", buf_text(&r->aside.folder));
		mkdir(buf_text(&info), 0700); /* it is there, with a template */
		buf_wipe(&info);
		rc = borrow(r, err);
	}
	return rc;
}

void remote_refs_close(struct remote_refs *r)
{
	repo_aside_close(&r->aside);
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
		.git_dir = (const char *)r->aside.folder.data,
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
