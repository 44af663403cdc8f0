#include "index/store/s3/s3_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/common/err.h"
#include "index/store/s3/s3_xml.h"

int64_t s3_time_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest || (*rest != '.' && *rest != 'Z'))
		return -1;
	return (int64_t)timegm(&tm);
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

/* One line that a terminal can be shown. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 32 || *text == 127)
			*text = ' ';
}

static void take(const struct xml_item *item, char *out, size_t room)
{
	if (!xml_text(&item->raw, out, room))
		out[0] = 0;
	make_printable(out);
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

/* The key on its way: what its leaves have said so far. */
struct listing {
	struct s3_page *page;
	char key[S3_KEY_MAX];
	uint64_t size;
	int64_t mtime;
	bool keyed, sized;
};

static void take_leaf(struct listing *l, const struct xml_item *item)
{
	char text[S3_CODE_MAX];

	if (xml_is(&item->parent, "ListBucketResult")) {
		if (xml_is(&item->name, "IsTruncated"))
			l->page->more = xml_is(&item->raw, "true");
		else if (xml_is(&item->name, "NextContinuationToken") &&
		         !xml_text(&item->raw, l->page->token, S3_TOKEN_MAX))
			l->page->token[0] = 0;
		return;
	}
	if (!xml_is(&item->parent, "Contents"))
		return;
	if (xml_is(&item->name, "Key"))
		l->keyed = xml_text(&item->raw, l->key, sizeof(l->key));
	else if (xml_is(&item->name, "Size"))
		l->sized = xml_text(&item->raw, text, sizeof(text)) &&
		           parse_size(text, &l->size);
	else if (xml_is(&item->name, "LastModified") &&
	         xml_text(&item->raw, text, sizeof(text)))
		l->mtime = s3_time_parse(text);
}

int s3_page_parse(const void *text, size_t size,
                  int (*each)(void *ctx, const struct s3_listed *key), void *ctx,
                  struct s3_page *out)
{
	struct listing l = { .page = out };
	struct xml x;
	struct xml_item item;
	enum xml_event event;
	bool whole = false;
	int rc = 0;

	*out = (struct s3_page){ 0 };
	xml_begin(&x, text, size);
	while (!rc && (event = xml_next(&x, &item)) != XML_END) {
		if (event == XML_BAD)
			return ERR_DAMAGED;
		if (event == XML_LEAF) {
			take_leaf(&l, &item);
			whole = whole || xml_is(&item.name, "ListBucketResult");
			continue;
		}
		whole = whole || xml_is(&item.name, "ListBucketResult");
		if (!xml_is(&item.name, "Contents"))
			continue;
		struct s3_listed key = { l.key, l.size, l.mtime };
		if (l.keyed && l.sized)
			rc = each(ctx, &key);
		l = (struct listing){ .page = out };
	}
	return rc || whole ? rc : ERR_DAMAGED;
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
