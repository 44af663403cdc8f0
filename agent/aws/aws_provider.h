/*
 * Access keys that the environment has or a program gives out. Each answers 0 with
 * keys; 1 when it has none to give; or an error.
 *
 * (Source: AWS SDKs and Tools Reference Guide, "Process credential provider".)
 */
#ifndef ZLLM_AWS_PROVIDER_H
#define ZLLM_AWS_PROVIDER_H

struct buf;
struct err;
struct s3_credentials;

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
int aws_provider_environment(struct s3_credentials **out, struct err *err);

/* Runs `command` (NULL: none), cut into words as a shell would, without a shell. */
int aws_provider_process(const char *command, struct s3_credentials **out,
                         struct err *err);

/* The keys in a JSON object as all of these give them. `token_name` is "SessionToken"
 * or "Token". */
int aws_provider_parse(const struct buf *answer, const char *token_name,
                       const char *source, struct s3_credentials **out, struct err *err);

/* The words of a command, each with its NUL, one after the other; false where a quote
 * is left open. */
int aws_provider_words(const char *command, struct buf *out);

#endif
