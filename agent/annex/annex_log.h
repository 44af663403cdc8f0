/*
 * git-annex's file remote.log, as its branch has it: a line for each time that a remote was
 * set up, "<uuid> <key>=<value> ... timestamp=<seconds>s", in any order.
 */
#ifndef ZLLM_ANNEX_LOG_H
#define ZLLM_ANNEX_LOG_H

#include <stddef.h>

struct buf;

/* Appends the store= of the remote with that uuid, as its latest line has it. 0; 1 when
 * `n` bytes of `text` do not say one. */
int annex_log_store(const char *text, size_t n, const char *uuid, struct buf *out);

#endif
