/*
 * Runs git (or another program) and takes what it prints. No shell.
 */
#ifndef ZLLM_GIT_RUN_H
#define ZLLM_GIT_RUN_H

#include <stddef.h>

struct buf;
struct err;

/*
 * Runs argv (ended by NULL; argv[0] looked up in PATH) with `input_size` bytes of
 * `input` as its standard input, and appends its standard output to `out`
 * (NULL: it goes to ours). Its standard error goes to ours, or nowhere with
 * GIT_RUN_QUIET. *status is its exit code, 128 + signal when it was killed.
 * 0 when it ran, whatever it answered; ERR_IO when it could not be run.
 * Input and output of any size are moved at the same time: no deadlock.
 */
enum { GIT_RUN_QUIET = 1 };
int git_run(const char *const *argv, const void *input, size_t input_size, unsigned flags,
            struct buf *out, int *status, struct err *err);

#endif
