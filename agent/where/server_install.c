#include "agent/where/server_install.h"

#include <stddef.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/where/server_key.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define OURS "zllm"

/* The URL of a remote after url.*.insteadOf. */
static int resolve(const char *remote, struct buf *out, struct err *err)
{
	const char *const argv[] = {
		"git", "ls-remote", "--get-url", "--", remote, NULL
	};
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, err);
	out->size = strcspn(buf_text(out), "\n");
	return rc;
}

int server_install_add(const struct git_scope *scope, const char *remote, struct err *err)
{
	struct buf url = BUF_INIT, key = BUF_INIT, is = BUF_INIT;

	int rc = resolve(remote, &url, err);
	if (!rc)
		rc = server_key(buf_text(&url), &key);
	if (!rc)
		rc = git_scope_get(scope, buf_text(&key), &is, err);
	if (rc > 0 && key.size)
		rc = git_scope_set(scope, buf_text(&key), OURS, err);
	else if (!rc && strcmp(buf_text(&is), OURS) != 0)
		rc = err_set(err, ERR_CONFIG,
		             "%s is '%s': another program takes this server's LFS "
		             "objects",
		             buf_text(&key), buf_text(&is));
	buf_wipe(&url);
	buf_wipe(&key);
	buf_wipe(&is);
	return rc;
}

int server_install_remove(const struct git_scope *scope, struct err *err)
{
	const char *argv[8] = { "git", "config", scope->option };
	struct buf list = BUF_INIT, key = BUF_INIT;
	size_t n = 3;
	int status;

	if (scope->file)
		argv[n++] = scope->file;
	argv[n++] = "--name-only";
	argv[n++] = "--get-regexp";
	argv[n++] = "^lfs\\..*://.*\\.standalonetransferagent$";
	int rc = git_run(argv, &(struct git_run_io){ .output = &list, .quiet = true },
	                 &status, err);
	for (const char *line = buf_text(&list); !rc && *line;) {
		struct buf is = BUF_INIT;
		size_t size = strcspn(line, "\n");
		key.size = 0;
		buf_add(&key, line, size);
		if (git_scope_get(scope, buf_text(&key), &is, err) == 0 &&
		    strcmp(buf_text(&is), OURS) == 0)
			rc = git_scope_unset(scope, buf_text(&key), err);
		buf_wipe(&is);
		line += size + (line[size] == '\n');
	}
	buf_wipe(&list);
	buf_wipe(&key);
	return rc;
}
