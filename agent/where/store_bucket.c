#include "agent/where/store_bucket.h"

#include <string.h>
#include <sys/prctl.h>

#include "agent/aws/aws_files.h"
#include "agent/aws/aws_keyring.h"
#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/where/s3_settings.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/store/s3/store_s3.h"

enum { CONNECT_SECONDS = 10, CONNECTIONS = 32 };

static struct s3_place place_of(const struct s3_settings *s)
{
	return (struct s3_place){ s->list[S3_SET_ENDPOINT].value,
		                  s->list[S3_SET_REGION].value, s->bucket,
		                  s->addressing };
}

/* ---------------------------------------------------------------- secrecy */

/* Keys are not sent where anybody on the way can read what they sign. */
static int check_secrecy(const struct s3_settings *s, struct err *err)
{
	struct s3_place place = place_of(s);
	struct s3_endpoint e = { 0 };
	int rc = s3_endpoint_make(&place, &e, err);

	if (!rc && !e.tls && !e.loopback && !s->insecure && !s->anonymous)
		rc = err_set(
			err, ERR_CONFIG,
			"the endpoint %s (from %s) is not encrypted: use https://, or "
			"allow it with 'git config --global zllm.s3.insecure true'",
			place.url, s->list[S3_SET_ENDPOINT].source);
	s3_endpoint_wipe(&e);
	return rc;
}

/* ---------------------------------------------------------------- opening */

static void trace_request(void *ctx, const char *line)
{
	(void)ctx;
	report_trace("%s", line);
}

static int open_with(const struct s3_settings *s, struct s3_keyring *keyring,
                     struct store **out, struct err *err)
{
	struct s3_options options = {
		.place = place_of(s),
		.prefix = s->prefix,
		.demands = s->demands,
		.http = { .ca_bundle = s->list[S3_SET_CA_BUNDLE].value,
		          .connections = CONNECTIONS,
		          .connect_seconds = CONNECT_SECONDS,
		          .stall_seconds = s->stalltime },
		.repeat_ms = s->timeout * 1000,
		.trace = report_trace_wanted() ? trace_request : NULL,
	};

	return store_s3_open(&options, keyring, out, err);
}

/* The keyring of the profile. Takes over *files when it succeeds. */
static int open_keyring(const struct lfs_config *config, struct aws_files **files,
                        struct s3_keyring **out, struct err *err)
{
	const char *source;
	const char *profile = s3_settings_profile(config, &source);
	enum aws_environment environment = strncmp(source, "git", 3) == 0
	                                           ? AWS_ENVIRONMENT_IGNORED
	                                           : AWS_ENVIRONMENT_FIRST;

	int rc = aws_keyring_new(*files, profile, environment, out, err);
	if (!rc)
		*files = NULL;
	return rc;
}

/* From here on there are secrets in memory, and so there is no core file. */
static int read_files(const struct lfs_config *config, struct aws_files **out,
                      struct err *err)
{
	const char *source;

	(void)prctl(PR_SET_DUMPABLE, 0);
	return aws_files_read(s3_settings_profile(config, &source), out, err);
}

int store_bucket_look(const struct store_url *url, const struct lfs_config *config,
                      struct s3_settings *settings, struct s3_keyring **keyring,
                      struct err *err)
{
	struct aws_files *files = NULL;
	struct s3_settings found = { 0 };
	int rc = read_files(config, &files, err);

	*keyring = NULL;
	if (!rc)
		rc = s3_settings_find(url, config, files, &found, err);
	if (!rc && !found.anonymous)
		rc = open_keyring(config, &files, keyring, err);
	if (rc)
		s3_settings_wipe(&found);
	else
		*settings = found;
	aws_files_free(files);
	return rc;
}

int store_bucket_try(const struct store_url *url, const struct store_context *context,
                     const struct store_bucket_trial *trial, struct store **out,
                     struct err *err)
{
	struct aws_files *files = NULL;
	struct s3_settings settings = { 0 };
	struct s3_keyring *keyring = NULL;
	int rc = read_files(context->config, &files, err);

	if (!rc)
		rc = store_trust_check(url, context,
		                       s3_settings_own_endpoint(context->config, files),
		                       err);
	if (!rc)
		rc = s3_settings_find(url, context->config, files, &settings, err);
	if (!rc)
		rc = check_secrecy(&settings, err);
	if (!rc && !settings.anonymous)
		rc = open_keyring(context->config, &files, &keyring, err);
	if (!rc && trial)
		settings.demands.value[trial->demand] = trial->value;
	if (!rc)
		rc = open_with(&settings, keyring, out, err);
	if (rc)
		s3_keyring_close(keyring);
	s3_settings_wipe(&settings);
	aws_files_free(files);
	return rc;
}

int store_bucket_open(const struct store_url *url, const struct store_context *context,
                      struct store **out, struct err *err)
{
	return store_bucket_try(url, context, NULL, out, err);
}
