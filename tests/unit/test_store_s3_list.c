/* Listings of a bucket, against a scripted server: how services page and spell. */
#include "index/store/store.h"
#include "tests/unit/s3_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define KEY(name)                                         \
	"<Contents><Key>pre/" name "</Key><Size>3</Size>" \
	"<LastModified>2026-11-26T17:30:04.000Z</LastModified></Contents>"
#define PAGE(rest)                                                                  \
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>\n"     \
	"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" rest \
	"</ListBucketResult>"
#define MORE(token)                       \
	"<IsTruncated>true</IsTruncated>" \
	"<NextContinuationToken>" token "</NextContinuationToken>"
#define QUERY "list-type=2&max-keys=1000&prefix=pre%2Fa%2F"

static int collect(void *ctx, const struct store_entry *e)
{
	buf_addf(ctx, "%s=%llu@%lld ", e->key, (unsigned long long)e->size,
	         (long long)e->mtime);
	return 0;
}

static void listings_go_on_until_they_end(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/?" QUERY " ", PAGE(KEY("a/1") MORE("t+1")), 0, NULL,
		  SCRIPT_CLOSE, 1 },
		{ "GET /bucket/?continuation-token=t%2B1&" QUERY " ",
		  PAGE(KEY("a/2") KEY("a/Upper") KEY("a/.x")
		               KEY("a/3&amp;") "<IsTruncated>false</IsTruncated>"),
		  0, NULL, SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct buf b = BUF_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_list(s.store, "a/", collect, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "a/1=3@1795714204 a/2=3@1795714204 ");
	buf_wipe(&b);
	scripted_end(&s);
}

