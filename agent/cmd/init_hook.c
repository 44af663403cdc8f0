#include "agent/cmd/init_hook.h"

#include "agent/cmd/hook_configured.h"
#include "agent/cmd/hook_install.h"
#include "agent/cmd/hook_state.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* A hook that stays as it is, and what makes it run ours. */
static void tell_hook_stays(struct hook_state *state)
{
	struct buf reason = BUF_INIT, remedy = BUF_INIT;

	hook_state_add_reason(state, &reason);
	hook_state_add_remedy(state, &remedy);
	if (hook_configured_runs())
		report_line("hook:     git runs ours from its configuration, beside "
		            "the pre-push hook that is there");
	else
		report_note("%s: left as it is, and until it runs ours, pushes are not "
		            "checked, and may not upload their objects: %s",
		            buf_text(&reason), buf_text(&remedy));
	buf_wipe(&reason);
	buf_wipe(&remedy);
}

int init_hook(struct err *err)
{
	struct hook_state state = HOOK_STATE_INIT;

	int rc = hook_state_find(&state, err);
	if (!rc)
		rc = hook_install_pre_push(&state, err);
	if (!rc && state.standing == HOOK_STAYS)
		tell_hook_stays(&state);
	else if (!rc && state.standing == HOOK_RUNS_OURS)
		report_line("hook:     the pre-push hook that is there runs ours");
	else if (!rc)
		report_line(
			"hook:     pre-push refuses commits whose objects are not in the "
			"store");
	hook_state_wipe(&state);
	return rc;
}
