/*
 * The files that the AWS tools share: ~/.aws/config and ~/.aws/credentials (or those
 * that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name), as far as one profile
 * goes.
 *
 *     [profile work]              [work]
 *     region = eu-west-1          aws_access_key_id = AKIA...
 *     s3 =                        aws_secret_access_key = ...
 *         addressing_style = path
 *
 * (Source: the AWS CLI's "Configuration and credential file settings".)
 * Constant once read, so that any thread may ask. The memory that held secrets is
 * wiped when it is freed.
 */
#ifndef ZLLM_AWS_FILES_H
#define ZLLM_AWS_FILES_H

#include <stdbool.h>

struct aws_files;
struct buf;
struct err;

/* Files that are not there are empty ones. ERR_CONFIG when one cannot be read or is
 * no such file. */
int aws_files_read(const char *profile, struct aws_files **out, struct err *err);
void aws_files_free(struct aws_files *f); /* NULL is fine */

/* For tests: from the texts of both. */
int aws_files_parse(const char *profile, const struct buf *config,
                    const struct buf *credentials, struct aws_files **out,
                    struct err *err);

/* The value of `key` in the profile, or NULL; "s3.addressing_style" for what is nested.
 * Of the two files that of the credentials counts. Valid until free. */
const char *aws_files_get(const struct aws_files *f, const char *key);

/* Whether either file has the profile at all. */
bool aws_files_have_profile(const struct aws_files *f);

#endif
