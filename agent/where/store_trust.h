/*
 * Which buckets may be used on a repository's word. A repository's .lfsconfig can name
 * any store; so where it alone does,
 *
 *   - an endpoint in it gets no credentials, and
 *   - nothing is pushed to it,
 *
 * unless git's configuration has zllm.trust with that store, which may stand there any
 * number of times:
 *
 *     zllm.trust = s3://bucket                              that bucket, all of it
 *     zllm.trust = s3://bucket/team?endpoint=https://s3.example.org
 *
 * The endpoint must be the same; a prefix covers what lies below it. `git zllm init`
 * and `git zllm trust` write it. A kind of stores that has a guard (store_kind.h) needs no
 * trust: of folders the operating system says who may read and write them.
 */
#ifndef ZLLM_STORE_TRUST_H
#define ZLLM_STORE_TRUST_H

#include <stdbool.h>

struct buf;
struct err;
struct lfs_config;
struct store_context;
struct store_url;

#define STORE_TRUST_KEY "zllm.trust"

/* The name under which a store is trusted: "s3://bucket/prefix?endpoint=...". */
void store_trust_name(const struct store_url *url, struct buf *out);

/* Whether the user's configuration (NULL: there is none) trusts the store. */
bool store_trust_given(const struct lfs_config *config, const struct store_url *url);

/* Whether the store may be used so. `own` is what the user's own configuration says of
 * the option that says to whom requests go (store_kind.h), the URL left aside; NULL: none.
 * ERR_CONFIG says how to trust it. */
int store_trust_check(const struct store_url *url, const struct store_context *context,
                      const char *own, struct err *err);

/* Writes it to the user's configuration, unless it is there. */
int store_trust_give(const struct lfs_config *config, const struct store_url *url,
                     struct err *err);

/* Takes exactly this store from the user's configuration; 1 when it is not there. */
int store_trust_take(const struct lfs_config *config, const struct store_url *url,
                     struct err *err);

#endif
