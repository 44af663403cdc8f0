/*
 * Line by line as git-lfs's decoder goes: white space around the whole is cut,
 * empty lines are passed over, a CR before the LF is dropped, "ext-" lines may
 * stand anywhere between the three that must come in order.
 */
#include "agent/git/lfs_pointer.h"

#include <ctype.h>
#include <string.h>

struct text {
	const char *at;
	size_t n;
};

enum { KEY_VERSION, KEY_OID, KEY_SIZE, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = { "version", "oid", "size" };

static bool text_is(struct text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.at, word, t.n) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trimmed(struct text t)
{
	while (t.n && is_space(t.at[0])) {
		t.at++;
		t.n--;
	}
	while (t.n && is_space(t.at[t.n - 1]))
		t.n--;
	return t;
}

static struct text next_line(struct text *rest)
{
	const char *end = memchr(rest->at, '\n', rest->n);
	struct text line = { rest->at, end ? (size_t)(end - rest->at) : rest->n };
	size_t used = line.n + (end ? 1 : 0);

	rest->at += used;
	rest->n -= used;
	if (line.n && line.at[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool split_at(struct text t, char separator, struct text *left, struct text *right)
{
	const char *p = memchr(t.at, separator, t.n);

	if (!p)
		return false;
	*left = (struct text){ t.at, (size_t)(p - t.at) };
	*right = (struct text){ p + 1, t.n - left->n - 1 };
	return true;
}

static bool parse_version(struct text value)
{
	return text_is(value, "https://git-lfs.github.com/spec/v1") ||
	       text_is(value, "http://git-media.io/v/2") ||
	       text_is(value, "https://hawser.github.com/spec/v1");
}

static bool parse_oid(struct text value, struct oid *out)
{
	struct text kind, digits;
	char hex[SHA256_HEX + 1];

	if (!split_at(value, ':', &kind, &digits) || !text_is(kind, "sha256") ||
	    digits.n != SHA256_HEX)
		return false;
	memcpy(hex, digits.at, SHA256_HEX);
	hex[SHA256_HEX] = 0;
	return oid_parse(hex, out);
}

/* What Go's ParseInt takes and is not negative: "+5" and "007" too. */
static bool parse_size(struct text value, uint64_t *out)
{
	uint64_t size = 0;

	if (value.n && value.at[0] == '+') {
		value.at++;
		value.n--;
	}
	if (!value.n)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(value.at[i] - '0');
		if (size > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		size = size * 10 + digit;
	}
	*out = size;
	return true;
}

/* "ext-<digit>-<name> sha256:<digits>"; each digit once. */
static bool parse_extension(struct text key, struct text value, unsigned *seen)
{
	struct oid oid;

	if (key.n < 7 || memcmp(key.at, "ext-", 4) != 0 || key.at[5] != '-')
		return false;
	if (key.at[4] < '0' || key.at[4] > '9')
		return false;
	if (!isalnum((unsigned char)key.at[6]) && key.at[6] != '_')
		return false;
	unsigned bit = 1u << (key.at[4] - '0');
	if (*seen & bit)
		return false;
	*seen |= bit;
	return parse_oid(value, &oid);
}

static bool parse_key(int key, struct text value, struct lfs_pointer *out)
{
	switch (key) {
	case KEY_VERSION:
		return parse_version(value);
	case KEY_OID:
		return parse_oid(value, &out->oid);
	default:
		return parse_size(value, &out->size);
	}
}

bool lfs_pointer_parse(const void *text, size_t n, struct lfs_pointer *out)
{
	if (!n || n > LFS_POINTER_MAX)
		return false;

	struct text rest = trimmed((struct text){ text, n });
	struct lfs_pointer pointer = { 0 };
	unsigned extensions = 0;
	int next = KEY_VERSION;

	while (rest.n) {
		struct text line = next_line(&rest), key, value;
		if (!line.n)
			continue;
		if (!split_at(line, ' ', &key, &value) || next == KEY_COUNT)
			return false;
		if (text_is(key, key_names[next])) {
			if (!parse_key(next++, value, &pointer))
				return false;
		} else if (!parse_extension(key, value, &extensions)) {
			return false;
		}
	}
	if (next != KEY_COUNT)
		return false;
	*out = pointer;
	return true;
}
