/*
 * How a repository's pre-push hook stands: what `init` may do about it, what `doctor` says
 * of it, and what runs at a push all go by this.
 *
 * git runs one file. Where nobody has one, or git-lfs does, ours takes the place. Another's
 * that bears it is kept beside ours as pre-push.before-zllm, and run by ours. One that does
 * not bear it (a manager's, one that asks what it is called, one that is committed or that
 * serves other repositories too) stays as it is, and a line in it, or in the manager's
 * configuration, runs ours.
 */
#ifndef ZLLM_HOOK_STATE_H
#define ZLLM_HOOK_STATE_H

#include <stdbool.h>

#include "agent/cmd/hook_file.h"
#include "codec/common/buf.h"

struct err;
struct hook_manager;

#define HOOK_BEFORE "pre-push.before-zllm"

enum hook_standing {
	HOOK_PLACE_FREE,    /* no hook, or git-lfs's own */
	HOOK_IS_OURS,       /* and git runs it */
	HOOK_HIDES_ANOTHER, /* ours, but what it keeps works in its own place only */
	HOOK_RUNS_OURS,     /* another's, which runs ours */
	HOOK_MAY_BE_KEPT,   /* another's, which ours can run */
	HOOK_STAYS,         /* another's, which stays, and does not run ours */
};

struct hook_state {
	enum hook_standing standing;
	struct buf folder, path, kept_path; /* owned; absolute */
	struct buf top;                     /* owned; of the worktree, or empty */
	struct hook_file hook, kept;        /* owned; what lies at the two paths */
	const struct hook_manager *manager; /* whose hooks are here, or NULL */
	bool has_hooks_path;                /* the folder is that of core.hooksPath */
	bool is_asked; /* the manager would run ours, whether its hook is there or not */
};

#define HOOK_STATE_INIT                                                                  \
	{                                                                                \
		HOOK_PLACE_FREE, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, HOOK_FILE_INIT, \
			HOOK_FILE_INIT, NULL, false, false                               \
	}

/* Looks at the repository of the current directory. */
int hook_state_find(struct hook_state *out, struct err *err);
void hook_state_wipe(struct hook_state *s);

/* Whether ours may run the kept hook: never one that git runs already (the same text, or
 * of the same manager, which would come round to us), ours, or git-lfs's. */
bool hook_state_runs_kept(struct hook_state *s);

/* Whether the manager whose hook git runs has run ours, with all that git tells, before it
 * comes to what its configuration names. */
bool hook_state_ran_ours(struct hook_state *s);

/* Whether init would overwrite the kept hook: nothing is lost with it. */
bool hook_state_kept_is_spare(const struct hook_state *s);

/* Appends whose hook it is and why it stays: "husky looks after this repository's
 * hooks", "pre-push asks what it is called". For HOOK_STAYS. */
void hook_state_add_reason(const struct hook_state *s, struct buf *out);

/* Appends what makes the hook run ours. For HOOK_STAYS. */
void hook_state_add_remedy(struct hook_state *s, struct buf *out);

#endif
