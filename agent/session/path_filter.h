/*
 * lfs.fetchinclude and lfs.fetchexclude: lists of patterns, with commas between them,
 * that say which paths git-lfs fetches. For prediction only: a pattern that git-lfs
 * takes otherwise costs time, not correctness.
 *
 *   "*.bin"        any path with a component that matches
 *   "models/a"     that path from the root, and all below it
 *   "models/"      that folder, and all below it
 * '*' and '?' as in a shell; "**" also matches '/'.
 */
#ifndef ZLLM_PATH_FILTER_H
#define ZLLM_PATH_FILTER_H

#include <stdbool.h>

/* Whether `path` matches one of `patterns`. */
bool path_filter_matches(const char *patterns, const char *path);

/* Whether git-lfs fetches `path` by these two, either of which may be NULL or empty. */
bool path_filter_allows(const char *include, const char *exclude, const char *path);

#endif
