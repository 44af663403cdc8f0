/*
 * By what name others (git-lfs, git's hooks) start this very program: "git-zllm"
 * where PATH leads to it, else its absolute path, so that a build folder makes a
 * working set-up too.
 */
#ifndef ZLLM_PROGRAM_PATH_H
#define ZLLM_PROGRAM_PATH_H

#include <stdbool.h>

struct buf;
struct err;

/* Appends the name; *on_path says which of the two it is. */
int program_path(struct buf *out, bool *on_path, struct err *err);

/* Appends `text` as one word of sh. */
void program_path_quote(const char *text, struct buf *out);

#endif
