/* The common floor: errors, buffers, cursors, checked sums, hex, hashes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/checked.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "codec/common/le.h"
#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"

/* ---- err */

static void err_set_keeps_code_and_sentence(void **state)
{
	struct err err = ERR_INIT;
	(void)state;

	assert_int_equal(err_set(&err, ERR_DAMAGED, "short read at %d", 4096),
	                 ERR_DAMAGED);
	assert_int_equal(err.code, ERR_DAMAGED);
	assert_string_equal(err.text, "short read at 4096");
}

static void err_may_be_null_everywhere(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_int_equal(err_set(NULL, ERR_INPUT, "x"), ERR_INPUT);
	assert_int_equal(err_errno(NULL, "x"), ERR_IO);
	assert_int_equal(err_context(NULL, "x"), ERR_IO);
	assert_int_equal(err_nomem(NULL, "x"), ERR_NOMEM);
}

static void err_keeps_names_as_they_are_for_what_prints(void **state)
{
	struct err err = ERR_INIT;
	(void)state;

	err_set(&err, ERR_INPUT, "%s", "a\nb\r\tc\x1b[0m");
	assert_string_equal(err.text, "a\nb\r\tc\x1b[0m");
	err_context(&err, "file 'x\ny'");
	assert_string_equal(err.text, "file 'x\ny': a\nb\r\tc\x1b[0m");
}

static void err_too_long_is_cut(void **state)
{
	struct err err = ERR_INIT;
	char words[4000];
	(void)state;

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = 0;
	err_set(&err, ERR_INPUT, "%s", words);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_context(&err, "%s", words);
	assert_true(strlen(err.text) < sizeof(err.text));
	assert_int_equal(err.code, ERR_INPUT);
}

static void err_errno_names_the_reason_and_the_remedy(void **state)
{
	struct err err = ERR_INIT;
	(void)state;

	errno = ENOSPC;
	assert_int_equal(err_errno(&err, "writing '%s'", "f"), ERR_IO);
	assert_non_null(strstr(err.text, "writing 'f': "));
	assert_non_null(strstr(err.text, strerror(ENOSPC)));
	assert_non_null(strstr(err.text, "; free some space"));
	assert_int_equal(errno, ENOSPC);
}

/* ---- buf */

static void buf_grows_and_keeps_what_it_has(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;

	for (unsigned i = 0; i < 1000; i++)
		buf_add_u32(&b, i);
	assert_false(b.failed);
	assert_int_equal(b.size, 4000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(le32_load(b.data + 4 * i), i);
	buf_wipe(&b);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
}

static void buf_text_ends_with_a_nul_that_does_not_count(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;

	assert_string_equal(buf_text(&b), "");
	buf_add_str(&b, "ab");
	buf_addf(&b, "%03d%s", 7, "x");
	assert_string_equal(buf_text(&b), "ab007x");
	assert_int_equal(b.size, 6);
	buf_wipe(&b);
}

static void buf_that_could_not_grow_stays_as_it_was(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;

	buf_add_str(&b, "kept");
	assert_false(buf_reserve(&b, SIZE_MAX - 2));
	assert_true(b.failed);
	buf_add_str(&b, "ignored");
	buf_addf(&b, "%d", 1);
	assert_int_equal(b.size, 4);
	assert_memory_equal(b.data, "kept", 4);
	buf_wipe(&b);
	assert_false(b.failed);
}

static void buf_integers_are_little_endian(void **state)
{
	static const uint8_t want[] = {
		1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8
	};
	struct buf b = BUF_INIT;
	(void)state;

	buf_add_u8(&b, 1);
	buf_add_u16(&b, 0x0203);
	buf_add_u32(&b, 0x04050607);
	buf_add_u64(&b, 0x08090a0b0c0d0e0f);
	assert_int_equal(b.size, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	buf_wipe(&b);
}

/* ---- le, cursor, checked */

static void le_loads_what_it_stored(void **state)
{
	uint8_t p[8];
	(void)state;

	le16_store(p, 0xfedc);
	assert_int_equal(le16_load(p), 0xfedc);
	le32_store(p, 0xfedcba98);
	assert_int_equal(le32_load(p), 0xfedcba98);
	le64_store(p, 0xfedcba9876543210);
	assert_true(le64_load(p) == 0xfedcba9876543210);
	assert_int_equal(p[0], 0x10);
}

static void cursor_takes_in_order_and_ends_exactly(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9 };
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint8_t last;
	(void)state;

	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 2);
	assert_int_equal(cursor_u32(&c), 3);
	assert_int_equal(cursor_u64(&c), 4);
	cursor_copy(&c, &last, 1);
	assert_int_equal(last, 9);
	assert_int_equal(c.left, 0);
	assert_true(cursor_ok(&c));
}

static void cursor_is_bad_after_the_first_take_that_does_not_fit(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint8_t copy[4] = { 9, 9, 9, 9 };
	(void)state;

	assert_int_equal(cursor_u32(&c), 0);
	assert_false(cursor_ok(&c));
	assert_int_equal(cursor_u8(&c), 0);
	assert_null(cursor_take(&c, 0));
	cursor_copy(&c, copy, 4);
	assert_int_equal(le32_load(copy), 0);
}

static void cursor_survives_a_length_that_would_wrap(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	(void)state;

	assert_null(cursor_take(&c, UINT64_MAX));
	assert_false(cursor_ok(&c));
}

