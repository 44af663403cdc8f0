#include "agent/aws/aws_profile_keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/aws/aws_files.h"
#include "agent/aws/aws_provider.h"
#include "agent/aws/aws_role.h"
#include "agent/aws/aws_sts.h"
#include "agent/report/shell_word.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_credentials.h"
#include "index/store/s3/s3_endpoint.h"

enum { CHAIN_MAX = 4 }; /* roles that lead to roles */

#define DEFAULT_REGION "us-east-1"

/* ---------------------------------------------------------------- its own */

static int from_files(const struct aws_files *files, const char *profile,
                      struct s3_credentials **out, struct err *err)
{
	struct s3_keys keys = { aws_files_get(files, "aws_access_key_id"),
		                aws_files_get(files, "aws_secret_access_key"),
		                aws_files_get(files, "aws_session_token") };
	struct buf source = BUF_INIT;

	if (!keys.id)
		return 1;
	if (!keys.secret)
		return err_set(err, ERR_CONFIG,
		               "AWS profile '%s' has aws_access_key_id, and no "
		               "aws_secret_access_key",
		               profile);
	buf_addf(&source, "AWS profile '%s'", profile);
	int rc = s3_credentials_new(&keys, 0, buf_text(&source), out, err);
	buf_wipe(&source);
	return rc;
}

int aws_profile_own(const struct aws_files *files, const char *profile,
                    struct s3_credentials **out, struct err *err)
{
	int rc = from_files(files, profile, out, err);

	return rc > 0 ? aws_provider_process(aws_files_get(files, "credential_process"),
	                                     out, err)
	              : rc;
}

/* ---------------------------------------------------------------- a role */

static const char *first_set(const char *const *variables, const char *otherwise)
{
	for (; *variables; variables++) {
		const char *value = getenv(*variables);
		if (value && *value)
			return value;
	}
	return otherwise;
}

/* What the environment says goes before the profile, as everywhere. */
static int describe_role(const struct aws_files *files, struct aws_sts_role *role,
                         struct err *err)
{
	static const char *const regions[] = { "AWS_REGION", "AWS_DEFAULT_REGION", NULL };
	static const char *const endpoints[] = { "AWS_ENDPOINT_URL_STS",
		                                 "AWS_ENDPOINT_URL", NULL };
	static const char *const bundles[] = { "AWS_CA_BUNDLE", NULL };
	const char *region = aws_files_get(files, "region");

	role->region = first_set(regions, region ? region : DEFAULT_REGION);
	role->endpoint = first_set(endpoints, aws_files_get(files, "endpoint_url"));
	role->ca_bundle = first_set(bundles, aws_files_get(files, "ca_bundle"));
	if (s3_region_valid(role->region))
		return 0;
	return err_set(err, ERR_CONFIG, "'%s' is not the name of a region", role->region);
}

/* A profile on the way from role to role. */
struct link {
	const struct aws_files *files;
	const char *profile;
	unsigned depth; /* roles before it */
};

static int role_keys(const struct link *link, struct s3_credentials **out,
                     struct err *err);

/* The keys of source_profile. A profile that names itself means its own. */
static int from_source(const struct link *link, const char *source,
                       struct s3_credentials **out, struct err *err)
{
	struct aws_files *others = NULL;
	int rc;

	if (strcmp(source, link->profile) == 0) {
		rc = aws_profile_own(link->files, source, out, err);
	} else {
		rc = aws_files_read(source, &others, err);
		const struct link next = { others, source, link->depth + 1 };
		if (!rc)
			rc = role_keys(&next, out, err);
		if (rc > 0)
			rc = aws_profile_own(others, source, out, err);
	}
	aws_files_free(others);
	return rc > 0 ? err_set(err, ERR_CONFIG,
	                        "AWS profile '%s' takes its role with the keys of "
	                        "profile '%s', which has none",
	                        link->profile, source)
	              : rc;
}

