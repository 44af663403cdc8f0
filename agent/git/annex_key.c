#include "agent/git/annex_key.h"

#include <ctype.h>
#include <string.h>

/* Digits at `text`, up to `end`: where they end; NULL when there are none, or too many. */
static const char *parse_number(const char *text, const char *end, uint64_t *out)
{
	const char *at = text;
	uint64_t n = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (n > ((uint64_t)INT64_MAX - digit) / 10)
			return NULL;
		n = n * 10 + digit;
	}
	*out = n;
	return at > text ? at : NULL;
}

/* One "-<letter><number>". A time may be negative, and may have a fraction. */
static const char *parse_field(const char *at, const char *end, struct annex_key *out)
{
	uint64_t number = 0;
	char letter = end - at > 2 ? at[1] : 0;

	if (!letter || !strchr("smSC", letter))
		return NULL;
	at += 2;
	if (letter == 'm' && *at == '-')
		at++;
	at = parse_number(at, end, &number);
	if (letter == 's') {
		out->has_size = true;
		out->size = number;
	}
	out->is_chunk |= letter == 'S' || letter == 'C';
	while (at && letter == 'm' && at < end && (*at == '.' || isdigit((uint8_t)*at)))
		at++;
	return at;
}

/* Whether the backend's name is that of a SHA-256 of the content, and an extension may
 * follow the hash. */
static bool names_hash(const char *backend, size_t n, bool *extension)
{
	*extension = n == 7 && memcmp(backend, "SHA256E", 7) == 0;
	return *extension || (n == 6 && memcmp(backend, "SHA256", 6) == 0);
}

static bool parse_hash(const char *name, const char *end, bool extension, struct oid *out)
{
	char hex[SHA256_HEX + 1];
	const char *rest = name + SHA256_HEX;

	if (end - name < SHA256_HEX || (rest < end && !(extension && *rest == '.')))
		return false;
	memcpy(hex, name, SHA256_HEX);
	hex[SHA256_HEX] = 0;
	return oid_parse(hex, out);
}

static size_t backend_size(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n &&
	       (isupper((uint8_t)text[i]) || isdigit((uint8_t)text[i]) || text[i] == '_'))
		i++;
	return i;
}

bool annex_key_parse(const char *text, size_t n, struct annex_key *out)
{
	const char *end = text + n, *at = text + backend_size(text, n);
	struct annex_key key = { .has_size = false };
	bool extension;

	if (n > ANNEX_KEY_MAX || at == text || memchr(text, '\n', n) ||
	    memchr(text, 0, n))
		return false;
	size_t backend = (size_t)(at - text);
	while (at && end - at > 2 && at[0] == '-' && at[1] != '-')
		at = parse_field(at, end, &key);
	if (!at || end - at < 3 || at[0] != '-' || at[1] != '-')
		return false;
	key.has_oid = names_hash(text, backend, &extension) && !key.is_chunk &&
	              parse_hash(at + 2, end, extension, &key.oid);
	*out = key;
	return true;
}
