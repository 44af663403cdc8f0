/*
 * What the .lfsconfig files of history name. A commit brings its own with it wherever it
 * is checked out, so each place that was ever named there is asked for again.
 */
#ifndef ZLLM_LFSCONFIG_HISTORY_H
#define ZLLM_LFSCONFIG_HISTORY_H

struct err;

/* Calls `each` for each lfs.url that the .lfsconfig of a commit of any ref has or had,
 * those of newer commits first; one may come more than once, and of very many different
 * files only the newest count. Non-zero from `each` ends it and is returned. */
int lfsconfig_history_each(int (*each)(void *ctx, const char *url, struct err *err),
                           void *ctx, struct err *err);

#endif
