/*
 * Our pre-push hook in a repository, as far as whatever hook is there bears it
 * (hook_state.h). Another's that bears it is kept as pre-push.before-zllm, which
 * `git zllm hook pre-push` (cmd_hook.c) runs first.
 */
#ifndef ZLLM_HOOK_INSTALL_H
#define ZLLM_HOOK_INSTALL_H

struct err;
struct hook_state;

/* Makes the best of how the hook stands: puts ours there, or writes it anew; puts a hook
 * back that was kept and works in its own place only. One that stays as it is, and one
 * that runs ours, is not touched. *s is how it stands afterwards. */
int hook_install_pre_push(struct hook_state *s, struct err *err);

#endif
