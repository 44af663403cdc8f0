/*
 * Runs git (or another program) and takes what it prints. No shell.
 */
#ifndef ZLLM_GIT_RUN_H
#define ZLLM_GIT_RUN_H

#include <stdbool.h>

struct buf;
struct err;

/* What goes in and comes out, beside the exit code. */
struct git_run_io {
	const struct buf *input; /* its standard input; NULL: nothing */
	struct buf *output; /* its standard output is appended; NULL: it goes to ours */
	struct buf *errors; /* its standard error is appended; NULL: as `quiet` says */
	bool quiet;         /* its standard error goes nowhere, else to ours */
};

/*
 * Runs argv (ended by NULL; argv[0] looked up in PATH); `io` NULL is one of zeros.
 * *status is its exit code, 128 + signal when it was killed. 0 when it ran, whatever it
 * answered; ERR_IO when it could not be run.
 * Input and output of any size are moved at the same time: no deadlock.
 */
int git_run(const char *const *argv, const struct git_run_io *io, int *status,
            struct err *err);

#endif
