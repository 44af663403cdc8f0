/* What is sent of a request, and what is taken of an answer, whoever moves the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "index/store/s3/http_exchange.h"

static void a_body_in_pieces_is_sent_whole_in_any_room(void **state)
{
	struct http_exchange x = {
		.request = { .body = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } },
		             .pieces = 3 },
	};

	(void)state;
	for (size_t room = 1; room < 9; room++) {
		char sent[16] = "";
		size_t n, at = 0;
		http_exchange_rewind(&x);
		while ((n = http_exchange_send(&x, sent + at, room)) > 0) {
			assert_true(n <= room);
			at += n;
		}
		assert_string_equal(sent, "abcdefg");
	}
}

static void what_is_asked_for_goes_where_it_belongs(void **state)
{
	char into[4] = "";
	struct http_exchange x = { .request = { .into = into, .room = sizeof(into) } };

	(void)state;
	assert_true(http_exchange_take_body(&x, 206, "ab", 2));
	assert_true(http_exchange_take_body(&x, 206, "cd", 2));
	assert_int_equal(x.reply.got, 4);
	assert_memory_equal(into, "abcd", 4);
	assert_int_equal(x.reply.body.size, 0);
	assert_false(x.too_large);
	assert_false(http_exchange_take_body(&x, 206, "e", 1));
	assert_true(x.too_large);
}

static void an_answer_is_no_larger_than_its_request_allows(void **state)
{
	struct http_exchange x = { .request = { .body_max = 3 } };

	(void)state;
	assert_true(http_exchange_take_body(&x, 200, "abc", 3));
	assert_false(http_exchange_take_body(&x, 200, "d", 1));
	assert_true(x.too_large);
	assert_int_equal(x.reply.body.size, 3);
	http_reply_wipe(&x.reply);
}

static void of_an_errors_text_the_beginning_is_kept(void **state)
{
	static char text[40 * 1024];
	char into[1];
	struct http_exchange x = { .request = { .into = into, .room = 1 } };

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_true(http_exchange_take_body(&x, 403, text, sizeof(text)));
	assert_true(http_exchange_take_body(&x, 403, text, sizeof(text)));
	assert_int_equal(x.reply.body.size, 64 * 1024);
	assert_false(http_exchange_take_body(&x, 403, text, 1));
	assert_true(x.too_large);
	assert_int_equal(x.reply.got, 0);
	http_reply_wipe(&x.reply);
}

static bool take_line(struct http_exchange *x, const char *line)
{
	return http_exchange_take_field(x, line, strlen(line));
}

static void fields_are_those_of_the_last_answer(void **state)
{
	struct http_exchange x = { .too_large = false };
	char value[16];

	(void)state;
	assert_true(take_line(&x, "HTTP/1.1 100 Continue\r\n"));
	assert_true(take_line(&x, "Early: 1\r\n"));
	assert_true(take_line(&x, "HTTP/1.1 200 OK\r\n"));
	assert_true(take_line(&x, "ETag:  \"a:b\" \r\n"));
	assert_true(take_line(&x, "no field\r\n"));
	assert_true(take_line(&x, "\r\n"));
	assert_false(http_reply_field(&x.reply, "early", value, sizeof(value)));
	assert_true(http_reply_field(&x.reply, "etag", value, sizeof(value)));
	assert_string_equal(value, "\"a:b\" ");
	assert_false(http_reply_field(&x.reply, "etag", value, 5));
	http_reply_wipe(&x.reply);
}

static void fields_without_end_are_too_many(void **state)
{
	struct http_exchange x = { .too_large = false };
	char line[1024];
	unsigned taken = 0;

	(void)state;
	memset(line, 'a', sizeof(line));
	line[1] = ':';
	while (taken < 1000 && http_exchange_take_field(&x, line, sizeof(line)))
		taken++;
	assert_true(taken > 50 && taken < 70);
	assert_true(x.too_large);
	http_reply_wipe(&x.reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_in_pieces_is_sent_whole_in_any_room),
		cmocka_unit_test(what_is_asked_for_goes_where_it_belongs),
		cmocka_unit_test(an_answer_is_no_larger_than_its_request_allows),
		cmocka_unit_test(of_an_errors_text_the_beginning_is_kept),
		cmocka_unit_test(fields_are_those_of_the_last_answer),
		cmocka_unit_test(fields_without_end_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
