/*
 * Starts git (or another program) and waits for its end. No shell.
 */
#ifndef ZLLM_GIT_SPAWN_H
#define ZLLM_GIT_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* What a child has as its files, and what its environment has beyond ours. */
struct git_spawn {
	int in, out, errors; /* `out` and `errors` -1: ours */
	bool quiet;          /* without `errors`: its standard error goes nowhere */
	const char *const *environment; /* "NAME=value", ended by NULL; NULL: ours alone */
};

/* Starts argv (ended by NULL; argv[0] looked up in PATH). The files stay the caller's.
 * 0 with its process in *pid, or ERR_IO, ERR_NOMEM. */
int git_spawn(const char *const *argv, const struct git_spawn *with, pid_t *pid,
              struct err *err);

/* Waits for the end of `pid`, which `name` calls in an error; *status is its exit code,
 * 128 + signal when it was killed. */
int git_spawn_await(pid_t pid, const char *name, int *status, struct err *err);

#endif
