/*
 * What `git zllm init` hands to git-lfs when it is given no patterns: the list with which
 * model hubs begin a repository, and what else holds weights. With the patterns go
 * archives and tables, as on the hubs: a repository of models has little else that matches.
 */
#ifndef ZLLM_MODEL_PATTERNS_H
#define ZLLM_MODEL_PATTERNS_H

struct err;

/*
 * Appends to `worktree`'s .gitattributes a line for each pattern unless a line of it
 * gives that very pattern a filter, or none: "*.gz -filter" keeps *.gz out of git-lfs. The
 * order is fixed, so that everybody writes the same. Then has git-lfs mark the files that
 * the new patterns fit, so that 'git add' looks at them anew.
 * ERR_CONFIG where .gitattributes is a symbolic link (git does not follow it).
 */
int model_patterns_track(const char *worktree, struct err *err);

#endif