static void listings_that_make_no_sense_are_errors(void **state)
{
	static const struct {
		const char *replies[2], *words;
	} cases[] = {
		{ { PAGE(MORE("t")), PAGE(MORE("t")) }, "does not go on" },
		{ { PAGE(MORE("")) }, "does not go on" },
		{ { PAGE(KEY("a/2") KEY("a/1")) }, "out of order" },
		{ { PAGE(KEY("a/1") MORE("t")), PAGE(KEY("a/1")) }, "out of order" },
		{ { PAGE(KEY("b/1")) }, "do not begin with 'pre/a/'" },
		{ { PAGE("<Contents><Key>other/a/1</Key><Size>3</Size></Contents>") },
		  "do not begin with 'pre/a/'" },
		{ { PAGE("<Contents><Key>pre/a/1</Key></Contents>") }, "not readable" },
		{ { PAGE("<Contents><Key>pre/a/1</Key><Size>-1</Size></Contents>") },
		  "not readable" },
		{ { PAGE("<IsTruncated>true</IsTruncated>") }, "does not go on" },
		{ { PAGE("<Contents>") }, "not readable" },
		{ { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" }, "not readable" },
		{ { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>" },
		  "not readable" },
		{ { "HTTP/1.1 200 OK\r\n" NO_BODY }, "not readable" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ "GET /bucket/?list-type", cases[i].replies[0], 0, NULL,
			  SCRIPT_CLOSE, 1 },
			{ "GET /bucket/?continuation-token=t&", cases[i].replies[1], 0,
			  NULL, SCRIPT_CLOSE, 1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		struct buf b = BUF_INIT;
		scripted_begin_steps(&s, steps, cases[i].replies[1] ? 2 : 1);
		int rc = store_list(s.store, "a/", collect, &b, &err);
		if (rc >= 0 || !has(err.text, cases[i].words))
			fail_msg("%s: %d %s", cases[i].words, rc, err.text);
		buf_wipe(&b);
		scripted_end(&s);
	}
}

static char *list_a(struct scripted *s)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	if (store_list(s->store, "a/", collect, &b, &err))
		fail_msg("%s", err.text);
	char *text = strdup(buf_text(&b));
	buf_wipe(&b);
	return text;
}

#define LISTED(key)                                         \
	"<Contents><Key>" key "</Key><Size>3</Size>"        \
	"<LastModified>2026-11-26T17:30:04Z</LastModified>" \
	"</Contents>"
#define URL "<EncodingType>url</EncodingType>"

/* Under a prefix that has something to escape: "team +%41/\xc3\xa4". */
static void keys_are_read_however_they_are_spelt(void **state)
{
	static const char *const pages[] = {
		PAGE(LISTED("team +%41/\xc3\xa4/a/1") LISTED("team +%41/\xc3\xa4/a/2")),
		PAGE(LISTED("team +%41/&#228;/a/1") LISTED("team&#x20;+%41/&#xe4;/a/2")),
		PAGE(URL LISTED("team+%2B%2541/%C3%A4/a/1")
		             LISTED("team+%2B%2541%2F%c3%a4/a%2f2")),
		PAGE(LISTED("team%20%2B%2541/%C3%A4/a/1")
		             LISTED("team%20%2B%2541/%C3%A4/a/2") URL),
		PAGE(LISTED("team%20%2B%2541/%C3%A4/a/1")
		             LISTED("team%20%2B%2541/%C3%A4/a/2")),
		PAGE(LISTED("team+%2B%2541/%C3%A4/a/1")
		             LISTED("team+%2B%2541/%C3%A4/a/2")),
		PAGE(URL LISTED("team +%41/\xc3\xa4/a/1")
		             LISTED("team +%41/\xc3\xa4/a/2")),
		PAGE(LISTED("/team +%41/\xc3\xa4/a/1") LISTED("/team +%41/\xc3\xa4/a/2")),
		PAGE(LISTED("\n  team +%41/\xc3\xa4/a/1\n  ")
		             LISTED("\n\tteam%20%2B%2541/%C3%A4/a/2 ")),
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\xef\xbb\xbf"
		"<s:ListBucketResult xmlns:s='x'><s:KeyCount> 2 </s:KeyCount><s:Contents>"
		"<s:Size> 3\n</s:Size><s:Key>team +%41/\xc3\xa4/a/1</s:Key><s:LastModified>"
		" 2026-11-26T18:30:04+01:00 </s:LastModified></s:Contents><s:Contents>"
		"<s:Key>team +%41/\xc3\xa4/a/2</s:Key><s:Size>3</s:Size><s:LastModified>"
		"2026-11-26T17:00:04.123-00:30</s:LastModified></s:Contents>"
		"<s:IsTruncated> False\n</s:IsTruncated></s:ListBucketResult>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		const struct http_step steps[] = {
			{ "GET /bucket/?list-type=2&max-keys=1000&prefix="
			  "team%20%2B%2541%2F%C3%A4%2Fa%2F ",
			  pages[i], 0, NULL, SCRIPT_CLOSE, 1 },
		};
		struct scripted s = { .script = http_script_begin(steps, 1) };
		struct s3_options options = scripted_options(&s, NULL, 2000);
		options.prefix = "team +%41/\xc3\xa4";
		scripted_open_with(&s, &options, scripted_keys());
		char *text = list_a(&s);
		if (strcmp(text, "a/1=3@1795714204 a/2=3@1795714204 ") != 0)
			fail_msg("%zu: %s", i, text);
		free(text);
		scripted_end(&s);
	}
}

#define MARKED(key) "<IsTruncated>true</IsTruncated><NextMarker>" key "</NextMarker>"

/* By a token, a marker, or the last key, ours or not; whatever of it the page names. */
static void listings_go_on_by_what_they_name(void **state)
{
	static const struct {
		const char *first, *query;
	} cases[] = {
		{ PAGE(KEY("a/1") "<NextContinuationToken>t</NextContinuationToken>"),
		  "continuation-token=t&list-type=2&max-keys=1000&prefix=pre%2Fa%2F " },
		{ PAGE("<Marker></Marker>" KEY("a/1") "<IsTruncated>true</IsTruncated>"),
		  "marker=pre%2Fa%2F1&max-keys=1000&prefix=pre%2Fa%2F " },
		{ PAGE("<Marker/>" KEY("a/1") MARKED("pre/a/17")),
		  "marker=pre%2Fa%2F17&max-keys=1000&prefix=pre%2Fa%2F " },
		{ PAGE(URL "<Marker/>" KEY("a/1") MARKED("pre%2Fa%2F17")),
		  "marker=pre%2Fa%2F17&max-keys=1000&prefix=pre%2Fa%2F " },
		{ PAGE(KEY("a/1") "<NextMarker>pre/a/1</NextMarker>"),
		  "marker=pre%2Fa%2F1&max-keys=1000&prefix=pre%2Fa%2F " },
		{ PAGE(KEY("a/1") "<IsTruncated> TRUE </IsTruncated>"),
		  "list-type=2&max-keys=1000&prefix=pre%2Fa%2F&start-after=pre%2Fa%2F1 " },
		{ PAGE(KEY("a/1") KEY("a/1 Not ours") "<IsTruncated>true</IsTruncated>"),
		  "list-type=2&max-keys=1000&prefix=pre%2Fa%2F&start-after="
		  "pre%2Fa%2F1%20Not%20ours " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char again[256];
		const struct http_step steps[] = {
			{ "GET /bucket/?" QUERY " ", cases[i].first, 0, NULL,
			  SCRIPT_CLOSE, 1 },
			{ again, PAGE(KEY("a/2") "<IsTruncated>false</IsTruncated>"), 0,
			  NULL, SCRIPT_CLOSE, 1 },
		};
		struct scripted s;
		snprintf(again, sizeof(again), "GET /bucket/?%s", cases[i].query);
		scripted_begin(&s, steps);
		char *text = list_a(&s);
		if (strcmp(text, "a/1=3@1795714204 a/2=3@1795714204 ") != 0)
			fail_msg("%zu: %s", i, text);
		free(text);
		scripted_end(&s);
	}
}

/* One that passes over where it should go on gives its first page for ever. */
static void a_listing_that_begins_anew_is_an_error(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/?list-type=2&max-keys=1000&prefix=pre%2Fa%2F",
		  PAGE(KEY("a/1") "<IsTruncated>true</IsTruncated>"), 0, NULL,
		  SCRIPT_CLOSE, 2 },
	};
	struct scripted s;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_list(s.store, "a/", collect, &b, &err), ERR_IO);
	assert_true(has(err.text, "out of order"));
	buf_wipe(&b);
	scripted_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listings_go_on_until_they_end),
		cmocka_unit_test(listings_that_make_no_sense_are_errors),
		cmocka_unit_test(keys_are_read_however_they_are_spelt),
		cmocka_unit_test(listings_go_on_by_what_they_name),
		cmocka_unit_test(a_listing_that_begins_anew_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
