#include "agent/doctor.h"

#include <stdbool.h>
#include <string.h>

#include "agent/aws_files.h"
#include "agent/aws_keyring.h"
#include "agent/checkup.h"
#include "agent/s3_settings.h"
#include "agent/store_trust.h"
#include "agent/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { KEY_SHOWN = 4 }; /* the last characters of a key's id, enough to tell them apart */

/* Where a bucket is, is always worth a line; other defaults are not. */
static bool worth_a_line(const struct s3_settings *s, int i)
{
	if (!s->list[i].value || !*s->list[i].value)
		return false;
	return i == S3_SET_ENDPOINT || i == S3_SET_REGION ||
	       strcmp(s->list[i].source, "the default") != 0;
}

static void tell_settings(struct checkup *c, const struct s3_settings *s)
{
	for (int i = 0; i < S3_SETTINGS; i++)
		if (worth_a_line(s, i))
			checkup_add(c, FINDING_GOOD, "bucket", NULL, "%s = %s (%s)",
			            s3_setting_word((enum s3_setting_name)i),
			            s->list[i].value, s->list[i].source);
}

static void tell_trust(struct checkup *c, const struct store_url *url,
                       const struct store_context *context)
{
	struct buf name = BUF_INIT;

	store_trust_name(url, &name);
	if (store_trust_given(context->config, url))
		checkup_add(c, FINDING_GOOD, "trust", NULL, "%s is trusted (zllm.trust)",
		            buf_text(&name));
	else if (context->named_by == STORE_NAMED_BY_USER)
		checkup_add(c, FINDING_GOOD, "trust", NULL, "%s was named by you",
		            buf_text(&name));
	else
		checkup_add(c, FINDING_DOUBTFUL, "trust",
		            "if you know it, run 'git zllm trust'",
		            "only this repository's .lfsconfig names %s: nothing is "
		            "pushed there",
		            buf_text(&name));
	buf_wipe(&name);
}

/* ---------------------------------------------------------------- keys */

static void tell_keys(struct checkup *c, struct s3_keyring *keyring)
{
	struct s3_credentials *keys = NULL;
	struct err err = ERR_INIT;

	if (keyring->ops->take(keyring, NULL, &keys, &err)) {
		checkup_add(c, FINDING_BAD, "keys", NULL, "%s", err.text);
		return;
	}
	const char *id = s3_credentials_keys(keys)->id;
	size_t n = strlen(id), shown = n >= 2 * KEY_SHOWN ? KEY_SHOWN : 0;
	checkup_add(c, FINDING_GOOD, "keys", NULL, "from %s, access key ...%s",
	            s3_credentials_source(keys), id + n - shown);
	s3_credentials_release(keys);
}

static void find_keys(struct checkup *c, const struct store_context *context,
                      const char *profile, struct aws_files **files)
{
	struct s3_keyring *keyring = NULL;
	struct err err = ERR_INIT;
	const char *source;

	s3_settings_profile(context->config, &source);
	enum aws_environment environment = strncmp(source, "git", 3) == 0
	                                           ? AWS_ENVIRONMENT_IGNORED
	                                           : AWS_ENVIRONMENT_FIRST;
	if (aws_keyring_new(*files, profile, environment, &keyring, &err)) {
		checkup_add(c, FINDING_BAD, "keys", NULL, "%s", err.text);
		return;
	}
	*files = NULL; /* the keyring's now */
	tell_keys(c, keyring);
	s3_keyring_close(keyring);
}

void doctor_bucket(struct checkup *c, const struct store_url *url,
                   const struct store_context *context)
{
	const char *source, *profile = s3_settings_profile(context->config, &source);
	struct aws_files *files = NULL;
	struct s3_settings settings = { 0 };
	struct err err = ERR_INIT;
	int rc = aws_files_read(profile, &files, &err);

	if (!rc)
		rc = s3_settings_find(url, context->config, files, &settings, &err);
	if (rc) {
		checkup_add(c, FINDING_BAD, "bucket", NULL, "%s", err.text);
	} else {
		tell_settings(c, &settings);
		tell_trust(c, url, context);
		if (settings.anonymous)
			checkup_add(c, FINDING_GOOD, "keys", NULL,
			            "none: requests are not signed");
		else
			find_keys(c, context, profile, &files);
	}
	s3_settings_wipe(&settings);
	aws_files_free(files);
}
