/*
 * Access keys, in memory of their own that no core file shows and that is wiped when
 * the last holder lets go; and a keyring, which says which keys hold now.
 *
 * Thread rule: any thread may do anything here.
 */
#ifndef ZLLM_S3_CREDENTIALS_H
#define ZLLM_S3_CREDENTIALS_H

#include <stdint.h>

#include "index/store/s3/s3_sign.h"

struct err;
struct s3_credentials;

/* `token` may be NULL. `expires`: seconds since 1970, 0: never. `source` says where
 * they come from, for people: "the environment (AWS_ACCESS_KEY_ID)". */
int s3_credentials_new(const struct s3_keys *keys, int64_t expires, const char *source,
                       struct s3_credentials **out, struct err *err);
struct s3_credentials *s3_credentials_hold(struct s3_credentials *c);
void s3_credentials_release(struct s3_credentials *c); /* NULL is fine */

/* Valid while held. */
const struct s3_keys *s3_credentials_keys(const struct s3_credentials *c);
int64_t s3_credentials_expires(const struct s3_credentials *c);
const char *s3_credentials_source(const struct s3_credentials *c);

struct s3_keyring {
	const struct s3_keyring_ops *ops;
};

struct s3_keyring_ops {
	/* The keys that hold now; the caller releases. `refused`: keys that the
	 * service would not take any more, so that others are wanted if there are
	 * any; else NULL. Any thread; may block. */
	int (*take)(struct s3_keyring *k, const struct s3_credentials *refused,
	            struct s3_credentials **out, struct err *err);
	void (*close)(struct s3_keyring *k); /* and frees */
};

/* A keyring of one set of keys that never changes. Takes over `c`. */
int s3_keyring_of(struct s3_credentials *c, struct s3_keyring **out, struct err *err);
void s3_keyring_close(struct s3_keyring *k); /* NULL is fine */

#endif
