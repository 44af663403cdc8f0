/*
 * Where a bucket is reached: an endpoint's URL and a way of addressing, made into
 * the parts that a request's URL consists of.
 *
 *   path      https://host/bucket/key     virtual   https://bucket.host/key
 *
 * An endpoint may have a path of its own, as gateways do, and then buckets come below it:
 * https://host/storage/v1/s3/bucket/key. Without an endpoint it is AWS's own, of the
 * region.
 */
#ifndef ZLLM_S3_ENDPOINT_H
#define ZLLM_S3_ENDPOINT_H

#include <stdbool.h>

struct err;

enum s3_addressing {
	S3_AUTO, /* virtual for AWS, where the name allows it; path for all others */
	S3_PATH,
	S3_VIRTUAL
};

struct s3_endpoint {
	char *origin; /* "https://host:port"; a port that is the scheme's own is left out */
	char *host;   /* "host:port" as the field Host has it */
	char *base;   /* the endpoint's own path, encoded: "/storage/v1/s3", or "" */
	char *path;   /* of the bucket, encoded: base and "/bucket", or "" */
	char *url;    /* the endpoint for people: "https://host:port/storage/v1/s3" */
	bool tls;
	bool loopback; /* this machine: nobody is between */
	bool aws;      /* Amazon's own */
};

/* A bucket as people name it. */
struct s3_place {
	const char *url; /* of the endpoint; NULL or "": AWS in `region` */
	const char *region, *bucket;
	enum s3_addressing addressing;
};

/* The URL's path is taken as it is meant, escaped or not; slashes at its end do not
 * count. ERR_CONFIG names what is wrong. */
int s3_endpoint_make(const struct s3_place *place, struct s3_endpoint *out,
                     struct err *err);
void s3_endpoint_wipe(struct s3_endpoint *e);

/* Whether `name` may be a bucket: 3 to 63 of A-Z a-z 0-9 . - _ , and no two dots. */
bool s3_bucket_valid(const char *name);

/* Whether `name` may be a region: letters, digits and '-'. */
bool s3_region_valid(const char *name);

#endif
