/*
 * The repository's commits and trees, read only, whatever way it can be read by
 * (git_way.h). It is a hint: shallow and partial clones and missing objects end in "not
 * known", never in a failure of a transfer.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_GIT_REPO_H
#define ZLLM_GIT_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/git/commit_id.h"

struct buf;
struct git_repo;
struct git_way;
struct lfs_pointer;

/* By the first way that can read it; NULL when none can. `git_dir` as in git_paths.h. */
struct git_repo *git_repo_open(const char *git_dir);
void git_repo_free(struct git_repo *r);

/* By this way, or not at all. */
struct git_repo *git_repo_open_by(const struct git_way *way, const char *git_dir);

/* What reads it, for people: "libgit2", "git". */
const char *git_repo_way(const struct git_repo *r);
/* From now on files of git-annex are pointers too (annex_link.h), where their keys say
 * which object they are. */
void git_repo_know_annex(struct git_repo *r);

/* The commit a revision names; false when there is none. */
bool git_repo_resolve(struct git_repo *r, const char *rev, struct commit_id *out);

/* Calls `each` for every LFS pointer in the tree of `commit`, in order of path;
 * non-zero ends it and is returned. */
typedef int git_pointer_fn(void *ctx, const char *path,
                           const struct lfs_pointer *pointer);
int git_repo_each_pointer(struct git_repo *r, const struct commit_id *commit,
                          git_pointer_fn *each, void *ctx);

/* The same for those pointers that the tree of `other` does not have at the same
 * path (all of them when `other` is not known). Equal subtrees are not read. */
int git_repo_each_new_pointer(struct git_repo *r, const struct commit_id *commit,
                              const struct commit_id *other, git_pointer_fn *each,
                              void *ctx);

/* The LFS pointer at `path` in the tree of `commit`; false when there is none. */
bool git_repo_pointer_at(struct git_repo *r, const struct commit_id *commit,
                         const char *path, struct lfs_pointer *out);

/* Appends the bytes of the file at `path` in the tree of `commit` to `out`; false,
 * and nothing is appended, when there is none or it has more than `max` bytes. */
bool git_repo_text_at(struct git_repo *r, const struct commit_id *commit,
                      const char *path, size_t max, struct buf *out);

/* Commits reachable from `tips` and not from `hidden`, at most `max` of them. */
struct commit_range {
	const struct commit_id *tips, *hidden; /* not owned */
	size_t tip_count, hidden_count, max;
};

/* Calls `each` for the commits of `range`, newest first by their own clocks. Commits that
 * are not there (shallow clones) are passed over. `each` non-zero ends it and is
 * returned. */
int git_repo_walk(struct git_repo *r, const struct commit_range *range,
                  int (*each)(void *ctx, const struct commit_id *commit), void *ctx);

/* The parents of `commit`; returns their number, writes at most `max`. */
size_t git_repo_parents(struct git_repo *r, const struct commit_id *commit,
                        struct commit_id *out, size_t max);

/* Calls `each` for every ref whose name begins with `prefix` ("refs/remotes/"). */
int git_repo_each_ref(struct git_repo *r, const char *prefix,
                      int (*each)(void *ctx, const char *name,
                                  const struct commit_id *tip),
                      void *ctx);

#endif
