/*
 * One session with git-lfs: lines in, lines out, until `terminate` or the end of
 * the input.
 *
 *   init       resolve, open and check the store; a failure is a sentence
 *   upload     progress ..., complete: only when the object is durable
 *   download   progress ..., complete with a file in git-lfs's tmp folder
 *   terminate  nothing is left to do: nothing was put off
 *
 * An object that fails fails alone. Nothing but protocol goes to `out`.
 */
#ifndef ZLLM_LFS_SESSION_H
#define ZLLM_LFS_SESSION_H

#include <stdio.h>

struct err;

/* Serves until the end. 0 when git-lfs ended it in order; ERR_INTERRUPTED when it
 * went away (a closed pipe), ERR_INPUT when it spoke out of turn. */
int lfs_session_run(FILE *in, FILE *out, struct err *err);

#endif