static void checked_tells_what_does_not_fit(void **state)
{
	uint64_t out;
	(void)state;

	assert_false(checked_add(UINT64_MAX - 1, 1, &out));
	assert_true(out == UINT64_MAX);
	assert_true(checked_add(UINT64_MAX, 1, &out));
	assert_false(checked_mul(1ull << 32, (1ull << 32) - 1, &out));
	assert_true(checked_mul(1ull << 32, 1ull << 32, &out));
}

/* ---- hex */

static void hex_goes_there_and_back(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xf0, 0xab, 0xff };
	uint8_t back[5];
	char text[11];
	(void)state;

	hex_format(bytes, 5, text);
	assert_string_equal(text, "000ff0abff");
	assert_true(hex_parse(text, 5, back));
	assert_memory_equal(back, bytes, 5);
}

static void hex_refuses_every_other_spelling(void **state)
{
	static const char *const bad[] = { "0", "0g", "g0", "AB", " 0", "0x", "-1", "" };
	uint8_t out[1];
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hex_parse(bad[i], 1, out));
}

/* ---- hashes */

static void sha256_gives_the_known_sums(void **state)
{
	static const struct {
		const char *text, *sum;
	} cases[] = {
		{ "",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc",
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	(void)state;

	struct sha256 *h = sha256_new();
	assert_non_null(h);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oid whole, pieces, parsed;
		char text[SHA256_HEX + 1];
		size_t n = strlen(cases[i].text);
		assert_true(sha256_of(cases[i].text, n, &whole));
		oid_format(&whole, text);
		assert_string_equal(text, cases[i].sum);
		/* The context is ready again after each finish. */
		sha256_add(h, cases[i].text, n / 2);
		sha256_add(h, cases[i].text + n / 2, n - n / 2);
		sha256_finish(h, &pieces);
		assert_true(oid_equal(&whole, &pieces));
		assert_true(oid_parse(text, &parsed));
		assert_int_equal(oid_compare(&whole, &parsed), 0);
	}
	sha256_free(h);
	sha256_free(NULL);
}

static void oid_has_exactly_one_spelling(void **state)
{
	char text[SHA256_HEX + 2];
	struct oid oid;
	(void)state;

	memset(text, 'a', sizeof(text));
	text[SHA256_HEX] = 0;
	assert_true(oid_parse(text, &oid));
	text[SHA256_HEX] = 'a';
	text[SHA256_HEX + 1] = 0;
	assert_false(oid_parse(text, &oid));
	text[SHA256_HEX - 1] = 0;
	assert_false(oid_parse(text, &oid));
	text[SHA256_HEX - 1] = 'A';
	text[SHA256_HEX] = 0;
	assert_false(oid_parse(text, &oid));
}

static void xxh128_gives_the_known_sums_high_half_first(void **state)
{
	static const struct {
		const char *text, *sum;
	} cases[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "abc", "06b05ab6733a618578af5f94892f3950" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xxh128 sum = xxh128_of(cases[i].text, strlen(cases[i].text));
		char text[2 * XXH128_SIZE + 1];
		hex_format(sum.bytes, XXH128_SIZE, text);
		assert_string_equal(text, cases[i].sum);
	}
}

static void xxh128_in_pieces_equals_the_whole(void **state)
{
	uint8_t bytes[1000];
	(void)state;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	struct xxh128 whole = xxh128_of(bytes, sizeof(bytes));
	struct xxh128_state *s = xxh128_new();
	assert_non_null(s);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(bytes); i += 50)
			xxh128_add(s, bytes + i, 50);
		struct xxh128 sum = xxh128_finish(s);
		assert_true(xxh128_equal(&sum, &whole));
	}
	xxh128_free(s);
	xxh128_free(NULL);
	bytes[999] ^= 1;
	struct xxh128 other = xxh128_of(bytes, sizeof(bytes));
	assert_false(xxh128_equal(&other, &whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set_keeps_code_and_sentence),
		cmocka_unit_test(err_may_be_null_everywhere),
		cmocka_unit_test(err_keeps_names_as_they_are_for_what_prints),
		cmocka_unit_test(err_too_long_is_cut),
		cmocka_unit_test(err_errno_names_the_reason_and_the_remedy),
		cmocka_unit_test(buf_grows_and_keeps_what_it_has),
		cmocka_unit_test(buf_text_ends_with_a_nul_that_does_not_count),
		cmocka_unit_test(buf_that_could_not_grow_stays_as_it_was),
		cmocka_unit_test(buf_integers_are_little_endian),
		cmocka_unit_test(le_loads_what_it_stored),
		cmocka_unit_test(cursor_takes_in_order_and_ends_exactly),
		cmocka_unit_test(cursor_is_bad_after_the_first_take_that_does_not_fit),
		cmocka_unit_test(cursor_survives_a_length_that_would_wrap),
		cmocka_unit_test(checked_tells_what_does_not_fit),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(hex_refuses_every_other_spelling),
		cmocka_unit_test(sha256_gives_the_known_sums),
		cmocka_unit_test(oid_has_exactly_one_spelling),
		cmocka_unit_test(xxh128_gives_the_known_sums_high_half_first),
		cmocka_unit_test(xxh128_in_pieces_equals_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
