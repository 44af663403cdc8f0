/*
 * A store in a bucket of S3: each key is an object below a prefix.
 *
 *   read    one GET brings size, ETag and the first bytes; ranges are asked for
 *           under that ETag, several at once
 *   write   small values: one PUT, if absent; large ones: parts, several at once,
 *           then the first part with the head, then the commit
 *   list    pages of a thousand keys
 *
 * The service checks the SHA-256 of all that it takes. Where it offers no PUT "if
 * absent" (501; or 400, 403 or 405, and it goes through without), the key is looked for
 * first. Memory of all writers together is bounded: of those with large values a few go
 * on, and the others wait. So a thread must not hold more than one writer of a large
 * value.
 */
#ifndef ZLLM_STORE_S3_H
#define ZLLM_STORE_S3_H

#include "index/store/s3/s3_client.h"

struct err;
struct store;

/* No request is made. Takes over `keyring` when it succeeds; NULL: requests are not
 * signed. ERR_CONFIG, ERR_INPUT. */
int store_s3_open(const struct s3_options *options, struct s3_keyring *keyring,
                  struct store **out, struct err *err);

#endif
