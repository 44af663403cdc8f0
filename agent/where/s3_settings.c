#include "agent/where/s3_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/aws/aws_files.h"
#include "agent/git/lfs_config.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"

enum { TIMEOUT_MAX = 24 * 3600 };

/* Where a setting may stand, beside the URL. */
static const struct place {
	const char *word;
	const char *git, *git_source;
	const char *environment[3];
	const char *profile, *profile_source;
	const char *standard;
} places[S3_SETTINGS] = {
	[S3_SET_ENDPOINT] = { "endpoint",
	                      "zllm.s3.endpoint",
	                      "git's zllm.s3.endpoint",
	                      { "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL" },
	                      "endpoint_url",
	                      "endpoint_url of the AWS profile",
	                      NULL },
	[S3_SET_REGION] = { "region",
	                    "zllm.s3.region",
	                    "git's zllm.s3.region",
	                    { "AWS_REGION", "AWS_DEFAULT_REGION" },
	                    "region",
	                    "region of the AWS profile",
	                    "us-east-1" },
	[S3_SET_ADDRESSING] = { "addressing",
	                        "zllm.s3.addressing",
	                        "git's zllm.s3.addressing",
	                        { NULL },
	                        "s3.addressing_style",
	                        "s3.addressing_style of the AWS profile",
	                        "auto" },
	[S3_SET_CA_BUNDLE] = { "cabundle",
	                       "zllm.s3.cabundle",
	                       "git's zllm.s3.cabundle",
	                       { "AWS_CA_BUNDLE" },
	                       "ca_bundle",
	                       "ca_bundle of the AWS profile",
	                       NULL },
	[S3_SET_PROFILE] = { "profile",
	                     "zllm.s3.profile",
	                     "git's zllm.s3.profile",
	                     { "AWS_PROFILE", "AWS_DEFAULT_PROFILE" },
	                     NULL,
	                     NULL,
	                     "default" },
	[S3_SET_INSECURE] = { "insecure",
	                      "zllm.s3.insecure",
	                      "git's zllm.s3.insecure",
	                      { NULL },
	                      NULL,
	                      NULL,
	                      "false" },
	[S3_SET_ANONYMOUS] = { "anonymous",
	                       "zllm.s3.anonymous",
	                       "git's zllm.s3.anonymous",
	                       { NULL },
	                       NULL,
	                       NULL,
	                       "false" },
	[S3_SET_TIMEOUT] = { "timeout",
	                     "zllm.s3.timeout",
	                     "git's zllm.s3.timeout",
	                     { NULL },
	                     NULL,
	                     NULL,
	                     "600" },
	[S3_SET_STALLTIME] = { "stalltime",
	                       "zllm.s3.stalltime",
	                       "git's zllm.s3.stalltime",
	                       { NULL },
	                       NULL,
	                       NULL,
	                       "30" },
	[S3_SET_SSE] = { "sse",
	                 "zllm.s3.sse",
	                 "git's zllm.s3.sse",
	                 { NULL },
	                 NULL,
	                 NULL,
	                 NULL },
	[S3_SET_KMS_KEY] = { "sseKmsKeyId",
	                     "zllm.s3.ssekmskeyid",
	                     "git's zllm.s3.sseKmsKeyId",
	                     { NULL },
	                     NULL,
	                     NULL,
	                     NULL },
	[S3_SET_BUCKET_KEY] = { "bucketKeyEnabled",
	                        "zllm.s3.bucketkeyenabled",
	                        "git's zllm.s3.bucketKeyEnabled",
	                        { NULL },
	                        NULL,
	                        NULL,
	                        NULL },
	[S3_SET_STORAGE_CLASS] = { "storageClass",
	                           "zllm.s3.storageclass",
	                           "git's zllm.s3.storageClass",
	                           { NULL },
	                           NULL,
	                           NULL,
	                           NULL },
	[S3_SET_ACL] = { "acl",
	                 "zllm.s3.acl",
	                 "git's zllm.s3.acl",
	                 { NULL },
	                 NULL,
	                 NULL,
	                 NULL },
	[S3_SET_TAGGING] = { "tagging",
	                     "zllm.s3.tagging",
	                     "git's zllm.s3.tagging",
	                     { NULL },
	                     NULL,
	                     NULL,
	                     NULL },
	[S3_SET_REQUEST_PAYER] = { "requestPayer",
	                           "zllm.s3.requestpayer",
	                           "git's zllm.s3.requestPayer",
	                           { NULL },
	                           NULL,
	                           NULL,
	                           NULL },
};

_Static_assert(S3_SET_REQUEST_PAYER - S3_SET_SSE == S3_DEMAND_REQUEST_PAYER &&
                       S3_DEMANDS == S3_DEMAND_REQUEST_PAYER + 1,
               "settings and demands are in one order");

const char *s3_setting_word(enum s3_setting_name name)
{
	return places[name].word;
}

/* The value that counts, the URL left aside; NULL when nothing says any. */
static const char *look_up(const struct place *p, const struct lfs_config *config,
                           const struct aws_files *files, const char **source)
{
	const char *value = config ? lfs_config_get(config, p->git) : NULL;

	*source = p->git_source;
	for (size_t i = 0; !(value && *value) && i < 3 && p->environment[i]; i++) {
		value = getenv(p->environment[i]);
		*source = p->environment[i];
	}
	if (!(value && *value) && p->profile) {
		value = aws_files_get(files, p->profile);
		*source = p->profile_source;
	}
	return value && *value ? value : NULL;
}

