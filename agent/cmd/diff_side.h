/*
 * One side of `git zllm diff`, as a person names it: a file or a folder of models, a
 * <rev>:<path>, an oid, or a revision with all its models.
 */
#ifndef ZLLM_DIFF_SIDE_H
#define ZLLM_DIFF_SIDE_H

#include <stdbool.h>

struct err;
struct git_paths;
struct model_side;

/* Where objects are looked for. */
struct diff_places {
	const struct git_paths *paths; /* NULL: no repository around us */
	bool open;                     /* the sides' transfer has the store */
	const struct err *closed;      /* else why not */
};

/* Adds what `word` names to `out`, whose transfer is set. An object is read from
 * git-lfs's storage where it is there, else from the store. ERR_INPUT when the word
 * names nothing, ERR_MISSING when the object is in neither place. */
int diff_side_add(const struct diff_places *places, const char *word,
                  struct model_side *out, struct err *err);

/* The same for the file at `path` alone, whose name is to be `name`: where it holds an
 * LFS pointer, the object is meant. */
int diff_side_add_file(const struct diff_places *places, const char *path,
                       const char *name, struct model_side *out, struct err *err);

#endif
