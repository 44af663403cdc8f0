/*
 * What git's objects say, from their bytes: a commit's tree, parents and time, a tree's
 * entries. Bytes from outside: what is damaged is no commit, or ends a tree.
 */
#ifndef ZLLM_GIT_OBJECT_H
#define ZLLM_GIT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/git/commit_id.h"
#include "agent/git/commit_walk.h"

enum {
	GIT_ID_SHA1 = 20, /* bytes of an id in a tree */
	GIT_ID_SHA256 = 32
};

struct git_commit {
	struct commit_id tree;
	struct commit_facts facts;
	size_t all_parents; /* those that facts has no room for among them */
};

/* Reads a commit whose ids have `id_size` bytes; false when it is damaged. */
bool git_commit_parse(const void *bytes, size_t n, size_t id_size,
                      struct git_commit *out);

enum git_mode { GIT_MODE_FILE, GIT_MODE_LINK, GIT_MODE_TREE, GIT_MODE_OTHER };

struct git_tree_entry {
	enum git_mode mode;
	const char *name;  /* in the tree's bytes, with its NUL; not empty, has no '/' */
	const uint8_t *id; /* id_size bytes, there too */
};

struct git_tree_cursor {
	const uint8_t *at, *end;
	size_t id_size;
};

struct git_tree_cursor git_tree_cursor_over(const void *bytes, size_t n, size_t id_size);

/* The next entry; false at the end, and where the rest is damaged. */
bool git_tree_cursor_next(struct git_tree_cursor *c, struct git_tree_entry *out);

/* Which of two entries goes first in a tree: negative, 0 or positive. 0 is one name, and
 * both are trees or neither. */
int git_tree_entry_compare(const struct git_tree_entry *a,
                           const struct git_tree_entry *b);

/* Writes an id's digits. */
void git_id_format(const uint8_t *id, size_t id_size, struct commit_id *out);

#endif
