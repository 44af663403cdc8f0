/*
 * Our pre-push hook in a repository, beside whatever hook was there. git has one
 * file for it: ours takes its place and keeps the other as pre-push.before-zllm,
 * which `git zllm hook pre-push` (cmd_hook.c) runs first.
 */
#ifndef ZLLM_HOOK_INSTALL_H
#define ZLLM_HOOK_INSTALL_H

#include <stdbool.h>

struct buf;
struct err;

#define HOOK_BEFORE "pre-push.before-zllm"

/* Appends the absolute path of the folder where git looks for hooks. */
int hook_install_folder(struct buf *out, struct err *err);

/* Writes the hook, or writes it anew where it is ours already. 0; 1 when both
 * pre-push and pre-push.before-zllm are others': nothing is changed then. */
int hook_install_pre_push(struct err *err);

/* Whether the hook at `path` is ours. */
bool hook_install_is_ours(const char *path);

/* Whether there are hooks at both paths, and they are the same text. */
bool hook_install_same(const char *one, const char *other);

/* Whether the hook at `path` runs git-lfs's part of a push itself. */
bool hook_install_runs_lfs(const char *path);

#endif
