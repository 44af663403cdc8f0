/* Large values and hints on their way into a bucket, against a scripted server. */
#include "index/store/store.h"
#include "tests/unit/s3_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---------------------------------------------------------------- hints */

#define IF_ABSENT "\r\nIf-None-Match: *\r\n"

/* One that is refused for ever is let go, long before other values are (after 20 s
 * here); those after it are not even tried. */
static void hints_are_given_up_early(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("500 No", "InternalError"), 0, NULL,
		  SCRIPT_CLOSE, 1000 },
		{ "PUT /bucket/pre/value", OK_EMPTY, 0, NULL, SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	s = (struct scripted){ .script = http_script_begin(steps, COUNT(steps)) };
	scripted_open(&s, NULL, 600000, scripted_keys());
	assert_int_equal(store_put_hint(s.store, "k", &err), ERR_IO);
	assert_true(has(err.text, "500 InternalError") && has(err.text, "tried "));
	unsigned tries = s.script->used[0];
	assert_true(tries > 1);
	assert_int_equal(store_put_hint(s.store, "k", &err), ERR_IO);
	assert_true(has(err.text, "an earlier hint was not taken"));
	assert_int_equal(s.script->used[0], tries);
	assert_int_equal(store_put_all(s.store, "value", NULL, 0, &err), 0);
	s.script->steps[0].times = tries; /* they need not be a thousand */
	scripted_end(&s);
}

static void a_hint_is_not_looked_for(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("501 No", "NotImplemented"), 0,
		  IF_ABSENT, SCRIPT_CLOSE, 1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0, "!" IF_ABSENT, SCRIPT_KEEP, 2 },
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_put_hint(s.store, "k", NULL), 0);
	assert_int_equal(store_put_hint(s.store, "k", NULL), 0);
	scripted_end(&s);
}

/* ---------------------------------------------------------------- parts */

enum { PART = 8 << 20, LARGE = 2 * PART + 1000 };

#define UPLOAD_REPLY(body, length) \
	"HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body
#define BEGUN "<R><UploadId>up/1</UploadId></R>"
#define BEGIN_STEP                                                                  \
	{                                                                           \
		"POST /bucket/pre/k?uploads= ", UPLOAD_REPLY(BEGUN, "32"), 0, NULL, \
			SCRIPT_KEEP, 1                                              \
	}
#define PART_STEP(number, etag)                                                       \
	{                                                                             \
		"PUT /bucket/pre/k?partNumber=" number "&uploadId=up%2F1 ",           \
			"HTTP/1.1 200 OK\r\nETag: \"" etag "\"\r\n" NO_BODY, 0, NULL, \
			SCRIPT_KEEP, 1                                                \
	}
#define PARTS BEGIN_STEP, PART_STEP("1", "e1"), PART_STEP("2", "e2"), PART_STEP("3", "e3")
#define LOOK_STEP(reply)                                             \
	{                                                            \
		"GET /bucket/pre/k ", reply, 0, NULL, SCRIPT_KEEP, 1 \
	}
#define ABORT_STEP                                                                     \
	{                                                                              \
		"DELETE /bucket/pre/k?uploadId=up%2F1 ", "HTTP/1.1 204 OK\r\n\r\n", 0, \
			NULL, SCRIPT_KEEP, 1                                           \
	}
#define ALL_ETAGS                                                    \
	"<Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part>" \
	"<Part><PartNumber>2</PartNumber><ETag>\"e2\"</ETag></Part>" \
	"<Part><PartNumber>3</PartNumber><ETag>\"e3\"</ETag></Part>"
#define COMPLETE_STEP(reply, then)                                                  \
	{                                                                           \
		"POST /bucket/pre/k?uploadId=up%2F1 ", reply, 0, ALL_ETAGS, then, 1 \
	}
#define COMPLETE_IF_ABSENT_STEP(reply, then)                                        \
	{                                                                           \
		"POST /bucket/pre/k?uploadId=up%2F1 ", reply, 0, IF_ABSENT, then, 1 \
	}
