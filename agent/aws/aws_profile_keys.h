/*
 * The keys of a profile: of the role that it names, or its own, or those that its
 * program gives out. Each answers 0 with keys; 1 when the profile says nothing of the
 * kind; or an error.
 *
 *     [profile train]
 *     role_arn = arn:aws:iam::123456789012:role/trainer
 *     source_profile = work            or  credential_source = Ec2InstanceMetadata
 *                                      or  web_identity_token_file = /run/token
 *
 * (Source: the AWS CLI's "Using an IAM role in the AWS CLI".)
 */
#ifndef ZLLM_AWS_PROFILE_KEYS_H
#define ZLLM_AWS_PROFILE_KEYS_H

struct aws_files;
struct err;
struct s3_credentials;

/* role_arn, by the keys of another profile (that may have a role too), of the
 * environment, a container or the machine, or by a token. */
int aws_profile_role(const struct aws_files *files, const char *profile,
                     struct s3_credentials **out, struct err *err);

/* AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE: how Kubernetes gives a role to a pod. */
int aws_profile_web_identity(const struct aws_files *files, struct s3_credentials **out,
                             struct err *err);

/* aws_access_key_id and so on, and then credential_process. */
int aws_profile_own(const struct aws_files *files, const char *profile,
                    struct s3_credentials **out, struct err *err);

#endif
