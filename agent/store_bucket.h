/* Opening a store in a bucket: settings, trust and credentials put together. */
#ifndef ZLLM_STORE_BUCKET_H
#define ZLLM_STORE_BUCKET_H

#include "agent/store_url.h"

struct err;
struct store;

/* No request is made. ERR_CONFIG says what is missing or not trusted. */
int store_bucket_open(const struct store_url *url, const struct store_context *context,
                      struct store **out, struct err *err);

#endif
