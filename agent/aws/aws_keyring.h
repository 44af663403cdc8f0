/*
 * The user's access keys, from where the AWS tools take them, in their order:
 *
 *   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *      (not when git's zllm.s3.profile names a profile)
 *   2. the profile's role_arn, by AWS STS (aws_profile_keys.h)
 *   3. AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, likewise (when 1. counts)
 *   4. the profile's aws_access_key_id, aws_secret_access_key, aws_session_token
 *   5. the profile's credential_process
 *   6. a container's role: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
 *   7. the machine's role (IMDSv2), unless AWS_EC2_METADATA_DISABLED is true
 *
 * Keys that end are taken anew five minutes before they do, and when the service
 * refuses them.
 */
#ifndef ZLLM_AWS_KEYRING_H
#define ZLLM_AWS_KEYRING_H

#include "index/store/s3/s3_credentials.h"

struct aws_files;
struct err;

enum aws_environment { AWS_ENVIRONMENT_FIRST, AWS_ENVIRONMENT_IGNORED };

/* Takes over `files` when it succeeds. Nothing is asked before the first take(). */
int aws_keyring_new(struct aws_files *files, const char *profile,
                    enum aws_environment environment, struct s3_keyring **out,
                    struct err *err);

#endif
