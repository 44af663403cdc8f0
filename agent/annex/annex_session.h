/*
 * A session with git-annex, as its external special remote: lines in, lines out, until the
 * end of the input. Each request is served by a thread of its own, so that with the
 * extension ASYNC many are under way at once in this one process.
 *
 *     reading thread   line -> request: a thread begins;  answer: to the job that asked
 *     a job's thread   asks, works, tells progress, says how it ended
 *
 * A request that fails fails alone. Nothing but protocol goes to `out`.
 */
#ifndef ZLLM_ANNEX_SESSION_H
#define ZLLM_ANNEX_SESSION_H

#include <stdio.h>

struct err;

/* Serves until the end. 0 when git-annex ended it by closing our input; ERR_INPUT when it
 * spoke out of turn, ERR_INTERRUPTED when it does not listen. */
int annex_session_run(FILE *in, FILE *out, struct err *err);

#endif
