#include "agent/git/lfs_prunable.h"

#include <string.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"

/* Where the line of `n` bytes says an oid: behind its " * ". */
static void take_line(const char *line, size_t n, struct buf *out)
{
	static const char mark[] = " * ";
	char text[SHA256_HEX + 1];
	struct oid oid;

	if (n < sizeof(mark) - 1 + SHA256_HEX + 2 ||
	    memcmp(line, mark, sizeof(mark) - 1) != 0)
		return;
	line += sizeof(mark) - 1;
	memcpy(text, line, SHA256_HEX);
	text[SHA256_HEX] = 0;
	if (memcmp(line + SHA256_HEX, " (", 2) == 0 && oid_parse(text, &oid))
		buf_add(out, &oid, sizeof(oid));
}

/* Progress of a terminal ends its lines with a carriage return. */
void lfs_prunable_parse(const char *text, size_t n, struct buf *out)
{
	const char *end = text + n;

	while (text < end) {
		const char *at = text;
		while (at < end && *at != '\n' && *at != '\r')
			at++;
		take_line(text, (size_t)(at - text), out);
		text = at + 1;
	}
}

/* The first line of what it complained about. */
static int refused(const struct buf *errors, struct err *err)
{
	const char *text = (const char *)errors->data;
	const char *end = errors->size ? memchr(text, '\n', errors->size) : NULL;
	int n = (int)(end ? (size_t)(end - text) : errors->size);

	return err_set(err, ERR_IO, "'git lfs prune --dry-run' failed: %.*s", n,
	               n ? text : "");
}

int lfs_prunable_list(struct buf *out, struct err *err)
{
	/* Without a terminal it shows what it has to say only now and then. */
	static const char *const argv[] = {
		"git",       "-c",        "lfs.forceprogress=true", "lfs", "prune",
		"--dry-run", "--verbose", "--no-verify-remote",     NULL
	};
	struct buf printed = BUF_INIT, errors = BUF_INIT;
	int status;
	int rc = git_run(argv,
	                 &(struct git_run_io){ .output = &printed, .errors = &errors },
	                 &status, err);

	if (!rc && status)
		rc = refused(errors.size ? &errors : &printed, err);
	if (!rc)
		lfs_prunable_parse((const char *)printed.data, printed.size, out);
	if (!rc && (out->failed || printed.failed))
		rc = err_nomem(err, "a list of objects");
	buf_wipe(&errors);
	buf_wipe(&printed);
	return rc;
}
