#include "agent/cmd/hook_chain.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/hook_configured.h"
#include "agent/cmd/hook_install.h"
#include "agent/cmd/hook_state.h"
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

/* git-lfs's own hook gives way to ours in the repository's own folder; where that cannot
 * be written, it does its work a second time. Whether ours is there now. */
static bool replace_lfs_hook(struct hook_state *state)
{
	struct err ignored = ERR_INIT;

	return !state->has_hooks_path && hook_install_pre_push(state, &ignored) == 0;
}

/* Whether git runs our file next, at this push. */
static bool file_is_next(struct hook_state *state)
{
	bool ours = state->hook.author == HOOK_BY_US;

	if (state->hook.author == HOOK_BY_LFS && state->hook.executable &&
	    !state->manager)
		return replace_lfs_hook(state);
	return ours && state->hook.executable;
}

/* Whether the configured hook has done all before us. */
static bool configured_was_first(const struct hook_push *push,
                                 const struct hook_state *state)
{
	return push->gaps == HOOK_GAPS_FOR_US && state->hook.author != HOOK_BY_US &&
	       hook_configured_runs();
}

/* 1 when nothing is left to do. */
static int run_before_lfs(const struct hook_push *push, struct hook_state *state,
                          int *status, struct err *err)
{
	int rc = 0;

	if (push->by == HOOK_RUN_BY_CONFIGURATION)
		return file_is_next(state);
	if (push->one_ref && hook_state_ran_ours(state))
		return 1;
	if (hook_state_runs_kept(state))
		rc = run_kept(buf_text(&state->kept_path), push, status, err);
	if (!rc && !*status && configured_was_first(push, state))
		rc = 1;
	return rc;
}

int hook_chain_run(const struct hook_push *push, int *status, struct err *err)
{
	static const char *const lfs[] = { "git", "lfs", "pre-push", NULL };
	struct hook_state state = HOOK_STATE_INIT;

	*status = 0;
	int rc = hook_state_find(&state, err);
	if (!rc && push->gaps == HOOK_GAPS_FOR_US)
		tell_lfs_to_leave_gaps();
	if (!rc)
		rc = run_before_lfs(push, &state, status, err);
	bool lfs_ran = push->by == HOOK_RUN_BY_FILE && hook_state_runs_kept(&state) &&
	               state.kept.runs_lfs;
	if (!rc && !*status && !lfs_ran)
		rc = run_with(lfs, push, status, err);
	hook_state_wipe(&state);
	return rc;
}
