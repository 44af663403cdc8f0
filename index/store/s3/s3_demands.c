#include "index/store/s3/s3_demands.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/err.h"

enum { VALUE_MAX = 2048 }; /* bytes; a key's ARN has some hundred */

static bool is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* Printable ASCII, no blanks: it goes through as a field, and is signed as it is sent. */
static bool is_word(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 127)
			return false;
	return n > 0 && n <= VALUE_MAX;
}

static int check_words(const struct s3_demands *d, struct err *err)
{
	static const struct {
		const char *name;
		enum s3_demand which;
	} words[] = { { "sseKmsKeyId", S3_DEMAND_KMS_KEY },
		      { "storageClass", S3_DEMAND_STORAGE_CLASS },
		      { "acl", S3_DEMAND_ACL },
		      { "tagging", S3_DEMAND_TAGGING } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *value = d->value[words[i].which];
		if (value && !is_word(value))
			return err_set(err, ERR_CONFIG,
			               "zllm.s3.%s is '%.100s', which is not printable "
			               "ASCII without blanks: write it as the AWS tools "
			               "take it",
			               words[i].name, value);
	}
	return 0;
}

static int check_encryption(const struct s3_demands *d, struct err *err)
{
	static const char *const kinds[] = { "AES256", "aws:kms", "aws:kms:dsse", NULL };
	static const char *const truths[] = { "true", "false", NULL };
	const char *sse = d->value[S3_DEMAND_SSE];
	const char *bucket_key = d->value[S3_DEMAND_BUCKET_KEY];

	if (sse && !is_one_of(sse, kinds))
		return err_set(err, ERR_CONFIG,
		               "zllm.s3.sse is '%.100s', which S3 does not have: use "
		               "AES256, aws:kms or aws:kms:dsse",
		               sse);
	if (bucket_key && !is_one_of(bucket_key, truths))
		return err_set(err, ERR_CONFIG,
		               "zllm.s3.bucketKeyEnabled is '%.100s', which is neither "
		               "true nor false: use one of them",
		               bucket_key);
	if ((d->value[S3_DEMAND_KMS_KEY] || bucket_key) &&
	    (!sse || strcmp(sse, "AES256") == 0))
		return err_set(
			err, ERR_CONFIG,
			"zllm.s3.sseKmsKeyId or bucketKeyEnabled is set, and "
			"encryption with KMS is not: set zllm.s3.sse to aws:kms or "
			"aws:kms:dsse");
	return 0;
}

int s3_demands_check(const struct s3_demands *d, struct err *err)
{
	static const char *const cold[] = { "GLACIER", "DEEP_ARCHIVE", NULL };
	const char *storage_class = d->value[S3_DEMAND_STORAGE_CLASS];
	const char *payer = d->value[S3_DEMAND_REQUEST_PAYER];
	int rc = check_encryption(d, err);

	if (!rc)
		rc = check_words(d, err);
	if (!rc && storage_class && is_one_of(storage_class, cold))
		rc = err_set(
			err, ERR_CONFIG,
			"zllm.s3.storageClass is %s, of which objects cannot be read "
			"until they are restored: use another, GLACIER_IR for one",
			storage_class);
	if (!rc && payer && strcmp(payer, "requester") != 0)
		rc = err_set(err, ERR_CONFIG,
		             "zllm.s3.requestPayer is '%.100s', which S3 does not have: "
		             "use requester",
		             payer);
	return rc;
}

unsigned s3_demands_fields(const struct s3_demands *d, enum s3_demands_of kind,
                           struct s3_field out[S3_DEMANDS])
{
	static const char *const names[S3_DEMANDS] = {
		[S3_DEMAND_SSE] = "x-amz-server-side-encryption",
		[S3_DEMAND_KMS_KEY] = "x-amz-server-side-encryption-aws-kms-key-id",
		[S3_DEMAND_BUCKET_KEY] =
			"x-amz-server-side-encryption-bucket-key-enabled",
		[S3_DEMAND_STORAGE_CLASS] = "x-amz-storage-class",
		[S3_DEMAND_ACL] = "x-amz-acl",
		[S3_DEMAND_TAGGING] = "x-amz-tagging",
		[S3_DEMAND_REQUEST_PAYER] = "x-amz-request-payer",
	};
	unsigned n = 0;

	for (int i = 0; i < S3_DEMANDS; i++)
		if (d->value[i] &&
		    (kind == S3_DEMANDS_OF_MAKING || i == S3_DEMAND_REQUEST_PAYER))
			out[n++] = (struct s3_field){ names[i], d->value[i] };
	return n;
}

/* What the words of a refusal point to. The first that fits counts. */
static const struct pointer {
	const char *word;
	enum s3_demand mends; /* S3_DEMANDS: no setting of ours */
	enum s3_demands_of of;
	const char *remedy;
} pointers[] = {
	{ "kms:", S3_DEMANDS, S3_DEMANDS_OF_ALL,
	  "the key of KMS must allow kms:GenerateDataKey and kms:Decrypt to it" },
	{ "aws-kms-key-id", S3_DEMAND_KMS_KEY, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.sse to aws:kms and zllm.s3.sseKmsKeyId to the key that the bucket "
	  "demands" },
	{ "encrypt", S3_DEMAND_SSE, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.sse to the encryption that the bucket demands, AES256 or aws:kms" },
	{ "-acl", S3_DEMAND_ACL, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.acl to the ACL that the bucket demands, bucket-owner-full-control "
	  "for one" },
	{ "storage-class", S3_DEMAND_STORAGE_CLASS, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.storageClass to the one that the bucket demands" },
	{ "tagging", S3_DEMAND_TAGGING, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.tagging to the tags that the bucket demands" },
	{ "objecttag", S3_DEMAND_TAGGING, S3_DEMANDS_OF_MAKING,
	  "set zllm.s3.tagging to the tags that the bucket demands" },
	{ "payer", S3_DEMAND_REQUEST_PAYER, S3_DEMANDS_OF_ALL,
	  "set zllm.s3.requestPayer to requester" },
	{ "requester pays", S3_DEMAND_REQUEST_PAYER, S3_DEMANDS_OF_ALL,
	  "set zllm.s3.requestPayer to requester" },
	{ "explicit deny", S3_DEMAND_SSE, S3_DEMANDS_OF_MAKING,
	  "if its policy demands that what is put is encrypted, or has an ACL, a storage "
	  "class or tags, set zllm.s3.sse, acl, storageClass or tagging" },
	/* Where there are no words. */
	{ "", S3_DEMAND_SSE, S3_DEMANDS_OF_MAKING,
	  "if the bucket demands that what is put is encrypted, set zllm.s3.sse" },
	{ "", S3_DEMAND_REQUEST_PAYER, S3_DEMANDS_OF_ALL,
	  "if the bucket's requester pays, set zllm.s3.requestPayer to requester" },
};

const char *s3_demands_remedy(const struct s3_demands *d, enum s3_demands_of kind,
                              const char *words)
{
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		const struct pointer *p = &pointers[i];
		bool concerns = p->of == S3_DEMANDS_OF_ALL || p->of == kind;
		bool is_set = p->mends < S3_DEMANDS && d->value[p->mends];
		bool fits = *p->word ? strcasestr(words, p->word) != NULL : !*words;
		if (concerns && !is_set && fits)
			return p->remedy;
	}
	return NULL;
}
