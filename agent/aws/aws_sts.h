/*
 * Keys of a role, given out for a time by AWS STS or a service that speaks like it.
 *
 * (Source: AWS Security Token Service API Reference, "AssumeRole" and
 * "AssumeRoleWithWebIdentity"; AWS SDKs and Tools Reference Guide, "Service-specific
 * endpoints".)
 */
#ifndef ZLLM_AWS_STS_H
#define ZLLM_AWS_STS_H

struct err;
struct s3_credentials;

struct aws_sts_role {
	const char *arn;
	const char *session;     /* a name for logs; NULL: "git-zllm" */
	const char *external_id; /* what the role's owner agreed on; or NULL */
	const char *seconds;     /* how long the keys hold; NULL: an hour */
	const char *endpoint;    /* URL; NULL: AWS in `region` */
	const char *region;
	const char *ca_bundle; /* as in http_client.h */
};

/* By a request that is signed with the keys `by`. ERR_CONFIG with STS's own words when
 * it refuses. */
int aws_sts_assume(const struct aws_sts_role *role, const struct s3_credentials *by,
                   struct s3_credentials **out, struct err *err);

/* By the token in a file, which somebody else keeps fresh: not signed. */
int aws_sts_assume_by_token(const struct aws_sts_role *role, const char *token_file,
                            struct s3_credentials **out, struct err *err);

#endif
