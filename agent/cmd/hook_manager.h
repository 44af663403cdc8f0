/*
 * Programs that look after a repository's hooks for a team: each writes its own hooks,
 * writes them anew when it likes, and takes what shall run from a file that the team
 * commits. There our line belongs; the hooks are left as they are. A new one is a row of
 * the table in hook_manager.c.
 */
#ifndef ZLLM_HOOK_MANAGER_H
#define ZLLM_HOOK_MANAGER_H

#include <stdbool.h>

struct buf;
struct hook_manager;

/* A repository's hooks, as far as managers are known by them. */
struct hook_place {
	const char *folder; /* absolute: where git looks for hooks */
	const char *top;    /* absolute: the worktree; NULL where there is none */
};

/* Whose hooks lie in the folder: by its name, by `text`, that of its pre-push hook, or by
 * the other hooks, where their manager would remove ours; else NULL. */
const struct hook_manager *hook_manager_find(const struct hook_place *place,
                                             const char *text);

/* Whether its hook is known by this text alone: where the hook lies says nothing. */
bool hook_manager_wrote(const struct hook_manager *m, const char *text);

const char *hook_manager_name(const struct hook_manager *m);

/* The command by which it writes its hooks. */
const char *hook_manager_install(const struct hook_manager *m);

/* Whether its configuration has our line, or it runs a hook of ours that it found. */
bool hook_manager_calls_us(const struct hook_manager *m, const struct hook_place *place);

/* Whether it runs a hook of ours beside its own, with all that git tells, before anything
 * of its configuration. */
bool hook_manager_ran_ours(const struct hook_manager *m, const struct hook_place *place);

/* Appends "add to <file>, <where in it>: <line>": the file that is there, else the one
 * that most have. */
void hook_manager_add_remedy(const struct hook_manager *m, const struct hook_place *place,
                             struct buf *out);

#endif
