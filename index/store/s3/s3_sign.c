#include "index/store/s3/s3_sign.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/common/hmac.h"
#include "codec/common/sha256.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
enum { DAY = 8 }; /* digits of a date without its time */

void s3_date(int64_t time, char date[S3_DATE_MAX])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(date, S3_DATE_MAX, "%Y%m%dT%H%M%SZ", &tm) == 0)
		memcpy(date, "19700101T000000Z", S3_DATE_MAX);
}

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static void encode(const char *text, char keep, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;
		if (is_plain(*text) || *text == keep) {
			buf_add_u8(out, byte);
		} else {
			buf_add_u8(out, '%');
			buf_add_u8(out, (uint8_t)digits[byte >> 4]);
			buf_add_u8(out, (uint8_t)digits[byte & 15]);
		}
	}
}

void s3_encode(const char *text, struct buf *out)
{
	encode(text, 0, out);
}

void s3_encode_path(const char *text, struct buf *out)
{
	encode(text, '/', out);
}

/* Blanks at both ends go, and runs of them within become one. */
static void add_trimmed(const char *value, struct buf *out)
{
	bool blank = false, any = false;

	for (; *value; value++) {
		if (*value == ' ' || *value == '\t') {
			blank = any;
			continue;
		}
		if (blank)
			buf_add_u8(out, ' ');
		buf_add_u8(out, (uint8_t)*value);
		blank = false;
		any = true;
	}
}

/* By name alone: fields of one name keep their order. */
static void sort_fields(const struct s3_to_sign *what,
                        const struct s3_field *sorted[S3_FIELDS_MAX])
{
	for (unsigned i = 0; i < what->field_count; i++) {
		unsigned k = i;
		for (; k && strcmp(sorted[k - 1]->name, what->fields[i].name) > 0; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = &what->fields[i];
	}
}

/* "name:value LF" of each, and their names; values of one name are one field. */
static void add_fields(const struct s3_to_sign *what, struct buf *lines,
                       struct buf *names)
{
	const struct s3_field *sorted[S3_FIELDS_MAX];

	sort_fields(what, sorted);
	for (unsigned i = 0; i < what->field_count; i++) {
		if (i && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
			buf_add_u8(lines, ',');
		} else {
			buf_addf(lines, "%s%s:", i ? "\n" : "", sorted[i]->name);
			buf_addf(names, "%s%s", i ? ";" : "", sorted[i]->name);
		}
		add_trimmed(sorted[i]->value, lines);
	}
	buf_add_u8(lines, '\n');
}

/* The SHA-256 of the canonical request; and the names of the signed fields. */
static void hash_request(const struct s3_to_sign *what, char hash[SHA256_HEX + 1],
                         struct buf *names)
{
	struct buf text = BUF_INIT;
	struct oid sum;

	buf_addf(&text, "%s\n%s\n%s\n", what->method, what->path, what->query);
	add_fields(what, &text, names);
	buf_addf(&text, "\n%s\n%s", buf_text(names), what->payload);
	if (text.failed || !sha256_of(text.data, text.size, &sum))
		names->failed = true;
	else
		oid_format(&sum, hash);
	buf_wipe(&text);
}

/* The key of one day, region and service. */
static bool derive_key(const struct s3_to_sign *what, const struct s3_keys *keys,
                       const char *date, struct oid *key)
{
	struct buf first = BUF_INIT;
	size_t n = sizeof(*key);

	/* One piece of memory, so that no copy of the secret is left by growing. */
	bool ok = buf_reserve(&first, strlen(keys->secret) + 5);
	buf_add_str(&first, "AWS4");
	buf_add_str(&first, keys->secret);
	ok = ok && hmac_sha256(first.data, first.size, date, DAY, key) &&
	     hmac_sha256(key, n, what->region, strlen(what->region), key) &&
	     hmac_sha256(key, n, what->service, strlen(what->service), key) &&
	     hmac_sha256(key, n, "aws4_request", 12, key);
	if (first.data)
		explicit_bzero(first.data, first.cap);
	buf_wipe(&first);
	return ok;
}

void s3_sign(const struct s3_to_sign *what, const struct s3_keys *keys, const char *date,
             struct buf *out)
{
	struct buf names = BUF_INIT, text = BUF_INIT, scope = BUF_INIT;
	char hash[SHA256_HEX + 1] = "";
	struct oid key, signature;

	buf_addf(&scope, "%.*s/%s/%s/aws4_request", DAY, date, what->region,
	         what->service);
	hash_request(what, hash, &names);
	buf_addf(&text, ALGORITHM "\n%s\n%s\n%s", date, buf_text(&scope), hash);
	if (names.failed || text.failed || !derive_key(what, keys, date, &key) ||
	    !hmac_sha256(&key, sizeof(key), text.data, text.size, &signature)) {
		out->failed = true;
	} else {
		oid_format(&signature, hash);
		buf_addf(out,
		         ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		         keys->id, buf_text(&scope), buf_text(&names), hash);
	}
	explicit_bzero(&key, sizeof(key));
	buf_wipe(&names);
	buf_wipe(&text);
	buf_wipe(&scope);
}
