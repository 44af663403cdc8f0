#include "agent/where/doctor_demands.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "agent/report/checkup.h"
#include "agent/where/store_bucket.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_client.h"
#include "index/store/store.h"
#include "index/store/store_probe.h"
#include "index/work/random_name.h"

/* What a bucket may demand of what is put, each tried alone: most often it is the first. */
static const struct trial {
	struct store_bucket_trial with;
	const char *found, *remedy;
} trials[] = {
	{ { S3_DEMAND_SSE, "AES256" },
	  "the bucket demands that what is put is encrypted: with AES256 it takes it",
	  "git config --global zllm.s3.sse AES256" },
	{ { S3_DEMAND_SSE, "aws:kms" },
	  "the bucket demands that what is put is encrypted: with aws:kms it takes it",
	  "git config --global zllm.s3.sse aws:kms, and zllm.s3.sseKmsKeyId if a key of its "
	  "own is wanted" },
	{ { S3_DEMAND_ACL, "bucket-owner-full-control" },
	  "the bucket demands an ACL of what is put: with bucket-owner-full-control it "
	  "takes it",
	  "git config --global zllm.s3.acl bucket-owner-full-control" },
};

static bool is_refusal(const struct err *err)
{
	return err && err->code && strstr(err->text, S3_LACKING);
}

/* Whether the store can be written to so: on a key of its own, as store_probe() does. */
static bool goes(const struct store_url *url, const struct store_context *context,
                 const struct trial *trial)
{
	struct store *store = NULL;
	struct store_probe probe = { .verbs[VERB_PUT].code = ERR_IO };
	char nonce[PROBE_NONCE_HEX + 1];

	if (random_name(nonce, NULL))
		return false;
	if (!store_bucket_try(url, context, &trial->with, &store, NULL))
		store_probe(store, nonce, (int64_t)time(NULL), &probe);
	store_close(store);
	return !probe.verbs[VERB_PUT].code;
}

static void try_puts(struct checkup *c, const struct store_url *url,
                     const struct store_context *context)
{
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		if (goes(url, context, &trials[i])) {
			checkup_add(c, FINDING_DOUBTFUL, "bucket", trials[i].remedy, "%s",
			            trials[i].found);
			return;
		}
	checkup_add(
		c, FINDING_DOUBTFUL, "bucket",
		"if it demands a storage class, tags or a key of KMS, set "
		"zllm.s3.storageClass, tagging, or sse and sseKmsKeyId",
		"neither encryption nor an ACL helps: what is put is refused with each");
}

/* Not tried: it would be paid for. */
static void name_payer(struct checkup *c)
{
	checkup_add(
		c, FINDING_DOUBTFUL, "bucket",
		"if it is one, 'git config --global zllm.s3.requestPayer requester'",
		"a bucket of 'requester pays' refuses requests that do not say that the requester pays");
}

void doctor_demands(struct checkup *c, const struct store_url *url,
                    const struct store_context *context, const struct err *read,
                    const struct err *write)
{
	if (is_refusal(read))
		name_payer(c);
	else if (is_refusal(write))
		try_puts(c, url, context);
}
