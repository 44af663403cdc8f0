/* What doctor says of the way to a bucket. */
#ifndef ZLLM_DOCTOR_BUCKET_H
#define ZLLM_DOCTOR_BUCKET_H

struct checkup;
struct store_context;
struct store_url;

/* How the bucket of `url` is reached, each setting with where it comes from, whether it
 * is trusted, and whose keys are used. No secret is shown. */
void doctor_bucket(struct checkup *c, const struct store_url *url,
                   const struct store_context *context);

#endif
