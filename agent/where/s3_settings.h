/*
 * How a bucket is reached, and where each answer came from. For each setting the first
 * of these that says something:
 *
 *   the store's URL     ?endpoint= ?region=   (an endpoint: only where trusted)
 *   git                 zllm.s3.<name>
 *   the environment     AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, ...
 *   the profile         of ~/.aws/config: endpoint_url, region, ca_bundle, s3.addressing_style
 *   a default
 *
 * git's configuration never reads a repository's files; so only the URL may have been
 * chosen by somebody else.
 */
#ifndef ZLLM_S3_SETTINGS_H
#define ZLLM_S3_SETTINGS_H

#include "index/store/s3/s3_demands.h"
#include "index/store/s3/s3_endpoint.h"

struct aws_files;
struct err;
struct lfs_config;
struct store_url;

enum s3_setting_name {
	S3_SET_ENDPOINT,
	S3_SET_REGION,
	S3_SET_ADDRESSING, /* auto, path, virtual */
	S3_SET_CA_BUNDLE,
	S3_SET_PROFILE,
	S3_SET_INSECURE,  /* true: keys may go over http:// */
	S3_SET_ANONYMOUS, /* true: nothing is signed */
	S3_SET_TIMEOUT,   /* seconds for which what fails is repeated */
	S3_SET_STALLTIME, /* seconds without a byte after which a request has failed */
	/* What a bucket may demand (s3_demands.h), in its order. Of git's configuration
	 * alone: what is paid for, encrypted or shown is nobody else's to say. */
	S3_SET_SSE,
	S3_SET_KMS_KEY,
	S3_SET_BUCKET_KEY,
	S3_SET_STORAGE_CLASS,
	S3_SET_ACL,
	S3_SET_TAGGING,
	S3_SET_REQUEST_PAYER,
	S3_SETTINGS
};

struct s3_setting {
	char *value;        /* owned; NULL: there is none, and no default */
	const char *source; /* "git's zllm.s3.region", "AWS_REGION"; static */
};

struct s3_settings {
	char *bucket, *prefix; /* owned */
	struct s3_setting list[S3_SETTINGS];
	/* Of list, understood. */
	enum s3_addressing addressing;
	int insecure, anonymous;
	unsigned timeout, stalltime; /* seconds */
	struct s3_demands demands;   /* points into `list` */
};

/* `files` are those of the profile (aws_files.h). ERR_CONFIG and ERR_INPUT name the
 * setting that is wrong and where it stands. */
int s3_settings_find(const struct store_url *url, const struct lfs_config *config,
                     const struct aws_files *files, struct s3_settings *out,
                     struct err *err);
void s3_settings_wipe(struct s3_settings *s);

/* The profile that counts: git's zllm.s3.profile, AWS_PROFILE, or "default". */
const char *s3_settings_profile(const struct lfs_config *config, const char **source);

/* "endpoint", "region", ... as in git's zllm.s3.<name>. */
const char *s3_setting_word(enum s3_setting_name name);

/* What the user's own configuration says of the endpoint, the URL left aside; NULL:
 * nothing. Valid as long as `config` and `files` are, and the environment. */
const char *s3_settings_own_endpoint(const struct lfs_config *config,
                                     const struct aws_files *files);

#endif
