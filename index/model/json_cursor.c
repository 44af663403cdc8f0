#include "index/model/json_cursor.h"

#include <string.h>

#include "codec/common/utf8.h"

struct json_cursor json_cursor_over(const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	return (struct json_cursor){ at, n ? at + n : at, 0, false, NULL };
}

static bool fail(struct json_cursor *c, const char *fault)
{
	if (!c->fault)
		c->fault = fault;
	return false;
}

/* The first byte that is not white space, which is not taken; -1 at the end or after a
 * fault. */
static int peek(struct json_cursor *c)
{
	if (c->fault)
		return -1;
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
	return c->at < c->end ? *c->at : -1;
}

static bool take(struct json_cursor *c, int byte, const char *fault)
{
	if (peek(c) != byte)
		return fail(c, fault);
	c->at++;
	return true;
}

/* ------------------------------------------------------------- containers */

static bool enter(struct json_cursor *c, int bracket, const char *fault)
{
	if (!take(c, bracket, fault))
		return false;
	if (c->depth == JSON_DEPTH_MAX)
		return fail(c, "nested too deeply");
	c->depth++;
	c->fresh = true;
	return true;
}

bool json_cursor_object(struct json_cursor *c)
{
	return enter(c, '{', "an object was expected");
}

bool json_cursor_is(struct json_cursor *c, char byte)
{
	return peek(c) == (unsigned char)byte;
}

bool json_cursor_array(struct json_cursor *c)
{
	return enter(c, '[', "an array was expected");
}

/* Goes past the comma before the next member, or past the closing bracket. */
static bool next_member(struct json_cursor *c, int bracket)
{
	int byte = peek(c);

	if (c->fault)
		return false;
	if (byte == bracket) {
		c->at++;
		c->depth--;
		c->fresh = false;
		return false;
	}
	if (!c->fresh && !take(c, ',', "a comma or a closing bracket was expected"))
		return false;
	c->fresh = false;
	return true;
}

bool json_cursor_item(struct json_cursor *c)
{
	return next_member(c, ']');
}

bool json_cursor_key(struct json_cursor *c, struct json_text *key)
{
	return next_member(c, '}') && json_cursor_string(c, key) &&
	       take(c, ':', "a colon was expected");
}

bool json_cursor_end(struct json_cursor *c)
{
	if (peek(c) != -1)
		return fail(c, "something follows the value");
	return !c->fault && c->depth == 0;
}

/* ---------------------------------------------------------------- strings */

static void put(struct json_text *t, uint8_t byte)
{
	if (t->size < t->cap)
		t->bytes[t->size] = (char)byte;
	t->size++;
}

static void put_rune(struct json_text *t, uint32_t rune)
{
	if (rune < 0x80) {
		put(t, (uint8_t)rune);
		return;
	}
	if (rune < 0x800) {
		put(t, (uint8_t)(0xC0 | rune >> 6));
	} else {
		if (rune < 0x10000) {
			put(t, (uint8_t)(0xE0 | rune >> 12));
		} else {
			put(t, (uint8_t)(0xF0 | rune >> 18));
			put(t, (uint8_t)(0x80 | (rune >> 12 & 0x3F)));
		}
		put(t, (uint8_t)(0x80 | (rune >> 6 & 0x3F)));
	}
	put(t, (uint8_t)(0x80 | (rune & 0x3F)));
}

static bool take_hex4(struct json_cursor *c, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, c->at++) {
		if (c->at == c->end)
			return fail(c, "the text ends within an escape");
		unsigned b = *c->at;
		unsigned digit = b >= '0' && b <= '9'   ? b - '0'
		                 : b >= 'a' && b <= 'f' ? b - 'a' + 10
		                 : b >= 'A' && b <= 'F' ? b - 'A' + 10
		                                        : 16;
		if (digit == 16)
			return fail(c, "not a hexadecimal digit in an escape");
		*out = *out << 4 | digit;
	}
	return true;
}

/* What follows `\u`: one code unit, or a surrogate pair in two escapes. */
static bool take_unicode_escape(struct json_cursor *c, struct json_text *t)
{
	uint32_t rune, low;

	if (!take_hex4(c, &rune))
		return false;
	if (rune >= 0xD800 && rune <= 0xDFFF) {
		bool paired = rune <= 0xDBFF && c->end - c->at >= 2 && c->at[0] == '\\' &&
		              c->at[1] == 'u';
		if (!paired)
			return fail(c, "half of a surrogate pair");
		c->at += 2;
		if (!take_hex4(c, &low))
			return false;
		if (low < 0xDC00 || low > 0xDFFF)
			return fail(c, "half of a surrogate pair");
		rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
	}
	put_rune(t, rune);
	return true;
}

/* What follows a backslash. */
static bool take_escape(struct json_cursor *c, struct json_text *t)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";

	if (c->at == c->end)
		return fail(c, "the text ends within an escape");
	uint8_t name = *c->at++;
	if (name == 'u')
		return take_unicode_escape(c, t);
	const char *found = name ? strchr(names, name) : NULL;
	if (!found)
		return fail(c, "an unknown escape");
	put(t, (uint8_t)meanings[found - names]);
	return true;
}

bool json_cursor_string(struct json_cursor *c, struct json_text *text)
{
	text->size = 0;
	if (!take(c, '"', "a string was expected"))
		return false;
	while (c->at < c->end) {
		uint8_t byte = *c->at;
		if (byte == '"') {
			c->at++;
			return true;
		}
		if (byte == '\\') {
			c->at++;
			if (!take_escape(c, text))
				return false;
			continue;
		}
		if (byte < 0x20)
			return fail(c, "a control character in a string");
		size_t n = utf8_size(c->at, (size_t)(c->end - c->at));
		if (!n)
			return fail(c, "not UTF-8");
		while (n--)
			put(text, *c->at++);
	}
	return fail(c, "the text ends within a string");
}

/* ---------------------------------------------------------------- numbers */

static bool at_digit(const struct json_cursor *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

bool json_cursor_u64(struct json_cursor *c, uint64_t *out)
{
	uint64_t v = 0;

	peek(c);
	if (c->fault || !at_digit(c))
		return fail(c, "a whole number was expected");
	const uint8_t *start = c->at;
	for (; at_digit(c); c->at++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*c->at - '0'), &v))
			return fail(c, "a number beyond 64 bits");
	if (*start == '0' && c->at - start > 1)
		return fail(c, "a number with a leading zero");
	if (c->at < c->end && (*c->at == '.' || *c->at == 'e' || *c->at == 'E'))
		return fail(c, "a whole number was expected");
	*out = v;
	return true;
}

/* --------------------------------------------------------------- any value */

/* Goes past a string by its quotes; what is between them is not looked at. */
static bool pass_string(struct json_cursor *c)
{
	for (c->at++; c->at < c->end; c->at++) {
		if (*c->at == '"') {
			c->at++;
			return true;
		}
		if (*c->at == '\\' && c->at + 1 < c->end)
			c->at++;
	}
	return fail(c, "the text ends within a string");
}

static bool ends_value(int byte)
{
	return byte == -1 || byte == ',' || byte == ']' || byte == '}' || byte == ':';
}

bool json_cursor_pass(struct json_cursor *c)
{
	size_t depth = 0; /* containers of the value that are open */
	int byte = peek(c);

	if (ends_value(byte))
		return fail(c, "a value was expected");
	for (; byte != -1 && (depth || !ends_value(byte)); byte = peek(c)) {
		if (byte == '"') {
			if (!pass_string(c))
				return false;
			continue;
		}
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		c->at++;
	}
	return !depth || fail(c, "the text ends within a value");
}