static int from_place(const char *profile, const char *place, struct s3_credentials **out,
                      struct err *err)
{
	int rc;

	if (strcmp(place, "Environment") == 0)
		rc = aws_provider_environment(out, err);
	else if (strcmp(place, "EcsContainer") == 0)
		rc = aws_role_container(out, err);
	else if (strcmp(place, "Ec2InstanceMetadata") == 0)
		rc = aws_role_machine(out, err);
	else
		return err_set(err, ERR_CONFIG,
		               "credential_source of AWS profile '%s' is '%s': none of "
		               "Environment, EcsContainer and Ec2InstanceMetadata",
		               profile, place);
	return rc > 0 ? err_set(err, ERR_CONFIG,
	                        "AWS profile '%s' takes its role with keys from %s, "
	                        "which gives none",
	                        profile, place)
	              : rc;
}

static int needs_device(const char *profile, struct err *err)
{
	struct buf word = BUF_INIT;

	shell_word_add(&word, profile);
	err_set(err, ERR_CONFIG,
	        "the role of AWS profile '%s' wants a code of a device (mfa_serial): make "
	        "another profile with the line: credential_process = aws configure "
	        "export-credentials --profile %s",
	        profile, buf_text(&word));
	buf_wipe(&word);
	return ERR_CONFIG;
}

static int assume(const struct link *link, const struct aws_sts_role *role,
                  struct s3_credentials **out, struct err *err)
{
	const char *source = aws_files_get(link->files, "source_profile");
	const char *place = aws_files_get(link->files, "credential_source");
	const char *profile = link->profile;
	struct s3_credentials *by = NULL;
	int rc;

	if (link->depth == CHAIN_MAX)
		return err_set(
			err, ERR_CONFIG,
			"the roles of AWS profile '%s' go in a circle, or more than "
			"%d lead to one another",
			profile, CHAIN_MAX);
	if (aws_files_get(link->files, "mfa_serial"))
		return needs_device(profile, err);
	if (source)
		rc = from_source(link, source, &by, err);
	else if (place)
		rc = from_place(profile, place, &by, err);
	else
		rc = err_set(err, ERR_CONFIG,
		             "AWS profile '%s' has role_arn, and none of source_profile, "
		             "credential_source and web_identity_token_file",
		             profile);
	if (!rc)
		rc = aws_sts_assume(role, by, out, err);
	s3_credentials_release(by);
	return rc;
}

static int role_keys(const struct link *link, struct s3_credentials **out,
                     struct err *err)
{
	const struct aws_files *files = link->files;
	struct aws_sts_role role = {
		.arn = aws_files_get(files, "role_arn"),
		.session = aws_files_get(files, "role_session_name"),
		.external_id = aws_files_get(files, "external_id"),
		.seconds = aws_files_get(files, "duration_seconds"),
	};
	const char *token = aws_files_get(files, "web_identity_token_file");

	if (!role.arn)
		return 1;
	int rc = describe_role(files, &role, err);
	if (rc)
		return rc;
	return token ? aws_sts_assume_by_token(&role, token, out, err)
	             : assume(link, &role, out, err);
}

int aws_profile_role(const struct aws_files *files, const char *profile,
                     struct s3_credentials **out, struct err *err)
{
	return role_keys(&(struct link){ files, profile, 0 }, out, err);
}

int aws_profile_web_identity(const struct aws_files *files, struct s3_credentials **out,
                             struct err *err)
{
	static const char *const sessions[] = { "AWS_ROLE_SESSION_NAME", NULL };
	const char *token = getenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	struct aws_sts_role role = { .arn = getenv("AWS_ROLE_ARN"),
		                     .session = first_set(sessions, NULL) };

	if (!token || !*token || !role.arn || !*role.arn)
		return 1;
	int rc = describe_role(files, &role, err);
	return rc ? rc : aws_sts_assume_by_token(&role, token, out, err);
}
