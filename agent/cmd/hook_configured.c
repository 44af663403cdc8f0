#include "agent/cmd/hook_configured.h"

#include <stdio.h>
#include <string.h>

#include "agent/cmd/program_path.h"
#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define NAME "zllm"
#define COMMAND_KEY "hook." NAME ".command"
#define EVENT_KEY "hook." NAME ".event"
#define EVENT "pre-push"
#define ARGUMENTS " hook " HOOK_CONFIGURED_VERB

/* The first git that runs hooks of its configuration; before it, install writes nothing
 * that nobody heeds. */
enum { GIT_MAJOR = 2, GIT_MINOR = 54 };

static bool git_heeds(void)
{
	static const char *const argv[] = { "git", "version", NULL };
	struct buf line = BUF_INIT;
	struct err ignored = ERR_INIT;
	unsigned major = 0, minor = 0;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &line, .quiet = true },
	                 &status, &ignored);
	bool known = !rc && !status &&
	             sscanf(buf_text(&line), "git version %u.%u", &major, &minor) == 2;
	buf_wipe(&line);
	return known && (major > GIT_MAJOR || (major == GIT_MAJOR && minor >= GIT_MINOR));
}

/* One line for sh, to which git adds "$@". Who has removed this program without
 * `uninstall` must be able to push from all other repositories; git runs it at the top of
 * the worktree. */
static int add_command(struct buf *out, struct err *err)
{
	struct buf path = BUF_INIT, word = BUF_INIT;
	bool on_path;

	int rc = program_path(&path, &on_path, err);
	if (!rc && on_path)
		buf_add_str(&word, buf_text(&path));
	else if (!rc)
		program_path_quote(buf_text(&path), &word);
	if (!rc)
		buf_addf(
			out,
			"command -v %s >/dev/null || grep -qs zllm .lfsconfig || exit 0; "
			"%s" ARGUMENTS,
			buf_text(&word), buf_text(&word));
	buf_wipe(&path);
	buf_wipe(&word);
	return rc;
}

static bool is_ours(const char *value)
{
	size_t n = strlen(value), m = strlen(ARGUMENTS);

	return n >= m && strcmp(value + n - m, ARGUMENTS) == 0;
}

/* The command before the event: git ends where there is an event and no command. */
int hook_configured_add(const struct git_scope *scope, struct err *err)
{
	struct buf old = BUF_INIT, command = BUF_INIT;

	if (!git_heeds())
		return 0;
	int rc = git_scope_get(scope, COMMAND_KEY, &old, err);
	if (!rc && !is_ours(buf_text(&old))) {
		report_note(COMMAND_KEY " is '%s', which is not ours; left as it is",
		            buf_text(&old));
		goto out;
	}
	if (rc >= 0)
		rc = add_command(&command, err);
	if (!rc && strcmp(buf_text(&old), buf_text(&command)) != 0)
		rc = git_scope_set(scope, COMMAND_KEY, buf_text(&command), err);
	old.size = 0;
	if (!rc)
		rc = git_scope_get(scope, EVENT_KEY, &old, err);
	if (rc == 1)
		rc = git_scope_set(scope, EVENT_KEY, EVENT, err);
out:
	buf_wipe(&old);
	buf_wipe(&command);
	return rc;
}

int hook_configured_remove(const struct git_scope *scope, struct err *err)
{
	struct buf old = BUF_INIT;

	int rc = git_scope_get(scope, COMMAND_KEY, &old, err);
	bool ours = !rc && is_ours(buf_text(&old));
	if (ours)
		rc = git_scope_unset(scope, EVENT_KEY, err);
	if (ours && rc >= 0)
		rc = git_scope_unset(scope, COMMAND_KEY, err);
	buf_wipe(&old);
	return rc < 0 ? rc : 0;
}

bool hook_configured_runs(void)
{
	static const char *const argv[] = { "git", "hook", "list", EVENT, NULL };
	struct buf list = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool runs = false;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &list, .quiet = true },
	                 &status, &ignored);
	const char *line = rc || status ? "" : buf_text(&list);
	while (*line && !runs) {
		size_t n = strcspn(line, "\n");
		runs = n == strlen(NAME) && memcmp(line, NAME, n) == 0;
		line += n + (line[n] == '\n');
	}
	buf_wipe(&list);
	return runs;
}
