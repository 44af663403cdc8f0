/*
 * A base as a person names it: an object, a path, a revision, a model's name, or
 * "none". What is kept (base_setting.h) means the same in every clone and later on:
 * a revision becomes its commit, a <rev>:<path> its object.
 */
#ifndef ZLLM_BASE_VALUE_H
#define ZLLM_BASE_VALUE_H

struct buf;
struct err;
struct git_paths;
struct store;

/* Appends the value to be kept to `value`, and in words what it is to `words`.
 * ERR_INPUT when it is nothing of these, or not there: an object that `store` lacks,
 * a name that nobody there claims. `store` may be NULL where it cannot be opened:
 * then `closed` says why, and names cannot be checked. Asks git. */
int base_value_resolve(const char *typed, const struct git_paths *paths,
                       struct store *store, const struct err *closed, struct buf *value,
                       struct buf *words, struct err *err);

#endif
