#include "index/store/s3/s3_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "codec/common/err.h"
#include "index/store/s3/s3_xml.h"

/* "Z", "+01:00", "+0100" or "+01" as seconds; false when it is none of them. */
static bool parse_zone(const char *text, int64_t *out)
{
	int hours, minutes = 0, n = 0;

	*out = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d%n", &hours, &n) < 1)
		return false;
	const char *rest = text + 1 + n;
	rest += *rest == ':';
	n = 0;
	if (*rest && (sscanf(rest, "%2d%n", &minutes, &n) < 1 || rest[n]))
		return false;
	*out = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
	return true;
}

int64_t s3_time_parse(const char *text)
{
	struct tm tm = { 0 };
	int64_t zone;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || !parse_zone(rest, &zone))
		return -1;
	return (int64_t)timegm(&tm) - zone;
}

/* Not by strptime(): names of days and months must not depend on the locale. */
int64_t s3_http_date_parse(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4] = "";

	const char *at = strchr(text, ',');
	if (!at || strlen(at) < sizeof(", 26 Nov 2026 17:30:04 GMT") - 1)
		return -1;
	at += 2;
	memcpy(month, at + 3, 3);
	const char *found = strstr(months, month);
	const char *rest = strptime(at + 7, "%Y %H:%M:%S", &tm);
	if (!found || (found - months) % 3 || !rest || at[0] < '0' || at[0] > '3')
		return -1;
	tm.tm_mon = (int)(found - months) / 3;
	tm.tm_mday = atoi(at);
	return (int64_t)timegm(&tm);
}

/* The bytes of a character of UTF-8 at `at` that a terminal shows: 0 for half of one, for
 * a control character (C1 too), and for what turns the direction of writing. */
static size_t shown(const char *at)
{
	const uint8_t *b = (const uint8_t *)at;
	size_t more = b[0] >= 0xf0 ? 3 : b[0] >= 0xe0 ? 2 : 1;

	if (b[0] < 0x80)
		return b[0] >= 32 && b[0] != 127;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if (b[0] == 0xe2 && b[1] == 0x80)
		return b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xa8 && b[2] <= 0xae) ? 0
		                                                                      : 3;
	if ((b[0] == 0xc2 && b[1] < 0xa0) ||
	    (b[0] == 0xe2 && b[1] == 0x81 && b[2] >= 0xa6))
		return 0;
	return more + 1;
}

