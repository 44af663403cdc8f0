/* What killed writers leave in a bucket: uploads that nobody ended, as the service lists
 * them, page by page; and services that have their own way. (A folder's: test_gc_hostile.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_uploads.h"
#include "index/store/store.h"
#include "tests/unit/s3_script.h"

#define OK_XML(xml)                                                                          \
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>\n"              \
	"<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" xml \
	"</ListMultipartUploadsResult>"
#define UPLOAD(key, id)                           \
	"<Upload><Key>" key "</Key><UploadId>" id \
	"</UploadId><Owner><ID>me</ID></Owner>"   \
	"<Initiated>2026-11-26T17:30:04.000Z</Initiated></Upload>"
#define ASKED "GET /bucket/?prefix=pre%2F&uploads= HTTP/1.1\r\n"

/* Appends "name since " for each. */
static int note(void *ctx, const struct store_left *left)
{
	buf_addf(ctx, "%s %lld ", left->name, (long long)left->since);
	return 0;
}

#define left_gives(steps, expected) \
	left_gives_steps(steps, sizeof(steps) / sizeof((steps)[0]), expected)

static void left_gives_steps(const struct http_step *steps, size_t count,
                             const char *expected)
{
	struct scripted s;
	struct buf told = BUF_INIT;
	struct err err = ERR_INIT;

	scripted_begin_steps(&s, steps, count);
	if (store_list_left(s.store, note, &told, &err))
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&told), expected);
	buf_wipe(&told);
	scripted_end(&s);
}

static void uploads_are_listed_page_by_page(void **state)
{
	static const struct http_step steps[] = {
		{ ASKED,
		  OK_XML("<IsTruncated>true</IsTruncated>"
		         "<NextKeyMarker>pre/a/b</NextKeyMarker>"
		         "<NextUploadIdMarker>2~x</NextUploadIdMarker>" UPLOAD("pre/a/b",
		                                                               "2~x")),
		  0, "", SCRIPT_CLOSE, 1 },
		{ "GET /bucket/?key-marker=pre%2Fa%2Fb&prefix=pre%2F&upload-id-marker=2~x&"
		  "uploads= HTTP/1.1\r\n",
		  OK_XML("<IsTruncated>false</IsTruncated>" UPLOAD("pre/c", "3")), 0, "",
		  SCRIPT_CLOSE, 1 },
	};

	(void)state;
	left_gives(steps, "a/b?uploadId=2~x 1795714204 c?uploadId=3 1795714204 ");
}

/* Not all services keep to the prefix. */
static void what_is_not_ours_is_passed_over(void **state)
{
	static const struct http_step steps[] = {
		{ ASKED,
		  OK_XML(UPLOAD("other/a", "1") UPLOAD("pre/Not A Key", "2") UPLOAD(
			  "pre/../x", "3") UPLOAD("", "4") UPLOAD("pre/a", "")),
		  0, "", SCRIPT_CLOSE, 1 },
	};

	(void)state;
	left_gives(steps, "");
}

static void a_service_that_lists_no_uploads_has_none(void **state)
{
	static const struct http_step unknown[] = {
		{ ASKED, ERROR_REPLY("501 Not Implemented", "NotImplemented"), 0, "",
		  SCRIPT_CLOSE, 1 },
	};
	static const struct http_step keys[] = {
		{ ASKED,
		  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult>"
		  "<Name>bucket</Name></ListBucketResult>",
		  0, "", SCRIPT_CLOSE, 1 },
	};
	static const struct http_step circle[] = {
		{ ASKED, OK_XML("<IsTruncated>true</IsTruncated>" UPLOAD("pre/a", "1")),
		  0, "", SCRIPT_CLOSE, 1 },
	};

	(void)state;
	left_gives(unknown, "");
	left_gives(keys, "");
	left_gives(circle, "a?uploadId=1 1795714204 ");
}

static void who_may_not_list_them_hears_which_permission_it_takes(void **state)
{
	static const struct http_step steps[] = {
		{ ASKED, ERROR_REPLY("403 Forbidden", "AccessDenied"), 0, "",
		  SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct buf told = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_list_left(s.store, note, &told, &err), ERR_CONFIG);
	assert_true(has(err.text, "s3:ListBucketMultipartUploads"));
	scripted_end(&s);
}

static void an_upload_is_ended_by_its_name(void **state)
{
	static const struct http_step steps[] = {
		{ "DELETE /bucket/pre/a/b?uploadId=2~x%2F HTTP/1.1\r\n",
		  "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 0, "",
		  SCRIPT_CLOSE, 1 },
		{ "DELETE /bucket/pre/a/b?uploadId=gone HTTP/1.1\r\n",
		  ERROR_REPLY("404 Not Found", "NoSuchUpload"), 0, "", SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_remove_left(s.store, "a/b?uploadId=2~x/", &err), 0);
	assert_int_equal(store_remove_left(s.store, "a/b?uploadId=gone", &err), 1);
	assert_int_equal(store_remove_left(s.store, "../b?uploadId=1", &err), 1);
	assert_int_equal(store_remove_left(s.store, "a/b", &err), 1);
	scripted_end(&s);
}

#define LOOKED                                                              \
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-0/10\r\nETag: \"v1\"\r\n" \
	"Content-Length: 1\r\nConnection: close\r\n\r\n0"

static bool keeps_versions(const char *reply)
{
	const struct http_step steps[] = {
		{ "GET /bucket/pre/probe/1 HTTP/1.1\r\n", LOOKED, 0, "", SCRIPT_CLOSE,
		  1 },
		{ "DELETE /bucket/pre/probe/1 HTTP/1.1\r\n", reply, 0, "", SCRIPT_CLOSE,
		  1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	scripted_begin(&s, steps);
	assert_false(s.store->keeps_versions);
	if (store_remove(s.store, "probe/1", &err))
		fail_msg("%s", err.text);
	bool keeps = s.store->keeps_versions;
	scripted_end(&s);
	return keeps;
}

static void a_bucket_with_versions_is_known_by_what_it_removes(void **state)
{
	(void)state;
	assert_true(
		keeps_versions("HTTP/1.1 204 No Content\r\nx-amz-version-id: 3sL4k\r\n"
	                       "x-amz-delete-marker: true\r\n"
	                       "Connection: close\r\n\r\n"));
	assert_false(
		keeps_versions("HTTP/1.1 204 No Content\r\nx-amz-version-id: null\r\n"
	                       "Connection: close\r\n\r\n"));
	assert_false(
		keeps_versions("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_are_listed_page_by_page),
		cmocka_unit_test(what_is_not_ours_is_passed_over),
		cmocka_unit_test(a_service_that_lists_no_uploads_has_none),
		cmocka_unit_test(who_may_not_list_them_hears_which_permission_it_takes),
		cmocka_unit_test(an_upload_is_ended_by_its_name),
		cmocka_unit_test(a_bucket_with_versions_is_known_by_what_it_removes),
	};

	return cmocka_run_group_tests_name("what killed writers left", tests, NULL, NULL);
}
