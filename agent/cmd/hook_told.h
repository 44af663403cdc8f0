/*
 * What a pre-push hook is told of the push: by git, with two arguments and the refs on
 * standard input; or by pre-commit, which swallows both and sets its environment for one
 * ref, the first that brings commits.
 */
#ifndef ZLLM_HOOK_TOLD_H
#define ZLLM_HOOK_TOLD_H

#include <stdbool.h>

#include "codec/common/buf.h"

struct err;

enum { HOOK_TOLD_ARGUMENTS = 2 };

struct hook_told {
	int argc;
	char **argv;                     /* the remote and its URL; git's, or `told` */
	struct buf input;                /* owned: the refs, as git writes them */
	bool one_ref;                    /* the push may bring other refs too */
	char *told[HOOK_TOLD_ARGUMENTS]; /* of the environment; not owned */
};

#define HOOK_TOLD_INIT                    \
	{                                 \
		0, NULL, BUF_INIT, false, \
		{                         \
			0                 \
		}                         \
	}

/* `argc` and `argv` are the hook's own arguments. ERR_INPUT when nobody tells. */
int hook_told_read(int argc, char **argv, struct hook_told *out, struct err *err);
void hook_told_wipe(struct hook_told *t);

/* Appends all of standard input. */
int hook_told_read_input(struct buf *out, struct err *err);

#endif
