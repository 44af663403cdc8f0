/*
 * Our pre-push hook in the user's git configuration. From 2.54 on git runs hooks from
 * there (hook.<name>.event and .command), in every repository, before the one in its
 * folder: a fresh clone needs no `git zllm init` to be checked. The command does nothing
 * in repositories whose store is not ours, and nothing where this program is gone, unless
 * the repository needs it.
 */
#ifndef ZLLM_HOOK_CONFIGURED_H
#define ZLLM_HOOK_CONFIGURED_H

#include <stdbool.h>

struct err;
struct git_scope;

/* What the configured command runs: git zllm hook <this>. */
#define HOOK_CONFIGURED_VERB "pre-push-configured"

/* Writes the keys where this git heeds them, else nothing. A foreign value is left. */
int hook_configured_add(const struct git_scope *scope, struct err *err);

/* Removes them where they are ours. */
int hook_configured_remove(const struct git_scope *scope, struct err *err);

/* Whether git itself says that it runs ours from its configuration at a push from the
 * repository of the current directory. */
bool hook_configured_runs(void);

#endif