const char *s3_settings_profile(const struct lfs_config *config, const char **source)
{
	const char *value = look_up(&places[S3_SET_PROFILE], config, NULL, source);

	if (value)
		return value;
	*source = "the default";
	return places[S3_SET_PROFILE].standard;
}

const char *s3_settings_own_endpoint(const struct lfs_config *config,
                                     const struct aws_files *files)
{
	const char *source;

	return look_up(&places[S3_SET_ENDPOINT], config, files, &source);
}

static int find_one(enum s3_setting_name name, const char *from_url,
                    const struct lfs_config *config, const struct aws_files *files,
                    struct s3_setting *out)
{
	const char *source = "the store's URL";
	const char *value = from_url && *from_url ? from_url : NULL;

	if (!value)
		value = look_up(&places[name], config, files, &source);
	if (!value) {
		value = places[name].standard;
		source = "the default";
	}
	out->source = source;
	out->value = value ? strdup(value) : NULL;
	return value && !out->value ? ERR_NOMEM : 0;
}

/* ---------------------------------------------------------------- what they mean */

static int wrong(const struct s3_setting *s, const char *wanted, struct err *err)
{
	return err_set(err, ERR_CONFIG, "%s is '%s', and must be %s", s->source, s->value,
	               wanted);
}

static int parse_bool(const struct s3_setting *s, int *out, struct err *err)
{
	static const char *const words[] = { "false", "true", "no",  "yes",
		                             "0",     "1",    "off", "on" };

	for (int i = 0; i < 8; i++)
		if (strcasecmp(s->value, words[i]) == 0) {
			*out = i % 2;
			return 0;
		}
	return wrong(s, "true or false", err);
}

static int parse_seconds(const struct s3_setting *s, unsigned *out, struct err *err)
{
	char *end;
	unsigned long n = strtoul(s->value, &end, 10);

	if (*end || s->value[0] < '0' || s->value[0] > '9' || n < 1 || n > TIMEOUT_MAX)
		return wrong(s, "a number of seconds, from 1 to 86400", err);
	*out = (unsigned)n;
	return 0;
}

static int parse_addressing(const struct s3_setting *s, enum s3_addressing *out,
                            struct err *err)
{
	static const char *const words[] = { "auto", "path", "virtual" };

	for (int i = 0; i < 3; i++)
		if (strcmp(s->value, words[i]) == 0) {
			*out = (enum s3_addressing)i;
			return 0;
		}
	return wrong(s, "auto, path or virtual", err);
}

static int parse_demands(struct s3_settings *s, struct err *err)
{
	for (int i = 0; i < S3_DEMANDS; i++)
		s->demands.value[i] = s->list[S3_SET_SSE + i].value;
	return s3_demands_check(&s->demands, err);
}

static int understand(struct s3_settings *s, struct err *err)
{
	const struct s3_setting *l = s->list;
	int rc = parse_addressing(&l[S3_SET_ADDRESSING], &s->addressing, err);

	if (!rc)
		rc = parse_bool(&l[S3_SET_INSECURE], &s->insecure, err);
	if (!rc)
		rc = parse_bool(&l[S3_SET_ANONYMOUS], &s->anonymous, err);
	if (!rc)
		rc = parse_seconds(&l[S3_SET_TIMEOUT], &s->timeout, err);
	if (!rc)
		rc = parse_seconds(&l[S3_SET_STALLTIME], &s->stalltime, err);
	if (!rc && !s3_region_valid(l[S3_SET_REGION].value))
		rc = wrong(&l[S3_SET_REGION], "the name of a region", err);
	return rc ? rc : parse_demands(s, err);
}

/* "bucket/team//a/" as bucket and "team/a"; segments "." and ".." are refused. */
static int split_place(const char *place, struct s3_settings *s, struct err *err)
{
	size_t n = strcspn(place, "/");
	char *to;

	s->bucket = strndup(place, n);
	s->prefix = to = calloc(1, strlen(place + n) + 1);
	if (!s->bucket || !s->prefix)
		return err_nomem(err, "a store's name");
	for (const char *at = place + n; *at; at += n) {
		at += strspn(at, "/");
		n = strcspn(at, "/");
		if ((n == 1 || n == 2) && memcmp(at, "..", n) == 0)
			return err_set(err, ERR_INPUT,
			               "s3://%s: a prefix cannot have '.' or '..' in it",
			               place);
		if (n && to != s->prefix)
			*to++ = '/';
		memcpy(to, at, n);
		to += n;
	}
	return 0;
}

void s3_settings_wipe(struct s3_settings *s)
{
	free(s->bucket);
	free(s->prefix);
	for (int i = 0; i < S3_SETTINGS; i++)
		free(s->list[i].value);
	*s = (struct s3_settings){ 0 };
}

int s3_settings_find(const struct store_url *url, const struct lfs_config *config,
                     const struct aws_files *files, struct s3_settings *out,
                     struct err *err)
{
	const char *from_url[S3_SETTINGS] = {
		[S3_SET_ENDPOINT] = store_url_option(url, "endpoint"),
		[S3_SET_REGION] = store_url_option(url, "region"),
	};
	struct s3_settings s = { 0 };
	int rc = split_place(url->place, &s, err);

	for (int i = 0; !rc && i < S3_SETTINGS; i++)
		if (find_one((enum s3_setting_name)i, from_url[i], config, files,
		             &s.list[i]))
			rc = err_nomem(err, "a setting");
	if (!rc)
		rc = understand(&s, err);
	if (rc) {
		s3_settings_wipe(&s);
		return rc;
	}
	*out = s;
	return 0;
}
