/* A home with AWS profiles, and the keys that are found from there. */
#ifndef ZLLM_TESTS_AWS_SANDBOX_H
#define ZLLM_TESTS_AWS_SANDBOX_H

#include <fcntl.h>

#include "agent/aws/aws_files.h"
#include "agent/aws/aws_keyring.h"
#include "tests/unit/git_sandbox.h"
#include "tests/unit/http_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEYS(id, token)                                                       \
	"{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"s3cret\",\"" token \
	"\":\"tok\","                                                         \
	"\"Expiration\":\"2999-01-01T00:00:00Z\"}"

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static inline int setup(void **state)
{
	static const char *const unwanted[] = { "AWS_ACCESS_KEY_ID",
		                                "AWS_SECRET_ACCESS_KEY",
		                                "AWS_SESSION_TOKEN",
		                                "AWS_CONFIG_FILE",
		                                "AWS_SHARED_CREDENTIALS_FILE",
		                                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		                                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		                                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
		                                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
		                                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
		                                "AWS_WEB_IDENTITY_TOKEN_FILE",
		                                "AWS_ROLE_ARN",
		                                "AWS_ROLE_SESSION_NAME",
		                                "AWS_ENDPOINT_URL_STS",
		                                "AWS_ENDPOINT_URL",
		                                "AWS_REGION",
		                                "AWS_DEFAULT_REGION",
		                                "AWS_CA_BUNDLE",
		                                "https_proxy",
		                                "http_proxy" };
	int rc = sandbox_setup(state);

	for (size_t i = 0; i < COUNT(unwanted); i++)
		unsetenv(unwanted[i]);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	if (!rc)
		rc = mkdir(".aws", 0700);
	return rc;
}

/* Takes from a new ring; the id, or the error, in `words`. */
static inline int take(const char *profile, enum aws_environment environment,
                       char words[1024])
{
	struct aws_files *files = NULL;
	struct s3_keyring *ring = NULL;
	struct s3_credentials *c = NULL;
	struct err err = ERR_INIT;
	int rc = aws_files_read(profile, &files, &err);

	if (!rc)
		assert_int_equal(
			aws_keyring_new(files, profile, environment, &ring, NULL), 0);
	if (!rc)
		rc = ring->ops->take(ring, NULL, &c, &err);
	if (rc)
		snprintf(words, 1024, "%s", err.text);
	else
		snprintf(words, 1024, "%s/%s/%s", s3_credentials_keys(c)->id,
		         s3_credentials_keys(c)->secret,
		         s3_credentials_keys(c)->token ? s3_credentials_keys(c)->token
		                                       : "-");
	s3_credentials_release(c);
	s3_keyring_close(ring);
	return rc;
}

static inline void assert_taken(const char *profile, enum aws_environment environment,
                                const char *wanted)
{
	char words[1024];
	int rc = take(profile, environment, words);

	if (rc || strcmp(words, wanted) != 0)
		fail_msg("%d %s, wanted %s", rc, words, wanted);
}

static inline void assert_refused(const char *profile, const char *part)
{
	char words[1024];
	int rc = take(profile, AWS_ENVIRONMENT_FIRST, words);

	if (rc >= 0 || !strstr(words, part))
		fail_msg("%d %s, wanted %s", rc, words, part);
	if (strstr(words, "s3cret"))
		fail_msg("a secret is in: %s", words);
}

#endif
