/* What `init` makes of a repository's pre-push hook, and what it says of it. */
#ifndef ZLLM_INIT_HOOK_H
#define ZLLM_INIT_HOOK_H

struct err;

/* Puts ours where the hook that is there bears it (hook_install.h); else says by which
 * line that one runs ours. Prints what was done. */
int init_hook(struct err *err);

#endif
