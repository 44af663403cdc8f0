#include "agent/cmd/hook_chain.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/hook_install.h"
#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"

enum { ARGUMENTS_MAX = 8, NAME_MAX_BYTES = 64 };

#define RUNNING "ZLLM_PUSH_RUNS" /* which push the kept hook is run for */

/* Runs `words`, then the hook's own arguments. Its exit code is *status. */
static int run_with(const char *const *words, const struct hook_push *push, int *status,
                    struct err *err)
{
	const char *all[ARGUMENTS_MAX * 2 + 1];
	size_t n = 0;

	while (*words)
		all[n++] = *words++;
	for (int i = 0; i < push->argc && i < ARGUMENTS_MAX; i++)
		all[n++] = push->argv[i];
	all[n] = NULL;
	return git_run(all, &(struct git_run_io){ .input = push->input }, status, err);
}

/* One more pair of configuration for every git that is started from here, also by the
 * kept hook: as `git -c`, which a hook that runs git-lfs itself cannot be given. */
static void tell_lfs_to_leave_gaps(void)
{
	const char *text = getenv("GIT_CONFIG_COUNT");
	unsigned long count = text ? strtoul(text, NULL, 10) : 0;
	char name[NAME_MAX_BYTES];

	(void)snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%lu", count);
	setenv(name, "lfs.allowincompletepush", 1);
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%lu", count);
	setenv(name, "true", 1);
	(void)snprintf(name, sizeof(name), "%lu", count + 1);
	setenv("GIT_CONFIG_COUNT", name, 1);
}

/* What tells this push of this repository from any other that a hook may start. */
static int name_push(const struct hook_push *push, const char *kept,
                     char hex[SHA256_HEX + 1], struct err *err)
{
	struct buf all = BUF_INIT;
	struct oid name;

	buf_addf(&all, "%s\n", kept);
	for (int i = 0; i < push->argc; i++)
		buf_addf(&all, "%s\n", push->argv[i]);
	buf_add(&all, push->input->data, push->input->size);
	bool named = !all.failed && sha256_of(all.data, all.size, &name);
	buf_wipe(&all);
	if (!named)
		return err_nomem(err, "the refs of a push");
	oid_format(&name, hex);
	return 0;
}

/* Runs the kept hook; 1 when it is what started us. */
static int run_kept(const char *kept, const struct hook_push *push, int *status,
                    struct err *err)
{
	const char *const words[] = { kept, NULL };
	const char *running = getenv(RUNNING);
	char name[SHA256_HEX + 1];

	int rc = name_push(push, kept, name, err);
	if (rc)
		return rc;
	if (running && strcmp(running, name) == 0)
		return 1;
	setenv(RUNNING, name, 1);
	rc = run_with(words, push, status, err);
	unsetenv(RUNNING);
	return rc;
}

int hook_chain_run(const struct hook_push *push, int *status, struct err *err)
{
	static const char *const lfs[] = { "git", "lfs", "pre-push", NULL };
	struct buf hook = BUF_INIT, kept = BUF_INIT;
	bool lfs_ran = false;

	*status = 0;
	int rc = hook_install_folder(&hook, err);
	if (rc)
		goto out;
	buf_addf(&kept, "%s/" HOOK_BEFORE, buf_text(&hook));
	buf_add_str(&hook, "/pre-push");
	if (push->gaps == HOOK_GAPS_FOR_US)
		tell_lfs_to_leave_gaps();
	if (access(buf_text(&kept), X_OK) == 0 &&
	    !hook_install_same(buf_text(&hook), buf_text(&kept))) {
		lfs_ran = hook_install_runs_lfs(buf_text(&kept));
		rc = run_kept(buf_text(&kept), push, status, err);
	}
	if (!rc && !*status && !lfs_ran)
		rc = run_with(lfs, push, status, err);
out:
	buf_wipe(&kept);
	buf_wipe(&hook);
	return rc;
}
