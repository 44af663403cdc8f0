#include "agent/git/git_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "codec/common/err.h"

extern char **environ;

static size_t list_length(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Whether `text`, "NAME=value", has the name of one in `list`. */
static bool is_named_in(const char *const *list, const char *text)
{
	size_t n = strcspn(text, "=") + 1;

	for (; *list; list++)
		if (strncmp(*list, text, n) == 0)
			return true;
	return false;
}

/* Our environment, with `more` in place of what it has of the same names. NULL when
 * memory ran out; the caller frees the list, not its texts. */
static char **extended_environment(const char *const *more)
{
	const char *const *ours = (const char *const *)environ;
	char **all = calloc(list_length(more) + list_length(ours) + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && more[i]; i++)
		all[n++] = (char *)(uintptr_t)more[i];
	for (; all && ours && *ours; ours++)
		if (!is_named_in(more, *ours))
			all[n++] = (char *)(uintptr_t)*ours;
	return all;
}

/* A child starts with no signal blocked, and with none ignored that we ignore. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, ours;

	sigemptyset(&none);
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &ours);
	return posix_spawnattr_setflags(attr,
	                                POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int git_spawn(const char *const *argv, const struct git_spawn *with, pid_t *pid,
              struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char **own = with->environment ? extended_environment(with->environment) : NULL;

	if (with->environment && !own)
		return err_nomem(err, "the environment of a program");
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	set_signals(&attr);
	posix_spawn_file_actions_adddup2(&actions, with->in, 0);
	if (with->out >= 0)
		posix_spawn_file_actions_adddup2(&actions, with->out, 1);
	if (with->errors >= 0)
		posix_spawn_file_actions_adddup2(&actions, with->errors, 2);
	else if (with->quiet)
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawnp(pid, argv[0], &actions, &attr,
	                      (char *const *)(uintptr_t)argv, own ? own : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(own);
	if (!rc)
		return 0;
	errno = rc;
	return err_errno(err, "cannot run '%s'", argv[0]);
}

int git_spawn_await(pid_t pid, const char *name, int *status, struct err *err)
{
	int word;

	while (waitpid(pid, &word, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, "cannot wait for '%s'", name);
	*status = WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
	return 0;
}
