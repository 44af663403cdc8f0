#include "agent/cmd/hook_told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/git/git_run.h"
#include "codec/common/err.h"

enum { INPUT_MAX = 64 << 20, READ_STEP = 65536 };

int hook_told_read_input(struct buf *out, struct err *err)
{
	for (;;) {
		if (out->size > INPUT_MAX || !buf_reserve(out, READ_STEP))
			return err_nomem(err, "the refs of a push");
		ssize_t n = read(0, out->data + out->size, READ_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot read standard input");
		if (n == 0)
			return 0;
		out->size += (size_t)n;
	}
}

/* Appends the id of a ref, or of an id, in hex. */
static int add_id(const char *name, struct buf *out, struct err *err)
{
	const char *const argv[] = { "git",     "rev-parse",        "--verify",
		                     "--quiet", "--end-of-options", name,
		                     NULL };
	size_t before = out->size;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out }, &status, err);
	if (!rc && (status || out->size <= before + 1))
		rc = err_set(err, ERR_INPUT, "git does not know '%s', which is pushed",
		             name);
	if (!rc)
		out->size--;
	return rc;
}

/* "<local ref> <local id> <remote ref> <no id>": what the remote has is known by its
 * tracking branches. */
static int add_line(const char *local, const char *remote, struct buf *out,
                    struct err *err)
{
	const char *id = getenv("PRE_COMMIT_TO_REF");

	buf_addf(out, "%s ", local);
	size_t start = out->size;
	int rc = add_id(id ? id : local, out, err);
	size_t n = out->size - start;
	buf_addf(out, " %s ", remote);
	for (size_t i = 0; i < n; i++)
		buf_add_u8(out, '0');
	buf_add_u8(out, '\n');
	return rc;
}

static int read_environment(struct hook_told *out, struct err *err)
{
	const char *local = getenv("PRE_COMMIT_LOCAL_BRANCH");
	const char *remote = getenv("PRE_COMMIT_REMOTE_BRANCH");

	out->told[0] = getenv("PRE_COMMIT_REMOTE_NAME");
	out->told[1] = getenv("PRE_COMMIT_REMOTE_URL");
	if (!local || !remote || !out->told[0] || !out->told[1])
		return err_set(err, ERR_INPUT, "pre-push is given a remote by git");
	out->argc = HOOK_TOLD_ARGUMENTS;
	out->argv = out->told;
	out->one_ref = true;
	return add_line(local, remote, &out->input, err);
}

int hook_told_read(int argc, char **argv, struct hook_told *out, struct err *err)
{
	if (argc < 1)
		return read_environment(out, err);
	out->argc = argc;
	out->argv = argv;
	return hook_told_read_input(&out->input, err);
}

void hook_told_wipe(struct hook_told *t)
{
	buf_wipe(&t->input);
}
