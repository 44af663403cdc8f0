#include "agent/aws/aws_keyring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/aws/aws_files.h"
#include "agent/aws/aws_profile_keys.h"
#include "agent/aws/aws_provider.h"
#include "agent/aws/aws_role.h"
#include "codec/common/err.h"

enum { RENEW_BEFORE = 300 }; /* seconds before they end */

struct aws_keyring {
	struct s3_keyring base;
	struct aws_files *files; /* owned */
	char *profile;           /* owned */
	enum aws_environment environment;
	pthread_mutex_t lock; /* guards `current`, and lets one thread ask at a time */
	struct s3_credentials *current;
};

static int nowhere(const struct aws_keyring *k, struct err *err)
{
	const char *also = "";

	if (aws_files_get(k->files, "sso_session") ||
	    aws_files_get(k->files, "sso_start_url"))
		also = "; for its single sign-on give it a line "
		       "'credential_process = aws configure export-credentials --profile "
		       "<name>'";
	if (strcmp(k->profile, "default") != 0 && !aws_files_have_profile(k->files))
		return err_set(err, ERR_CONFIG,
		               "there is no AWS profile '%s' in ~/.aws/config or "
		               "~/.aws/credentials",
		               k->profile);
	return err_set(err, ERR_CONFIG,
	               "no credentials for the bucket: set AWS_ACCESS_KEY_ID and "
	               "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run 'aws configure' "
	               "(profile '%s' has none%s)",
	               k->profile, also);
}

static int find(const struct aws_keyring *k, struct s3_credentials **out, struct err *err)
{
	int rc = 1;

	if (k->environment == AWS_ENVIRONMENT_FIRST)
		rc = aws_provider_environment(out, err);
	if (rc > 0)
		rc = aws_profile_role(k->files, k->profile, out, err);
	if (rc > 0 && k->environment == AWS_ENVIRONMENT_FIRST)
		rc = aws_profile_web_identity(k->files, out, err);
	if (rc > 0)
		rc = aws_profile_own(k->files, k->profile, out, err);
	if (rc > 0)
		rc = aws_role_container(out, err);
	if (rc > 0)
		rc = aws_role_machine(out, err);
	return rc > 0 ? nowhere(k, err) : rc;
}

/* One line, printable: what stands in a header must be. */
static int check(const struct s3_credentials *c, struct err *err)
{
	const struct s3_keys *keys = s3_credentials_keys(c);
	const char *texts[] = { keys->id, keys->secret, keys->token };

	for (int i = 0; i < 3; i++)
		for (const char *p = texts[i]; p && *p; p++)
			if (*p <= 32 || *p >= 127)
				return err_set(
					err, ERR_CONFIG,
					"the access keys from %s have blanks or odd "
					"characters in them",
					s3_credentials_source(c));
	return 0;
}

static bool still_good(const struct s3_credentials *c,
                       const struct s3_credentials *refused)
{
	int64_t end = c ? s3_credentials_expires(c) : 0;

	return c && c != refused &&
	       (end == 0 || end - RENEW_BEFORE > (int64_t)time(NULL));
}

static int aws_take(struct s3_keyring *ring, const struct s3_credentials *refused,
                    struct s3_credentials **out, struct err *err)
{
	struct aws_keyring *k = (struct aws_keyring *)ring;
	struct s3_credentials *fresh = NULL;
	int rc = 0;

	pthread_mutex_lock(&k->lock);
	if (!still_good(k->current, refused)) {
		rc = find(k, &fresh, err);
		if (!rc)
			rc = check(fresh, err);
		if (rc) {
			s3_credentials_release(fresh);
		} else {
			s3_credentials_release(k->current);
			k->current = fresh;
		}
	}
	if (!rc)
		*out = s3_credentials_hold(k->current);
	pthread_mutex_unlock(&k->lock);
	return rc;
}

static void aws_close(struct s3_keyring *ring)
{
	struct aws_keyring *k = (struct aws_keyring *)ring;

	s3_credentials_release(k->current);
	aws_files_free(k->files);
	pthread_mutex_destroy(&k->lock);
	free(k->profile);
	free(k);
}

static const struct s3_keyring_ops aws_ops = { aws_take, aws_close };

int aws_keyring_new(struct aws_files *files, const char *profile,
                    enum aws_environment environment, struct s3_keyring **out,
                    struct err *err)
{
	struct aws_keyring *k = calloc(1, sizeof(*k));

	if (!k || !(k->profile = strdup(profile))) {
		free(k);
		return err_nomem(err, "access keys");
	}
	k->base.ops = &aws_ops;
	k->files = files;
	k->environment = environment;
	pthread_mutex_init(&k->lock, NULL);
	*out = &k->base;
	return 0;
}
