/*
 * What git-zllm's pre-push hook runs before it looks into the store: the hook that was
 * there before `git zllm init` (hook_install.h), and git-lfs's part of a push, which is
 * what uploads the objects.
 */
#ifndef ZLLM_HOOK_CHAIN_H
#define ZLLM_HOOK_CHAIN_H

struct buf;
struct err;

/* A push as git tells it to a hook. */
struct hook_push {
	int argc; /* the hook's arguments: the remote and its URL */
	char **argv;
	const struct buf *input; /* its standard input */
	/* Who answers for objects that this clone does not have. git-lfs refuses them, also
	 * where the store has them long since: an agent is never asked. Where we look into
	 * the store ourselves it is told not to (lfs.allowincompletepush). */
	enum { HOOK_GAPS_REFUSED_BY_LFS, HOOK_GAPS_FOR_US } gaps;
};

/*
 * Runs them. *status is the exit code of the one that stopped, or 0. A kept hook is not
 * run where it is the hook that git runs already, nor again by a hook that it started
 * itself: hook managers that keep each other's hooks would go round in circles.
 * 0; 1 when we were started by the kept hook that this same push runs: then all is done
 * by the one who runs it, and nothing is left to do. Negative when nothing can be run.
 * Before any other thread runs: it changes the environment.
 */
int hook_chain_run(const struct hook_push *push, int *status, struct err *err);

#endif
