/*
 * A base as a person names it: an object, a path, a revision, a model's name, or
 * "none". What is kept (base_setting.h) means the same in every clone and later on:
 * a revision becomes its commit, a <rev>:<path> its object.
 */
#ifndef ZLLM_BASE_VALUE_H
#define ZLLM_BASE_VALUE_H

#include "codec/common/buf.h"

struct err;
struct git_paths;
struct store;

/* Where a base is looked for. */
struct base_value_in {
	const struct git_paths *paths;
	struct store *store;      /* NULL where it cannot be opened: */
	const struct err *closed; /* then this says why */
};

/* A base as it is kept, and in words what it is. The caller wipes both. */
struct base_value {
	struct buf text, words;
};
void base_value_wipe(struct base_value *v);

/* Appends to *out. ERR_INPUT when it is nothing of these, or not there: an object that
 * the store lacks, a name that nobody there claims; without a store names cannot be
 * checked. Asks git. */
int base_value_resolve(const char *typed, const struct base_value_in *in,
                       struct base_value *out, struct err *err);

#endif