#define COMPLETE_ANYWAY_STEP(reply, then)                                               \
	{                                                                               \
		"POST /bucket/pre/k?uploadId=up%2F1 ", reply, 0, "!" IF_ABSENT, then, 1 \
	}
#define COMPLETED UPLOAD_REPLY("<CompleteMultipartUploadResult/>", "32")

static int put_large(struct store *s, struct err *err)
{
	struct store_writer *w;
	uint8_t *bytes = calloc(1, LARGE);

	assert_non_null(bytes);
	assert_int_equal(store_put(s, "k", 10, &w, NULL), 0);
	int rc = store_write(w, bytes, LARGE, err);
	free(bytes);
	if (rc)
		store_abort(w);
	return rc ? rc : store_commit(w, "0123456789", err);
}

struct upload_case {
	const char *name;
	struct http_step steps[10];
	int rc;
	const char *words; /* that the error has */
};

static void try_upload(const struct upload_case *c)
{
	struct scripted s;
	struct err err = ERR_INIT;
	size_t n = 0;

	while (n < COUNT(c->steps) && c->steps[n].expect)
		n++;
	scripted_begin_steps(&s, c->steps, n);
	int rc = put_large(s.store, &err);
	if (rc != c->rc || (rc && !has(err.text, c->words)))
		fail_msg("%s: %d %s", c->name, rc, err.text);
	scripted_end(&s);
}

static void large_values_go_in_parts_the_first_last(void **state)
{
	static const struct upload_case cases[] = {
		{ "the usual",
		  { PARTS, LOOK_STEP(NOT_FOUND), COMPLETE_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "somebody was there before",
		  { PARTS, LOOK_STEP(OK_EMPTY), ABORT_STEP },
		  0,
		  NULL },
		{ "the last reply is lost, and it is done",
		  { PARTS, LOOK_STEP(NOT_FOUND), COMPLETE_STEP(NULL, SCRIPT_CLOSE),
		    COMPLETE_STEP(ERROR_REPLY("404 No", "NoSuchUpload"), SCRIPT_CLOSE),
		    LOOK_STEP(OK_EMPTY) },
		  0,
		  NULL },
		{ "a 200 with an error in it",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_STEP(ERROR_REPLY("200 OK", "InternalError"), SCRIPT_CLOSE),
		    COMPLETE_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "the upload is gone, and so is the key",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_STEP(ERROR_REPLY("404 No", "NoSuchUpload"), SCRIPT_CLOSE),
		    LOOK_STEP(NOT_FOUND), ABORT_STEP },
		  ERR_IO,
		  "aborted by somebody else" },
		{ "it cannot be begun",
		  { { "POST /bucket/pre/k?uploads= ",
		      ERROR_REPLY("403 No", "AccessDenied"), 0, NULL, SCRIPT_CLOSE, 1 } },
		  ERR_CONFIG,
		  "lacks the permission s3:PutObject" },
		{ "no name of an upload",
		  { { "POST /bucket/pre/k?uploads= ", UPLOAD_REPLY("<R></R>", "7"), 0,
		      NULL, SCRIPT_KEEP, 1 } },
		  ERR_IO,
		  "without a name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		try_upload(&cases[i]);
}

/* Whatever a service makes of the condition, the value is there in the end, once. */
static void uploads_are_completed_if_absent(void **state)
{
	static const struct upload_case cases[] = {
		{ "taken",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "another was faster",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("412 No", "PreconditionFailed"),
		                            SCRIPT_CLOSE),
		    ABORT_STEP },
		  0,
		  NULL },
		{ "another was faster, says the body of a 200",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("200 OK", "PreconditionFailed"),
		                            SCRIPT_CLOSE),
		    ABORT_STEP },
		  0,
		  NULL },
		{ "both at once, and the other made it",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(
			    ERROR_REPLY("409 No", "ConditionalRequestConflict"),
			    SCRIPT_CLOSE),
		    LOOK_STEP(OK_EMPTY), ABORT_STEP },
		  0,
		  NULL },
		{ "both at once, and the other failed",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(
			    ERROR_REPLY("409 No", "ConditionalRequestConflict"),
			    SCRIPT_CLOSE),
		    LOOK_STEP(NOT_FOUND), COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		try_upload(&cases[i]);
}

