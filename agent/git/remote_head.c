#include "agent/git/remote_head.h"

#include <stddef.h>

#include "agent/git/git_run.h"
#include "agent/git/repo_aside.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define HEAD_REF "refs/zllm/head"

static const char to_head_ref[] = "+HEAD:" HEAD_REF;

static int fetch(const struct repo_aside *aside, const char *remote, struct err *err)
{
	const char *const words[] = { "fetch",
		                      "-q",
		                      "--depth=1",
		                      "--filter=blob:none",
		                      "--no-tags",
		                      "--no-auto-maintenance",
		                      "--no-recurse-submodules",
		                      "--refmap=",
		                      "--",
		                      remote,
		                      to_head_ref,
		                      NULL };
	int status;

	int rc = repo_aside_run(aside, words, &(struct git_run_io){ .quiet = true },
	                        &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git cannot fetch from '%s'", remote);
	return rc;
}

static int read_file(const struct repo_aside *aside, const char *name, struct buf *out,
                     struct err *err)
{
	struct buf file = BUF_INIT;
	size_t before = out->size;
	int status;

	buf_addf(&file, HEAD_REF ":%s", name);
	const char *const words[] = { "cat-file", "blob", buf_text(&file), NULL };
	int rc = repo_aside_run(aside, words,
	                        &(struct git_run_io){ .output = out, .quiet = true },
	                        &status, err);
	if (rc || status)
		out->size = before;
	buf_wipe(&file);
	return rc ? rc : status != 0;
}

int remote_head_file(const struct git_paths *paths, const char *remote, const char *name,
                     struct buf *out, struct err *err)
{
	struct repo_aside aside = REPO_ASIDE_INIT;

	int rc = repo_aside_open(&aside, paths, err);
	if (!rc)
		rc = fetch(&aside, remote, err);
	if (!rc)
		rc = read_file(&aside, name, out, err);
	repo_aside_close(&aside);
	return rc;
}
