#include "agent/cmd/hook_state.h"

#include <string.h>

#include "agent/cmd/hook_manager.h"
#include "agent/git/git_run.h"
#include "codec/common/err.h"

/* Appends git's one line of an answer, without its end. False where it has none. */
static bool ask_git(const char *const *argv, struct buf *out)
{
	struct err ignored = ERR_INIT;
	size_t before = out->size;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, &ignored);
	if (rc || status || out->size == before || out->data[out->size - 1] != '\n') {
		out->size = before;
		return false;
	}
	out->size--;
	return true;
}

static bool find_places(struct hook_state *s)
{
	static const char *const folder[] = {
		"git", "rev-parse", "--path-format=absolute", "--git-path", "hooks", NULL
	};
	static const char *const top[] = { "git", "rev-parse", "--show-toplevel", NULL };
	static const char *const set[] = { "git", "config", "core.hooksPath", NULL };
	struct buf ignored = BUF_INIT;

	if (!ask_git(folder, &s->folder))
		return false;
	(void)ask_git(top, &s->top);
	s->has_hooks_path = ask_git(set, &ignored);
	buf_wipe(&ignored);
	buf_addf(&s->path, "%s/pre-push", buf_text(&s->folder));
	buf_addf(&s->kept_path, "%s/" HOOK_BEFORE, buf_text(&s->folder));
	return true;
}

static struct hook_place place_of(struct hook_state *s)
{
	return (struct hook_place){ buf_text(&s->folder),
		                    s->top.size ? buf_text(&s->top) : NULL };
}

/* Whether the hook is a file that the team commits. */
static bool is_committed(struct hook_state *s)
{
	const char *const argv[] = { "git",         "ls-files",
		                     "--full-name", "--error-unmatch",
		                     "--",          buf_text(&s->path),
		                     NULL };
	struct buf ignored = BUF_INIT;
	bool is = s->top.size && ask_git(argv, &ignored);

	buf_wipe(&ignored);
	return is;
}

/* Whether the hook is that of other repositories too: of a user, or of a company. */
static bool is_shared(const struct hook_state *s)
{
	size_t n = s->top.size;
	bool below = n && s->folder.size > n &&
	             memcmp(s->folder.data, s->top.data, n) == 0 &&
	             s->folder.data[n] == '/';

	return s->has_hooks_path && !below;
}

static const struct hook_manager *who_wrote(struct hook_file *f)
{
	static const struct hook_place nowhere = { "", NULL };

	return hook_manager_find(&nowhere, buf_text(&f->text));
}

static bool hides_another(struct hook_state *s)
{
	return s->kept.executable && s->kept.author == HOOK_BY_OTHERS &&
	       (who_wrote(&s->kept) || s->kept.asks_name);
}

bool hook_state_kept_is_spare(const struct hook_state *s)
{
	return s->kept.author != HOOK_BY_OTHERS || hook_file_same(&s->hook, &s->kept);
}

static enum hook_standing judge_another(struct hook_state *s)
{
	struct hook_place place = place_of(s);
	bool runs = s->hook.author == HOOK_BY_OTHERS && s->hook.executable;

	s->is_asked = s->manager && hook_manager_calls_us(s->manager, &place);
	if (s->hook.executable && (s->hook.calls_us || (runs && s->is_asked)))
		return HOOK_RUNS_OURS;
	if (s->manager || s->hook.asks_name || !hook_state_kept_is_spare(s) ||
	    is_shared(s) || is_committed(s))
		return HOOK_STAYS;
	return HOOK_MAY_BE_KEPT;
}

static enum hook_standing judge(struct hook_state *s)
{
	bool is_another = s->hook.author == HOOK_BY_OTHERS;

	if (s->hook.author == HOOK_BY_US)
		return hides_another(s) ? HOOK_HIDES_ANOTHER : HOOK_IS_OURS;
	return is_another || s->manager ? judge_another(s) : HOOK_PLACE_FREE;
}

int hook_state_find(struct hook_state *out, struct err *err)
{
	if (!find_places(out))
		return err_set(err, ERR_CONFIG, "git does not say where its hooks are");
	struct hook_place place = place_of(out);
	hook_file_read(buf_text(&out->path), &out->hook);
	hook_file_read(buf_text(&out->kept_path), &out->kept);
	out->manager = hook_manager_find(&place, buf_text(&out->hook.text));
	out->standing = judge(out);
	return 0;
}

void hook_state_wipe(struct hook_state *s)
{
	buf_wipe(&s->folder);
	buf_wipe(&s->path);
	buf_wipe(&s->kept_path);
	buf_wipe(&s->top);
	hook_file_wipe(&s->hook);
	hook_file_wipe(&s->kept);
	*s = (struct hook_state)HOOK_STATE_INIT;
}

bool hook_state_runs_kept(struct hook_state *s)
{
	return s->kept.executable && s->kept.author == HOOK_BY_OTHERS &&
	       !hook_file_same(&s->hook, &s->kept) &&
	       !(s->manager && hook_manager_wrote(s->manager, buf_text(&s->kept.text)));
}

bool hook_state_ran_ours(struct hook_state *s)
{
	struct hook_place place = place_of(s);

	return s->manager && hook_manager_ran_ours(s->manager, &place);
}

void hook_state_add_reason(const struct hook_state *s, struct buf *out)
{
	if (s->is_asked)
		buf_addf(out, "%s's pre-push hook is not installed",
		         hook_manager_name(s->manager));
	else if (s->manager)
		buf_addf(out, "%s looks after this repository's hooks",
		         hook_manager_name(s->manager));
	else if (s->hook.asks_name)
		buf_add_str(out,
		            "the pre-push hook that is there asks what it is called, "
		            "or where it lies, and would not work elsewhere");
	else if (!hook_state_kept_is_spare(s))
		buf_add_str(out, "there is another pre-push hook, and " HOOK_BEFORE
		                 " as well");
	else if (is_shared(s))
		buf_add_str(out,
		            "the pre-push hook that is there (core.hooksPath) serves "
		            "other repositories too");
	else
		buf_add_str(out, "the pre-push hook that is there is committed with the "
		                 "repository");
}

void hook_state_add_remedy(struct hook_state *s, struct buf *out)
{
	struct hook_place place = place_of(s);

	if (s->is_asked)
		buf_addf(out, "run: %s", hook_manager_install(s->manager));
	else if (s->manager)
		hook_manager_add_remedy(s->manager, &place, out);
	else
		buf_addf(out,
		         "add to %s, in front of what reads its standard input: "
		         "git zllm hook pre-push \"$@\"",
		         buf_text(&s->path));
}
