/* Opening a store in a bucket: settings, trust and credentials put together. */
#ifndef ZLLM_STORE_BUCKET_H
#define ZLLM_STORE_BUCKET_H

#include "agent/where/store_context.h"
#include "index/store/s3/s3_demands.h"

struct err;
struct s3_keyring;
struct s3_settings;
struct store;
struct store_url;

/* No request is made. ERR_CONFIG says what is missing or not trusted. */
int store_bucket_open(const struct store_url *url, const struct store_context *context,
                      struct store **out, struct err *err);

/* A setting of what a bucket demands that is tried in place of the configured one. */
struct store_bucket_trial {
	enum s3_demand demand;
	const char *value;
};

/* store_bucket_open(), with the trial. */
int store_bucket_try(const struct store_url *url, const struct store_context *context,
                     const struct store_bucket_trial *trial, struct store **out,
                     struct err *err);

/* For people: the settings of a store, and a ring of the keys that would be used for it,
 * whether it is trusted or not. NULL in *keyring when nothing is signed. The caller
 * wipes and closes. */
int store_bucket_look(const struct store_url *url, const struct lfs_config *config,
                      struct s3_settings *settings, struct s3_keyring **keyring,
                      struct err *err);

#endif
