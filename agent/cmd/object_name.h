/*
 * How a person names an object on the command line: a path in the worktree, a
 * <rev>:<path>, or an oid.
 */
#ifndef ZLLM_OBJECT_NAME_H
#define ZLLM_OBJECT_NAME_H

#include "codec/common/sha256.h"

struct err;

/* The oid that `name` stands for. ERR_INPUT says what it is instead: "no LFS
 * pointer", "no such path". Asks git. */
int object_name_resolve(const char *name, struct oid *out, struct err *err);

#endif