static void a_condition_that_is_refused_is_left_away(void **state)
{
	static const struct upload_case cases[] = {
		{ "no such condition",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("501 No", "NotImplemented"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "no such condition, in other words",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("400 No", "InvalidRequest"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "no such condition, says a 403",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("403 No", "AccessDenied"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "no such condition, says a 405",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("405 No", "MethodNotAllowed"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "a true 403",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("403 No", "AccessDenied"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(ERROR_REPLY("403 No", "AccessDenied"),
		                         SCRIPT_CLOSE),
		    ABORT_STEP },
		  ERR_CONFIG,
		  "lacks the permission s3:PutObject" },
		{ "refused either way",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("400 No", "InvalidPart"),
		                            SCRIPT_CLOSE),
		    COMPLETE_ANYWAY_STEP(ERROR_REPLY("400 No", "InvalidPart"),
		                         SCRIPT_CLOSE),
		    ABORT_STEP },
		  ERR_IO,
		  "400 InvalidPart" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		try_upload(&cases[i]);
}

/* The first upload is refused its condition, and the second does not ask for one. */
static void uploads_learn_that_there_is_no_condition(void **state)
{
	static const struct http_step steps[] = {
		PARTS,
		PARTS,
		LOOK_STEP(NOT_FOUND),
		LOOK_STEP(NOT_FOUND),
		COMPLETE_IF_ABSENT_STEP(ERROR_REPLY("405 No", "MethodNotAllowed"),
		                        SCRIPT_CLOSE),
		COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP),
		COMPLETE_ANYWAY_STEP(COMPLETED, SCRIPT_KEEP),
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	for (int i = 0; i < 2; i++)
		assert_int_equal(put_large(s.store, &err), 0);
	scripted_end(&s);
}

#define NO_MD5                                                                           \
	"HTTP/1.1 400 No\r\nConnection: close\r\n\r\n<Error><Code>InvalidRequest</Code>" \
	"<Message>Content-MD5 is required</Message></Error>"
#define MD5_FIELD "\r\nContent-MD5: "

/* The bucket has Object Lock: what it demands of the first part it gets with all that
 * follows, the end too. */
static void all_of_an_upload_has_its_md5_where_one_is_demanded(void **state)
{
#define REFUSED_PART(n)                                                          \
	{                                                                        \
		"PUT /bucket/pre/k?partNumber=" n "&", NO_MD5, 0, "!" MD5_FIELD, \
			SCRIPT_CLOSE, 1                                          \
	}
#define TAKEN_PART(n)                                                          \
	{                                                                      \
		"PUT /bucket/pre/k?partNumber=" n "&", OK_EMPTY, 0, MD5_FIELD, \
			SCRIPT_KEEP, 1                                         \
	}
	static const struct http_step steps[] = {
		BEGIN_STEP,
		REFUSED_PART("1"),
		REFUSED_PART("2"),
		REFUSED_PART("3"), /* all under way before the first answer counts */
		TAKEN_PART("1"),
		TAKEN_PART("2"),
		TAKEN_PART("3"),
		LOOK_STEP(NOT_FOUND),
		{ "POST /bucket/pre/k?uploadId=", UPLOAD_REPLY("<Done/>", "7"), 0,
		  MD5_FIELD, SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	int rc = put_large(s.store, &err);
	if (rc)
		fail_msg("%s", err.text);
	scripted_end(&s);
}

static void the_end_of_an_upload_has_its_md5_where_that_alone_demands_one(void **state)
{
#define END_STEP(reply, has, then)                                            \
	{                                                                     \
		"POST /bucket/pre/k?uploadId=up%2F1 ", reply, 0, has, then, 1 \
	}
	static const struct upload_case cases[] = {
		{ "by its status",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    END_STEP(NO_MD5, "!" MD5_FIELD, SCRIPT_CLOSE),
		    END_STEP(COMPLETED, MD5_FIELD, SCRIPT_KEEP) },
		  0,
		  NULL },
		{ "in the body of a 200",
		  { PARTS, LOOK_STEP(NOT_FOUND),
		    END_STEP(ERROR_REPLY("200 OK", "MissingContentMD5"), "!" MD5_FIELD,
		             SCRIPT_CLOSE),
		    END_STEP(COMPLETED, MD5_FIELD, SCRIPT_KEEP) },
		  0,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		try_upload(&cases[i]);
}

/* Encryption and its like are said when an upload begins; AWS refuses them of a part and
 * of the end. Who pays is said each time. */
static void an_upload_says_what_is_demanded_where_it_begins(void **state)
{
#define SSE "x-amz-server-side-encryption: AES256\r\n"
#define NO_SSE "!x-amz-server-side"
	static const struct http_step steps[] = {
		{ "POST /bucket/pre/k?uploads= ", UPLOAD_REPLY(BEGUN, "32"), 0,
		  SSE "x-amz-request-payer: requester\r\n", SCRIPT_KEEP, 1 },
		{ "PUT /bucket/pre/k?partNumber=1&", OK_EMPTY, 0, NO_SSE, SCRIPT_KEEP,
		  1 },
		{ "PUT /bucket/pre/k?partNumber=2&", OK_EMPTY, 0,
		  "x-amz-request-payer: requester\r\n", SCRIPT_KEEP, 1 },
		{ "PUT /bucket/pre/k?partNumber=3&", OK_EMPTY, 0, NO_SSE, SCRIPT_KEEP,
		  1 },
		LOOK_STEP(NOT_FOUND),
		{ "POST /bucket/pre/k?uploadId=", COMPLETED, 0, NO_SSE, SCRIPT_KEEP, 1 },
	};
	struct scripted s = { .script = http_script_begin(steps, COUNT(steps)) };
	struct s3_options options = scripted_options(&s, NULL, 20000);
	struct err err = ERR_INIT;

	(void)state;
	options.demands.value[S3_DEMAND_SSE] = "AES256";
	options.demands.value[S3_DEMAND_REQUEST_PAYER] = "requester";
	scripted_open_with(&s, &options, scripted_keys());
	int rc = put_large(s.store, &err);
	if (rc)
		fail_msg("%s", err.text);
	scripted_end(&s);
}

static void an_abort_drops_the_parts(void **state)
{
	static const struct http_step steps[] = {
		BEGIN_STEP,
		PART_STEP("2", "e2"),
		ABORT_STEP,
	};
	struct scripted s;
	struct store_writer *w;
	uint8_t *bytes = calloc(1, LARGE);

	(void)state;
	assert_non_null(bytes);
	scripted_begin(&s, steps);
	assert_int_equal(store_put(s.store, "k", 10, &w, NULL), 0);
	assert_int_equal(store_write(w, bytes, LARGE, NULL), 0);
	store_abort(w);
	free(bytes);
	scripted_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_values_go_in_parts_the_first_last),
		cmocka_unit_test(uploads_are_completed_if_absent),
		cmocka_unit_test(a_condition_that_is_refused_is_left_away),
		cmocka_unit_test(uploads_learn_that_there_is_no_condition),
		cmocka_unit_test(all_of_an_upload_has_its_md5_where_one_is_demanded),
		cmocka_unit_test(
			the_end_of_an_upload_has_its_md5_where_that_alone_demands_one),
		cmocka_unit_test(an_upload_says_what_is_demanded_where_it_begins),
		cmocka_unit_test(an_abort_drops_the_parts),
		cmocka_unit_test(hints_are_given_up_early),
		cmocka_unit_test(a_hint_is_not_looked_for),
	};

	return cmocka_run_group_tests_name("bucket, large values", tests, NULL, NULL);
}
