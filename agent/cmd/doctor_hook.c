/* What doctor says of the pre-push hook: each way it can stand (hook_state.h). */
#include "agent/cmd/doctor.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/hook_configured.h"
#include "agent/cmd/hook_manager.h"
#include "agent/cmd/hook_state.h"
#include "agent/report/checkup.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define AREA "hook"
#define AGAIN "run 'git zllm init' with this repository's store again"

/* Appends the first word of a line of sh, without its quotes. */
static void add_first_word(const char *line, struct buf *out)
{
	bool quoted = false;

	for (; *line && *line != '\n' && (quoted || *line != ' '); line++) {
		if (*line == '\'')
			quoted = !quoted;
		else if (*line == '\\' && !quoted && line[1])
			buf_add_u8(out, (uint8_t) * ++line);
		else
			buf_add_u8(out, (uint8_t)*line);
	}
}

/* Appends the program that our hook starts, where it names a path. */
static void add_program(struct hook_state *s, struct buf *out)
{
	static const char start[] = "\nexec ";
	const char *line = strstr(buf_text(&s->hook.text), start);

	if (line)
		add_first_word(line + sizeof(start) - 1, out);
	if (!strchr(buf_text(out), '/'))
		out->size = 0;
}

static void say_ours(struct checkup *c, struct hook_state *s)
{
	struct buf program = BUF_INIT;

	add_program(s, &program);
	if (s->hook.executable && program.size && access(buf_text(&program), X_OK) != 0)
		checkup_add(c, FINDING_BAD, AREA, AGAIN,
		            "the pre-push hook starts %s, which is not there",
		            buf_text(&program));
	else if (s->hook.executable)
		checkup_add(c, FINDING_GOOD, AREA, NULL,
		            "pushes without their objects are refused");
	else
		checkup_add(c, FINDING_BAD, AREA, AGAIN,
		            "git does not run the pre-push hook: it is not executable");
	buf_wipe(&program);
}

/* Free for ours: nothing there, or git-lfs's own. */
static void say_free(struct checkup *c, const struct hook_state *s)
{
	if (s->hook.author == HOOK_BY_LFS && s->hook.executable)
		checkup_add(c, FINDING_DOUBTFUL, AREA, AGAIN,
		            "git-lfs's own pre-push hook is there instead of ours: it "
		            "uploads, but does not look at what the store lacks");
	else
		checkup_add(c, FINDING_BAD, AREA, AGAIN,
		            "no pre-push hook uploads the objects of a push");
}

static void say_runs_ours(struct checkup *c, const struct hook_state *s)
{
	checkup_add(c, FINDING_GOOD, AREA, NULL,
	            "pushes without their objects are refused: %s runs ours",
	            s->manager ? hook_manager_name(s->manager)
	                       : "the pre-push hook that is there");
}

/* One that runs git-lfs uploads, at least. */
static void say_another(struct checkup *c, struct hook_state *s, const char *remedy)
{
	struct buf reason = BUF_INIT;

	if (s->standing == HOOK_STAYS)
		hook_state_add_reason(s, &reason);
	else
		buf_add_str(&reason, "another pre-push hook is there");
	if (s->hook.runs_lfs)
		checkup_add(c, FINDING_DOUBTFUL, AREA, remedy,
		            "%s: it uploads the objects of a push, but does not look at "
		            "what the store lacks",
		            buf_text(&reason));
	else
		checkup_add(c, FINDING_BAD, AREA, remedy,
		            "%s, and does not run ours: pushes are not checked, and may "
		            "not upload their objects",
		            buf_text(&reason));
	buf_wipe(&reason);
}

static void say(struct checkup *c, struct hook_state *s)
{
	struct buf remedy = BUF_INIT;

	switch (s->standing) {
	case HOOK_IS_OURS:
		say_ours(c, s);
		break;
	case HOOK_PLACE_FREE:
		say_free(c, s);
		break;
	case HOOK_RUNS_OURS:
		say_runs_ours(c, s);
		break;
	case HOOK_MAY_BE_KEPT:
		say_another(c, s, AGAIN);
		break;
	case HOOK_STAYS:
		hook_state_add_remedy(s, &remedy);
		say_another(c, s, buf_text(&remedy));
		break;
	case HOOK_HIDES_ANOTHER:
		break; /* said by doctor_hook */
	}
	buf_wipe(&remedy);
}

void doctor_hook(struct checkup *c)
{
	struct hook_state state = HOOK_STATE_INIT;
	struct err ignored = ERR_INIT;

	if (hook_state_find(&state, &ignored) == 0) {
		if (state.standing == HOOK_HIDES_ANOTHER)
			checkup_add(c, FINDING_BAD, AREA, AGAIN,
			            HOOK_BEFORE " was made to be pre-push and nothing "
			                        "else: what it checks may not be checked "
			                        "now");
		else if (hook_configured_runs())
			checkup_add(c, FINDING_GOOD, AREA, NULL,
			            "pushes without their objects are refused: git runs "
			            "ours from its configuration (hook.zllm.command)");
		else
			say(c, &state);
	}
	hook_state_wipe(&state);
}
