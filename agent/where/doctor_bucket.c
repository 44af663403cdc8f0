#include "agent/where/doctor_bucket.h"

#include <stdbool.h>
#include <string.h>

#include "agent/report/checkup.h"
#include "agent/where/s3_settings.h"
#include "agent/where/store_bucket.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_credentials.h"

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

void doctor_bucket(struct checkup *c, const struct store_url *url,
                   const struct store_context *context)
{
	struct s3_settings settings = { 0 };
	struct s3_keyring *keyring = NULL;
	struct err err = ERR_INIT;

	if (store_bucket_look(url, context->config, &settings, &keyring, &err)) {
		checkup_add(c, FINDING_BAD, "bucket", NULL, "%s", err.text);
		return;
	}
	tell_settings(c, &settings);
	tell_trust(c, url, context);
	if (keyring)
		tell_keys(c, keyring);
	else
		checkup_add(c, FINDING_GOOD, "keys", NULL,
		            "none: requests are not signed");
	s3_keyring_close(keyring);
	s3_settings_wipe(&settings);
}
