/* Roles of profiles and pods: what STS is asked, and what is made of its answers. */
#include "tests/unit/aws_sandbox.h"

#define ROLE "arn:aws:iam::123456789012:role/team/trainer"
#define ROLE_ENCODED "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Ftrainer"
#define BEGINS "&Version=2011-06-15&RoleArn=" ROLE_ENCODED

#define TEXT(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define GIVES(action, id)                                                       \
	TEXT("200 OK",                                                          \
	     "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/\">"    \
	     "<" action "Result><AssumedRoleUser><Arn>x</Arn>"                  \
	     "</AssumedRoleUser><Credentials><AccessKeyId>" id "</AccessKeyId>" \
	     "<SecretAccessKey>s3cret</SecretAccessKey>"                        \
	     "<SessionToken>to/k+en==</SessionToken>"                           \
	     "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"      \
	     "</" action "Result></" action "Response>")
#define REFUSES(status, code)                                               \
	TEXT(status, "<ErrorResponse><Error><Type>Sender</Type><Code>" code \
	             "</Code><Message>words of " code "</Message></Error>"  \
	             "</ErrorResponse>")

static const char profiles[] = "[default]\n"
			       "aws_access_key_id = IDOWN\n"
			       "aws_secret_access_key = s3cret\n"
			       "[profile train]\n"
			       "region = eu-west-1\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = default\n"
			       "[profile full]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = full\n"
			       "aws_access_key_id = IDFULL\n"
			       "aws_secret_access_key = s3cret\n"
			       "aws_session_token = tok3n\n"
			       "role_session_name = me@desk\n"
			       "duration_seconds = 900\n"
			       "external_id = a b\n"
			       "[profile chain]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = train\n"
			       "[profile circle]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = circle2\n"
			       "[profile circle2]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = circle\n"
			       "[profile lost]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = nobody\n"
			       "[profile bare]\n"
			       "role_arn = " ROLE "\n"
			       "[profile code]\n"
			       "role_arn = " ROLE "\n"
			       "source_profile = default\n"
			       "mfa_serial = arn:aws:iam::1:mfa/me\n"
			       "[profile env]\n"
			       "role_arn = " ROLE "\n"
			       "credential_source = Environment\n"
			       "[profile odd]\n"
			       "role_arn = " ROLE "\n"
			       "credential_source = Moon\n"
			       "[profile pod]\n"
			       "role_arn = " ROLE "\n"
			       "web_identity_token_file = token\n";

static struct http_script *begin_script(const struct http_step *steps, size_t count)
{
	struct http_script *script = http_script_begin(steps, count);

	write_file(".aws/config", profiles);
	setenv("AWS_ENDPOINT_URL_STS", script->url, 1);
	return script;
}

static void end_script(struct http_script *script)
{
	char trouble[512];

	http_script_end(script, trouble);
	assert_string_equal(trouble, "");
}

#define ASSUME(has, reply)                                \
	{                                                 \
		"POST / ", reply, 0, has, SCRIPT_CLOSE, 1 \
	}