/* One line that a terminal can be shown, without blanks at its ends. */
static void make_printable(char *text)
{
	size_t n, used = 0;
	char *to = text;

	for (const char *at = text; *at; at += n ? n : 1) {
		n = shown(at);
		bool blank = !n && (*at == '\t' || *at == '\r' || *at == '\n');
		if ((blank || *at == ' ') && (!used || to[-1] == ' '))
			continue;
		if (n)
			memmove(to, at, n);
		else
			*to = blank ? ' ' : '?';
		to += n ? n : 1;
		used++;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = 0;
}

static void take(const struct xml_item *item, char *out, size_t room)
{
	struct xml_word word = xml_trimmed(&item->raw);

	xml_text_shown(&word, out, room);
	make_printable(out);
}

/* An answer of a gateway that does not speak S3's XML. Pages of HTML are left out: what
 * they say is the status again. */
static void take_plain(const char *text, size_t size, struct s3_error *out)
{
	size_t n = size < sizeof(out->message) - 1 ? size : sizeof(out->message) - 1;

	if (!size || memchr(text, '<', n) || memchr(text, 0, n))
		return;
	memcpy(out->message, text, n);
	out->message[n] = 0;
	make_printable(out->message);
}

bool s3_error_parse(const void *text, size_t size, struct s3_error *out)
{
	struct xml x;
	struct xml_item item;
	enum xml_event event;
	bool found = false;

	*out = (struct s3_error){ 0 };
	xml_begin(&x, text, size);
	while ((event = xml_next(&x, &item)) > 0) {
		if (event == XML_CLOSE)
			found = found || xml_is(&item.name, "Error");
		else if (!xml_is(&item.parent, "Error"))
			continue;
		else if (xml_is(&item.name, "Code"))
			take(&item, out->code, sizeof(out->code));
		else if (xml_is(&item.name, "Message"))
			take(&item, out->message, sizeof(out->message));
		else if (xml_is(&item.name, "Region"))
			take(&item, out->region, sizeof(out->region));
	}
	if (!found)
		take_plain(text, size, out);
	return found && event == XML_END;
}

static bool parse_size(const char *text, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return !*end && !errno;
}

/* ---------------------------------------------------------------- listings */

/* "true" or "1" in any case, blanks around it or not. */
static bool is_true(const struct xml_word *raw)
{
	struct xml_word word = xml_trimmed(raw);

	return (word.size == 4 && strncasecmp(word.text, "true", 4) == 0) ||
	       xml_is(&word, "1");
}

static void take_whole(const struct xml_item *item, char *out, size_t room)
{
	struct xml_word word = xml_trimmed(&item->raw);

	if (!xml_text(&word, out, room))
		out[0] = 0;
}

static void take_page_leaf(struct s3_page *page, bool *said, const struct xml_item *item)
{
	struct xml_word word = xml_trimmed(&item->raw);

	if (xml_is(&item->name, "IsTruncated")) {
		page->more = is_true(&item->raw);
		*said = true;
	} else if (xml_is(&item->name, "NextContinuationToken")) {
		take_whole(item, page->token, sizeof(page->token));
	} else if (xml_is(&item->name, "EncodingType")) {
		page->encoded = word.size == 3 && strncasecmp(word.text, "url", 3) == 0;
	} else if (xml_is(&item->name, "NextMarker")) {
		take_whole(item, page->marker, sizeof(page->marker));
		page->by_marker = true;
	} else if (xml_is(&item->name, "Marker")) {
		page->by_marker = true;
	}
}

/* What the page says of itself may stand behind its keys, and they are read by it. */
static int parse_page(const void *text, size_t size, struct s3_page *out)
{
	struct xml x;
	struct xml_item item;
	enum xml_event event;
	bool whole = false, said = false;

	*out = (struct s3_page){ 0 };
	xml_begin(&x, text, size);
	while ((event = xml_next(&x, &item)) > 0) {
		whole = whole || xml_is(&item.name, "ListBucketResult");
		if (event == XML_LEAF && xml_is(&item.parent, "ListBucketResult"))
			take_page_leaf(out, &said, &item);
	}
	if (!said)
		out->more = out->token[0] || out->marker[0];
	out->by_marker = out->by_marker && !out->token[0];
	return event == XML_END && whole ? 0 : ERR_DAMAGED;
}

/* The key on its way: what its leaves have said so far. */
struct listing {
	char key[S3_KEY_MAX];
	uint64_t size;
	int64_t mtime;
	bool keyed, sized;
};

static void take_leaf(struct listing *l, const struct xml_item *item)
{
	struct xml_word word = xml_trimmed(&item->raw);
	char text[S3_CODE_MAX];

	if (!xml_is(&item->parent, "Contents"))
		return;
	if (xml_is(&item->name, "Key"))
		l->keyed = xml_text(&item->raw, l->key, sizeof(l->key));
	else if (xml_is(&item->name, "Size"))
		l->sized = xml_text(&word, text, sizeof(text)) &&
		           parse_size(text, &l->size);
	else if (xml_is(&item->name, "LastModified") &&
	         xml_text(&word, text, sizeof(text)))
		l->mtime = s3_time_parse(text);
}

int s3_page_parse(const void *text, size_t size,
                  int (*each)(void *ctx, const struct s3_listed *key), void *ctx,
                  struct s3_page *out)
{
	struct listing l = { .keyed = false };
	struct xml x;
	struct xml_item item;
	enum xml_event event;
	int rc = parse_page(text, size, out);

	xml_begin(&x, text, size);
	while (!rc && (event = xml_next(&x, &item)) > 0) {
		if (event == XML_LEAF) {
			take_leaf(&l, &item);
			continue;
		}
		if (!xml_is(&item.name, "Contents"))
			continue;
		struct s3_listed key = { l.key, l.size, l.mtime };
		if (l.keyed && !l.sized)
			return ERR_DAMAGED; /* its size is what we go by */
		if (l.keyed)
			rc = each(ctx, &key);
		l = (struct listing){ .keyed = false };
	}
	return rc;
}

bool s3_upload_id_parse(const void *text, size_t size, char *id, size_t room)
{
	struct xml x;
	struct xml_item item;
	enum xml_event event;

	id[0] = 0;
	xml_begin(&x, text, size);
	while ((event = xml_next(&x, &item)) > 0)
		if (event == XML_LEAF && xml_is(&item.name, "UploadId") &&
		    !xml_text(&item.raw, id, room))
			return false;
	return event == XML_END && id[0];
}

bool s3_session_parse(const void *text, size_t size, struct s3_session *out)
{
	char end[64] = "";
	const struct {
		const char *name;
		char *text;
		size_t room;
	} wanted[] = { { "AccessKeyId", out->id, sizeof(out->id) },
		       { "SecretAccessKey", out->secret, sizeof(out->secret) },
		       { "SessionToken", out->token, sizeof(out->token) },
		       { "Expiration", end, sizeof(end) } };
	struct xml x;
	struct xml_item item;
	enum xml_event event;

	out->id[0] = out->secret[0] = out->token[0] = 0;
	xml_begin(&x, text, size);
	while ((event = xml_next(&x, &item)) > 0)
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (event == XML_LEAF && xml_is(&item.parent, "Credentials") &&
			    xml_is(&item.name, wanted[i].name) &&
			    !xml_text(&item.raw, wanted[i].text, wanted[i].room))
				return false;
	out->expires = s3_time_parse(end);
	return event == XML_END && *out->id && *out->secret && *out->token &&
	       out->expires > 0;
}
