/*
 * The refs of a push as git tells its hooks on their standard input:
 *   pre-push                 <local ref> <local id> <remote ref> <remote id>
 *   pre-receive, post-receive            <old id> <new id> <ref>
 */
#ifndef ZLLM_PUSH_REFS_H
#define ZLLM_PUSH_REFS_H

#include <stddef.h>

struct buf;
struct err;

enum { PUSH_REFS_TOLD_MAX = 1000 };

struct push_ref {
	char *name;   /* on the other side; owned */
	char *new_id; /* hex; owned */
	char *old_id; /* hex, or "" where there was none; owned */
};

struct push_refs {
	struct push_ref *list; /* owned; refs that are deleted are not in it */
	size_t count;
};

#define PUSH_REFS_INIT  \
	{               \
		NULL, 0 \
	}

enum push_refs_form { PUSH_REFS_CLIENT, PUSH_REFS_SERVER };

/* ERR_INPUT at a line of another form. */
int push_refs_parse(const char *text, enum push_refs_form form, struct push_refs *out,
                    struct err *err);
void push_refs_wipe(struct push_refs *r);

/* Only hooks are told what is pushed: the pre-push hook tells the programs that it
 * starts, of which git-lfs starts our agent, by the environment. More than
 * PUSH_REFS_TOLD_MAX are not told. Before any other thread runs. */
void push_refs_tell(const struct push_refs *refs);

/* Appends the ids that are pushed, one a line; nothing when we were not told. */
void push_refs_told(struct buf *out);

#endif
