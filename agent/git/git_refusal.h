/*
 * Why git finds no repository here: there is none, or there is one that it refuses (another
 * user's, one of a newer format, one whose configuration it cannot read).
 */
#ifndef ZLLM_GIT_REFUSAL_H
#define ZLLM_GIT_REFUSAL_H

struct buf;
struct err;

/* Asks git again, in English. 1 when git refuses nothing, or when there is no repository
 * around the current directory; ERR_CONFIG with git's words, and what to do where that is known; or another error. */
int git_refusal_find(struct err *err);

/* Sets ERR_CONFIG: `what`, and the first line of what git wrote to standard error. */
int git_refusal_set(const char *what, struct buf *errors, struct err *err);

#endif
