/*
 * The ways to read a repository: each opens it and gives objects and refs; what they mean
 * is read in git_repo.c alike for all. One is tried after the other:
 *
 *   library   libgit2, in this process: the fastest; knows no SHA-256, no reftable, and no
 *             extension that came after it
 *   program   git itself, a few processes that stay: knows what the user's git knows
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_GIT_WAY_H
#define ZLLM_GIT_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/git/commit_id.h"

struct buf;

enum git_kind { GIT_KIND_COMMIT, GIT_KIND_TREE, GIT_KIND_BLOB };

/* Which object is wanted: of another kind, or with more bytes, it is not there. */
struct git_wanted {
	const char *hex; /* its id, all digits of it */
	enum git_kind kind;
	size_t max; /* bytes */
};

typedef int git_ref_fn(void *ctx, const char *name, const struct commit_id *tip);

struct git_way {
	const char *name; /* for people: "libgit2", "git" */

	/* What the other functions take, and how many bytes an id has in trees. NULL when
	 * the repository cannot be read so. `git_dir` as in git_paths.h. */
	void *(*open)(const char *git_dir, size_t *id_size);
	void (*close)(void *way);

	/* Appends an object's bytes to `out`; false, and nothing is appended, when it is
	 * not there. */
	bool (*read)(void *way, const struct git_wanted *wanted, struct buf *out);

	/* The commit a revision names, tags peeled; false when there is none. */
	bool (*resolve)(void *way, const char *rev, struct commit_id *out);

	/* As git_repo_each_ref(). */
	int (*each_ref)(void *way, const char *prefix, git_ref_fn *each, void *ctx);
};

extern const struct git_way git_way_library, git_way_program;

#endif
