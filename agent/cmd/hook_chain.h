/*
 * What git-zllm's pre-push hook runs before it looks into the store: the hook that was
 * there before `git zllm init` (hook_install.h), and git-lfs's part of a push, which is
 * what uploads the objects.
 */
#ifndef ZLLM_HOOK_CHAIN_H
#define ZLLM_HOOK_CHAIN_H

#include <stdbool.h>

struct buf;
struct err;

/* A push as git tells it to a hook. */
struct hook_push {
	int argc; /* the hook's arguments: the remote and its URL */
	char **argv;
	const struct buf *input; /* its standard input */
	bool one_ref; /* we are told of one ref of maybe several (hook_told.h) */
	/* Who answers for objects that this clone does not have. git-lfs refuses them, also
	 * where the store has them long since: an agent is never asked. Where we look into
	 * the store ourselves it is told not to (lfs.allowincompletepush). */
	enum { HOOK_GAPS_REFUSED_BY_LFS, HOOK_GAPS_FOR_US } gaps;
	/* What git runs that started us: a hook's file (ours, or one that calls ours), or
	 * the user's configuration (hook_configured.h). Where both do, one works: the file
	 * where it is ours, else the configuration, which git asks first. */
	enum { HOOK_RUN_BY_FILE, HOOK_RUN_BY_CONFIGURATION } by;
};

/*
 * Runs them. *status is the exit code of the one that stopped, or 0. A kept hook is not
 * run where it is the hook that git runs already, nor again by a hook that it started
 * itself: hook managers that keep each other's hooks would go round in circles.
 * 0; 1 when another of ours does the work, or has done it, at this same push: we were
 * started by the kept hook that it runs, beside the configured one, or by a manager that
 * found ours and ran it first. Negative when
 * nothing can be run. From the configuration it puts ours in the place of git-lfs's own
 * hook, which a fresh clone has, and which would do the same work again.
 * Before any other thread runs: it changes the environment.
 */
int hook_chain_run(const struct hook_push *push, int *status, struct err *err);

#endif
