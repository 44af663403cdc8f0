/*
 * What in a local base predicts a tensor: found as a push finds it (tensor_names.h), by
 * the same name, in a wrapper, fused, in pieces or tied; and the prediction's bytes.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_BENCH_LIKES_H
#define ZLLM_BENCH_LIKES_H

#include "codec/parts.h"

struct bench_likes;
struct err;
struct extent;
struct local_model;
struct predictor;

/* Those of `base`, which is open and must outlive them; nothing has to be hashed. */
int bench_likes_new(const struct local_model *base, struct bench_likes **out,
                    struct err *err);
void bench_likes_free(struct bench_likes *l); /* NULL is fine */

/* What predicts `x`: 0 with *out, until the next call, and the parts by which it does;
 * 1 where nothing does; or negative. */
int bench_likes_find(struct bench_likes *l, const struct extent *x,
                     struct predictor **out, struct parts *parts, struct err *err);

#endif
