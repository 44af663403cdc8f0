/*
 * Read by clang-tidy alone, before each file: err_set() and its like give back the
 * code they are given, never 0, which the analyzer cannot see from a declaration.
 */
#include "codec/common/err.h"

#define err_set(err, code, ...) (err_set(err, code, __VA_ARGS__), (code))
#define err_errno(err, ...) (err_errno(err, __VA_ARGS__), ERR_IO)
#define err_nomem(err, what) (err_nomem(err, what), ERR_NOMEM)
