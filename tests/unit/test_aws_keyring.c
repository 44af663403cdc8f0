/* Where access keys come from, each place alone and in their order. */
#include "tests/unit/aws_sandbox.h"

#include "agent/aws/aws_provider.h"

static void write_profiles(void)
{
	write_file(".aws/config",
	           "[default]\nregion = eu-west-1\n"
	           "[profile work]\nregion = us-west-2 # comment\ns3 =\n"
	           "  addressing_style = path\n  other = 1\noutput = json\n"
	           "[profile sso]\nsso_start_url = https://x\n");
	write_file(".aws/credentials",
	           "# mine\n[default]\naws_access_key_id = ID1\n"
	           "aws_secret_access_key = se/c+r=et#1\n\n[work]\n"
	           "aws_access_key_id=ID2\naws_secret_access_key=s2\n"
	           "aws_session_token = t2\n[half]\naws_access_key_id = ID3\n");
}

static void profiles_are_read_from_both_files(void **state)
{
	struct aws_files *f;

	(void)state;
	write_profiles();
	assert_int_equal(aws_files_read("work", &f, NULL), 0);
	assert_string_equal(aws_files_get(f, "region"), "us-west-2");
	assert_string_equal(aws_files_get(f, "s3.addressing_style"), "path");
	assert_string_equal(aws_files_get(f, "output"), "json");
	assert_string_equal(aws_files_get(f, "aws_access_key_id"), "ID2");
	assert_null(aws_files_get(f, "addressing_style"));
	assert_true(aws_files_have_profile(f));
	aws_files_free(f);
	assert_int_equal(aws_files_read("none", &f, NULL), 0);
	assert_null(aws_files_get(f, "region"));
	assert_false(aws_files_have_profile(f));
	aws_files_free(f);
}

static void the_environment_goes_before_the_profile(void **state)
{
	(void)state;
	write_profiles();
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "ID1/se/c+r=et#1/-");
	assert_taken("work", AWS_ENVIRONMENT_FIRST, "ID2/s2/t2");
	setenv("AWS_ACCESS_KEY_ID", "IDE", 1);
	assert_refused("work", "AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
	assert_taken("work", AWS_ENVIRONMENT_FIRST, "IDE/s3cret/-");
	setenv("AWS_SESSION_TOKEN", "tok", 1);
	assert_taken("work", AWS_ENVIRONMENT_FIRST, "IDE/s3cret/tok");
	assert_taken("work", AWS_ENVIRONMENT_IGNORED, "ID2/s2/t2");
}

static void files_may_lie_elsewhere(void **state)
{
	(void)state;
	write_file("other", "[default]\naws_access_key_id = ID9\n"
	                    "aws_secret_access_key = s9\n");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/other", 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "ID9/s9/-");
}

static void what_is_missing_is_said(void **state)
{
	(void)state;
	assert_refused("default", "AWS_ACCESS_KEY_ID");
	write_profiles();
	assert_refused("none", "no AWS profile 'none'");
	assert_refused("half", "'half'");
	assert_refused("sso", "credential_process");
	write_file(".aws/credentials", "[default]\nnonsense\n");
	assert_refused("default", ".aws/credentials: line 2 is not understood");
	write_file(".aws/credentials", "[default]\naws_access_key_id = a b\n"
	                               "aws_secret_access_key = s3cret\n");
	assert_refused("default", "odd characters");
}

/* ---------------------------------------------------------------- a program */

static void a_program_gives_keys(void **state)
{
	(void)state;
	write_file("tool", "#!/bin/sh\n[ \"$1\" = 'two words' ] || exit 7\n"
	                   "echo '" KEYS("IDP", "SessionToken") "'\n");
	assert_int_equal(chmod("tool", 0755), 0);
	write_file(".aws/config",
	           "[default]\ncredential_process = ./tool 'two words'\n"
	           "[profile bad]\ncredential_process = ./tool\n"
	           "[profile odd]\ncredential_process = echo s3cret\n"
	           "[profile open]\ncredential_process = echo 's3cret\n"
	           "[profile none]\ncredential_process = ./no-such-tool\n");
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDP/s3cret/tok");
	assert_refused("bad", "'./tool' failed with status 7");
	assert_refused("odd", "no AccessKeyId");
	assert_refused("open", "not a command");
	assert_refused("none", "no-such-tool");
}

