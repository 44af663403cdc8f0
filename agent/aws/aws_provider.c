#include "agent/aws/aws_provider.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/report/json.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_answer.h"
#include "index/store/s3/s3_credentials.h"

enum { WORDS_MAX = 64, ANSWER_MAX = 64 * 1024 };

int aws_provider_parse(const struct buf *answer, const char *token_name,
                       const char *source, struct s3_credentials **out, struct err *err)
{
	struct json *j = json_parse((const char *)answer->data, answer->size);
	int64_t expires = 0;
	int rc;

	struct s3_keys keys = { json_get_str(j, "AccessKeyId"),
		                json_get_str(j, "SecretAccessKey"),
		                json_get_str(j, token_name) };
	const char *end = json_get_str(j, "Expiration");
	if (end)
		expires = s3_time_parse(end);
	if (!keys.id || !*keys.id || !keys.secret || !*keys.secret || expires < 0)
		rc = err_set(err, ERR_CONFIG,
		             "%s gives no AccessKeyId and SecretAccessKey in JSON",
		             source);
	else
		rc = s3_credentials_new(&keys, expires, source, out, err);
	json_free(j);
	return rc;
}

/* ---------------------------------------------------------------- the environment */

int aws_provider_environment(struct s3_credentials **out, struct err *err)
{
	struct s3_keys keys = { getenv("AWS_ACCESS_KEY_ID"),
		                getenv("AWS_SECRET_ACCESS_KEY"),
		                getenv("AWS_SESSION_TOKEN") };

	if (!keys.id || !*keys.id)
		return 1;
	if (!keys.secret || !*keys.secret)
		return err_set(
			err, ERR_CONFIG,
			"AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
	if (keys.token && !*keys.token)
		keys.token = NULL;
	return s3_credentials_new(&keys, 0, "the environment", out, err);
}

/* ---------------------------------------------------------------- a program */

int aws_provider_words(const char *command, struct buf *out)
{
	char quote = 0;
	bool in_word = false;

	for (const char *p = command; *p; p++) {
		bool blank = *p == ' ' || *p == '\t';
		if (!quote && blank) {
			if (in_word)
				buf_add_u8(out, 0);
			in_word = false;
			continue;
		}
		in_word = true;
		if (quote && *p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			buf_add_u8(out, (uint8_t) * ++p);
		else
			buf_add_u8(out, (uint8_t)*p);
	}
	if (in_word)
		buf_add_u8(out, 0);
	return !quote && !out->failed;
}

static int run(const char *const *argv, struct s3_credentials **out, struct err *err)
{
	struct buf answer = BUF_INIT;
	int status, rc;

	/* Room at once, so that growing leaves no copy of a secret behind. */
	if (!buf_reserve(&answer, ANSWER_MAX))
		return err_nomem(err, "credential_process");
	rc = git_run(argv, &(struct git_run_io){ .output = &answer }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG,
		             "credential_process '%s' failed with status %d", argv[0],
		             status);
	if (!rc)
		rc = aws_provider_parse(&answer, "SessionToken", "credential_process",
		                        out, err);
	explicit_bzero(answer.data, answer.cap);
	buf_wipe(&answer);
	return rc;
}

int aws_provider_process(const char *command, struct s3_credentials **out,
                         struct err *err)
{
	const char *argv[WORDS_MAX + 1];
	struct buf words = BUF_INIT;
	size_t n = 0;
	int rc;

	if (!command || !*command)
		return 1;
	bool ok = aws_provider_words(command, &words) && words.size;
	const char *at = (const char *)words.data, *end = at + words.size;
	for (; ok && at < end && n < WORDS_MAX; at += strlen(at) + 1)
		argv[n++] = at;
	argv[n] = NULL;
	if (!ok || at < end)
		rc = err_set(
			err, ERR_CONFIG,
			"credential_process of the AWS profile is not a command of at "
			"most %d words",
			WORDS_MAX);
	else
		rc = run(argv, out, err);
	buf_wipe(&words);
	return rc;
}
