/*
 * One file of git's configuration (the user's, the system's, the repository's, or
 * any other), read and written by `git config`, which locks it and keeps what
 * else is in it.
 */
#ifndef ZLLM_GIT_SCOPE_H
#define ZLLM_GIT_SCOPE_H

#include <stdbool.h>

struct buf;
struct err;

struct git_scope {
	const char *option; /* "--global", "--system", "--local" or "--file" */
	const char *file;   /* with "--file"; else NULL */
	bool quiet;         /* git's own words of what went wrong go nowhere */
};

/* Appends the value of `key`, without its newline. 0; 1 when it is not set. */
int git_scope_get(const struct git_scope *scope, const char *key, struct buf *out,
                  struct err *err);

/* Sets `key` to this one value, whatever it had before. */
int git_scope_set(const struct git_scope *scope, const char *key, const char *value,
                  struct err *err);

/* Gives `key` one more value. */
int git_scope_add(const struct git_scope *scope, const char *key, const char *value,
                  struct err *err);

/* Removes `key`, and its section when nothing is left in it. */
int git_scope_unset(const struct git_scope *scope, const char *key, struct err *err);

#endif
