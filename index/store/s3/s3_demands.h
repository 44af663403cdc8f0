/*
 * What a bucket may demand of requests by its policy, its key or who pays for it: fields
 * that say so. A policy that denies what comes without them makes them part of every
 * request of their kind, so there is one place for all.
 *
 *   what makes an object    PutObject, CreateMultipartUpload, CopyObject: encryption,
 *                           storage class, ACL, tags
 *   every request           who pays for it
 *
 * A part and the end of an upload take none of the first kind: AWS refuses them there.
 */
#ifndef ZLLM_S3_DEMANDS_H
#define ZLLM_S3_DEMANDS_H

#include "index/store/s3/s3_sign.h"

struct err;

enum s3_demand {
	S3_DEMAND_SSE,           /* "AES256", "aws:kms", "aws:kms:dsse" */
	S3_DEMAND_KMS_KEY,       /* a key's id, ARN or alias, with "aws:kms..." */
	S3_DEMAND_BUCKET_KEY,    /* "true" or "false", with "aws:kms..." */
	S3_DEMAND_STORAGE_CLASS, /* "STANDARD_IA" */
	S3_DEMAND_ACL,           /* "bucket-owner-full-control" */
	S3_DEMAND_TAGGING,       /* "team=a&kind=model" */
	S3_DEMAND_REQUEST_PAYER, /* "requester" */
	S3_DEMANDS
};

/* Each as the field's value has it; NULL: not sent. */
struct s3_demands {
	const char *value[S3_DEMANDS];
};

enum s3_demands_of {
	S3_DEMANDS_OF_ALL,   /* any request */
	S3_DEMANDS_OF_MAKING /* one that makes an object */
};

/* ERR_CONFIG names the value that cannot be, and what it may be: what no service takes,
 * what would not go through as a field, and classes that cannot be read at once. */
int s3_demands_check(const struct s3_demands *d, struct err *err);

/* The fields of such a request, into `out`; how many. They point into *d. */
unsigned s3_demands_fields(const struct s3_demands *d, enum s3_demands_of kind,
                           struct s3_field out[S3_DEMANDS]);

/* What may be done about a refusal of such a request, by the service's own words ("": it
 * gave none): "set zllm.s3.sse to ..."; NULL where they point to nothing that is not set
 * already. */
const char *s3_demands_remedy(const struct s3_demands *d, enum s3_demands_of kind,
                              const char *words);

#endif
