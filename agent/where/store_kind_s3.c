/* Stores in buckets: s3://bucket/prefix, made by others. */
#include "agent/where/store_kind.h"

#include "agent/where/doctor_bucket.h"
#include "agent/where/doctor_demands.h"
#include "agent/where/store_bucket.h"

static int open_bucket(const struct store_url *url, const char *name,
                       const struct store_context *context, struct store **out,
                       struct err *err)
{
	(void)name;
	return store_bucket_open(url, context, out, err);
}

const struct store_kind store_kind_s3 = {
	.scheme = "s3",
	.noun = "bucket",
	.place = "bucket",
	.example = "s3://<bucket>",
	.options = { { .name = "endpoint", .leads = true }, { .name = "region" } },
	.writers = "who may write to a bucket is said by its policy",
	.open = open_bucket,
	.missing = "is its name right?",
	.doctor = { .way = doctor_bucket, .refusal = doctor_demands },
};