static void commands_are_cut_into_words(void **state)
{
	static const struct {
		const char *command, *words;
	} cases[] = {
		{ "a", "a|" },
		{ "  a  b\tc ", "a|b|c|" },
		{ "'a b' \"c d\"e", "a b|c de|" },
		{ "a\\ b \"c\\\"d\" 'e\\f'", "a b|c\"d|e\\f|" },
		{ "a '' b", "a||b|" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b = BUF_INIT;
		assert_int_equal(aws_provider_words(cases[i].command, &b), 1);
		for (size_t k = 0; k < b.size; k++)
			if (!b.data[k])
				b.data[k] = '|';
		assert_string_equal(buf_text(&b), cases[i].words);
		buf_wipe(&b);
	}
}

/* ---------------------------------------------------------------- roles */

#define TEXT(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

static void a_container_gives_keys(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /creds ", TEXT(KEYS("IDC", "Token")), 0,
		  "Authorization: tok3n\r\n", SCRIPT_CLOSE, 2 },
		{ "GET /creds ", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 0, NULL,
		  SCRIPT_CLOSE, 1 },
	};
	struct http_script *script = http_script_begin(steps, COUNT(steps));
	char url[128], trouble[512];

	(void)state;
	snprintf(url, sizeof(url), "%s/creds", script->url);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "tok3n", 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDC/s3cret/tok");
	unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	write_file("token", "tok3n\n");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token", 1);
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDC/s3cret/tok");
	assert_refused("default", "answers 403");
	write_file("token", "one\r\nTwo: x\n");
	assert_refused("default", "more than one line");
	http_script_end(script, trouble);
	assert_string_equal(trouble, "");
}

static void only_some_hosts_are_asked_for_keys(void **state)
{
	static const char *const bad[] = { "http://example.invalid/creds",
		                           "http://169.254.170.2.example.invalid/x",
		                           "http://127.0.0.1.example.invalid/",
		                           "http://127.0.0.1@example.invalid/",
		                           "ftp://x/",
		                           "file:///etc/passwd" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", bad[i], 1);
		assert_refused("default", "over https");
	}
}

static void a_machine_gives_keys(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /latest/api/token ", TEXT("machine-token"), 0,
		  "X-aws-ec2-metadata-token-ttl-seconds:", SCRIPT_CLOSE, 1 },
		{ "GET /latest/meta-data/iam/security-credentials/ ",
		  TEXT("my-role\nother"), 0,
		  "X-aws-ec2-metadata-token: machine-token\r\n", SCRIPT_CLOSE, 1 },
		{ "GET /latest/meta-data/iam/security-credentials/my-role ",
		  TEXT(KEYS("IDM", "Token")), 0,
		  "X-aws-ec2-metadata-token: machine-token\r\n", SCRIPT_CLOSE, 1 },
	};
	struct http_script *script = http_script_begin(steps, COUNT(steps));
	char trouble[512];

	(void)state;
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", script->url, 1);
	assert_refused("default", "no credentials"); /* it is disabled */
	unsetenv("AWS_EC2_METADATA_DISABLED");
	assert_taken("default", AWS_ENVIRONMENT_FIRST, "IDM/s3cret/tok");
	http_script_end(script, trouble);
	assert_string_equal(trouble, "");
	assert_refused("default", "no credentials"); /* nobody is there */
}

/* ---------------------------------------------------------------- renewal */

static void keys_that_end_soon_are_taken_anew(void **state)
{
	struct aws_files *files;
	struct s3_keyring *ring;
	struct s3_credentials *c[3];

	(void)state;
	write_file("tool",
	           "#!/bin/sh\necho x >>asked\n"
	           "echo '{\"AccessKeyId\":\"ID'$(wc -l <asked)'\",'\n"
	           "echo '\"SecretAccessKey\":\"s\",\"Expiration\":\"'$(cat end)'\"}'\n");
	assert_int_equal(chmod("tool", 0755), 0);
	write_file("end", "2001-01-01T00:00:00Z");
	write_file(".aws/config", "[default]\ncredential_process = ./tool\n");
	assert_int_equal(aws_files_read("default", &files, NULL), 0);
	assert_int_equal(
		aws_keyring_new(files, "default", AWS_ENVIRONMENT_FIRST, &ring, NULL), 0);
	assert_int_equal(ring->ops->take(ring, NULL, &c[0], NULL), 0);
	write_file("end", "2999-01-01T00:00:00Z");
	assert_int_equal(ring->ops->take(ring, NULL, &c[1], NULL), 0);
	assert_int_equal(ring->ops->take(ring, NULL, &c[2], NULL), 0);
	assert_string_equal(s3_credentials_keys(c[0])->id, "ID1");
	assert_string_equal(s3_credentials_keys(c[1])->id, "ID2");
	assert_ptr_equal(c[1], c[2]);
	s3_credentials_release(c[2]);
	assert_int_equal(ring->ops->take(ring, c[1], &c[2], NULL), 0);
	assert_string_equal(s3_credentials_keys(c[2])->id, "ID3");
	for (int i = 0; i < 3; i++)
		s3_credentials_release(c[i]);
	s3_keyring_close(ring);
}

#define IN_SANDBOX(test) cmocka_unit_test_setup_teardown(test, setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(profiles_are_read_from_both_files),
		IN_SANDBOX(the_environment_goes_before_the_profile),
		IN_SANDBOX(files_may_lie_elsewhere),
		IN_SANDBOX(what_is_missing_is_said),
		IN_SANDBOX(a_program_gives_keys),
		IN_SANDBOX(commands_are_cut_into_words),
		IN_SANDBOX(a_container_gives_keys),
		IN_SANDBOX(only_some_hosts_are_asked_for_keys),
		IN_SANDBOX(a_machine_gives_keys),
		IN_SANDBOX(keys_that_end_soon_are_taken_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