static void a_role_is_taken_with_the_keys_of_another_profile(void **state)
{
	static const struct http_step steps[] = {
		ASSUME("\r\n\r\nAction=AssumeRole" BEGINS "&RoleSessionName=git-zllm",
		       GIVES("AssumeRole", "IDR1")),
		ASSUME("Credential=IDOWN/", GIVES("AssumeRole", "IDR2")),
		ASSUME("/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, ",
		       GIVES("AssumeRole", "IDR3")),
		ASSUME("!s3cret", GIVES("AssumeRole", "IDR4")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	assert_taken("train", AWS_ENVIRONMENT_FIRST, "IDR1/s3cret/to/k+en==");
	assert_taken("train", AWS_ENVIRONMENT_FIRST, "IDR2/s3cret/to/k+en==");
	assert_taken("train", AWS_ENVIRONMENT_IGNORED, "IDR3/s3cret/to/k+en==");
	assert_taken("train", AWS_ENVIRONMENT_FIRST, "IDR4/s3cret/to/k+en==");
	end_script(script);
}

static void what_the_profile_says_of_its_role_is_passed_on(void **state)
{
	static const struct http_step steps[] = {
		ASSUME("&RoleSessionName=me%40desk&DurationSeconds=900&ExternalId=a%20b",
		       GIVES("AssumeRole", "IDR1")),
		ASSUME("SignedHeaders=host;x-amz-date;x-amz-security-token, ",
		       GIVES("AssumeRole", "IDR2")),
		ASSUME("\r\nx-amz-security-token: tok3n\r\n",
		       GIVES("AssumeRole", "IDR3")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	assert_taken("full", AWS_ENVIRONMENT_FIRST, "IDR1/s3cret/to/k+en==");
	assert_taken("full", AWS_ENVIRONMENT_FIRST, "IDR2/s3cret/to/k+en==");
	assert_taken("full", AWS_ENVIRONMENT_FIRST, "IDR3/s3cret/to/k+en==");
	end_script(script);
}

static void sts_is_asked_below_the_path_of_its_endpoint(void **state)
{
	static const struct http_step steps[] = {
		{ "POST /sts/v1/ HTTP", GIVES("AssumeRole", "IDR1"), 0, NULL,
		  SCRIPT_CLOSE, 1 },
	};
	struct http_script *script = begin_script(steps, COUNT(steps));
	char url[128];

	(void)state;
	snprintf(url, sizeof(url), "%s/sts/v1/", script->url);
	setenv("AWS_ENDPOINT_URL_STS", url, 1);
	assert_taken("train", AWS_ENVIRONMENT_FIRST, "IDR1/s3cret/to/k+en==");
	end_script(script);
}

static void roles_lead_to_roles(void **state)
{
	static const struct http_step steps[] = {
		ASSUME("Credential=IDOWN/", GIVES("AssumeRole", "IDR1")),
		ASSUME("Credential=IDR1/", GIVES("AssumeRole", "IDR2")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	assert_taken("chain", AWS_ENVIRONMENT_FIRST, "IDR2/s3cret/to/k+en==");
	end_script(script);
}

static void the_environment_has_the_keys_for_a_role(void **state)
{
	static const struct http_step steps[] = {
		ASSUME("Credential=IDENV/", GIVES("AssumeRole", "IDR1")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "IDENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
	assert_taken("env", AWS_ENVIRONMENT_IGNORED, "IDR1/s3cret/to/k+en==");
	/* As everywhere they go before the profile. */
	assert_taken("env", AWS_ENVIRONMENT_FIRST, "IDENV/s3cret/-");
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	end_script(script);
}

static void a_pod_has_a_token(void **state)
{
#define BY_TOKEN "AssumeRoleWithWebIdentity"
	static const struct http_step steps[] = {
		ASSUME("\r\n\r\nAction=" BY_TOKEN BEGINS
		       "&RoleSessionName=git-zllm&WebIdentityToken=ey.a%2Bb",
		       GIVES(BY_TOKEN, "IDR1")),
		ASSUME("!Authorization", GIVES(BY_TOKEN, "IDR2")),
		ASSUME("&RoleSessionName=pod-7&WebIdentityToken=ey.a%2Bb",
		       GIVES(BY_TOKEN, "IDR3")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	write_file("token", "ey.a+b\n");
	assert_taken("pod", AWS_ENVIRONMENT_FIRST, "IDR1/s3cret/to/k+en==");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token", 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDOWN/s3cret/-");
	setenv("AWS_ROLE_ARN", ROLE, 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDR2/s3cret/to/k+en==");
	setenv("AWS_ROLE_SESSION_NAME", "pod-7", 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDR3/s3cret/to/k+en==");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "none", 1);
	assert_refused("default", "cannot read none");
	write_file("none", "\n");
	assert_refused("default", "no web identity token in none");
	end_script(script);
}

static void a_refusal_is_said_in_the_words_of_sts(void **state)
{
	static const struct http_step steps[] = {
		ASSUME(NULL, REFUSES("403 No", "AccessDenied")),
		ASSUME(NULL, REFUSES("500 No", "InternalFailure")),
		ASSUME(NULL, REFUSES("503 No", "ServiceUnavailable")),
		ASSUME(NULL, GIVES("AssumeRole", "IDR1")),
		ASSUME(NULL, TEXT("200 OK", "<html>Welcome</html>")),
		ASSUME(NULL, TEXT("200 OK", "no XML at all")),
		ASSUME(NULL, GIVES("AssumeRole", "ID R1")),
	};
	struct http_script *script = begin_script(steps, COUNT(steps));

	(void)state;
	assert_refused("train", ROLE ": 403 AccessDenied: words of AccessDenied");
	assert_taken("train", AWS_ENVIRONMENT_FIRST, "IDR1/s3cret/to/k+en==");
	assert_refused("train", "that make sense");
	assert_refused("train", "that make sense");
	assert_refused("train", "odd characters");
	end_script(script);
}

static void what_cannot_be_a_role_is_said_and_nobody_asked(void **state)
{
	struct http_script *script = begin_script(NULL, 0);

	(void)state;
	assert_refused("circle", "go in a circle");
	assert_refused("lost", "profile 'nobody', which has none");
	assert_refused("bare", "none of source_profile");
	assert_refused("code", "(mfa_serial)");
	assert_refused("odd", "'Moon'");
	assert_refused("env", "from Environment, which gives none");
	setenv("AWS_REGION", "evil.example/", 1);
	assert_refused("train", "not the name of a region");
	unsetenv("AWS_REGION");
	setenv("AWS_ENDPOINT_URL_STS", "http://sts.example.invalid", 1);
	assert_refused("train", "must begin with https://");
	end_script(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sandbox_teardown)
		CASE(a_role_is_taken_with_the_keys_of_another_profile),
		CASE(what_the_profile_says_of_its_role_is_passed_on),
		CASE(sts_is_asked_below_the_path_of_its_endpoint),
		CASE(roles_lead_to_roles),
		CASE(the_environment_has_the_keys_for_a_role),
		CASE(a_pod_has_a_token),
		CASE(a_refusal_is_said_in_the_words_of_sts),
		CASE(what_cannot_be_a_role_is_said_and_nobody_asked),
	};

	return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
