#include "index/store/s3/s3_uploads.h"

#include <string.h>
#include <strings.h>

#include "codec/common/err.h"
#include "index/store/s3/s3_xml.h"

/* The upload on its way: what its leaves have said so far. */
struct parsing {
	struct s3_uploads_page *page;
	char key[S3_KEY_MAX], id[S3_UPLOAD_ID_MAX];
	int64_t begun;
};

static void take(const struct xml_item *item, char *out, size_t room)
{
	if (!xml_text(&item->raw, out, room))
		*out = 0;
}

static void take_upload_leaf(struct parsing *p, const struct xml_item *item)
{
	char text[S3_CODE_MAX];

	if (xml_is(&item->name, "Key")) {
		take(item, p->key, sizeof(p->key));
	} else if (xml_is(&item->name, "UploadId")) {
		take(item, p->id, sizeof(p->id));
	} else if (xml_is(&item->name, "Initiated")) {
		take(item, text, sizeof(text));
		p->begun = s3_time_parse(text);
	}
}

static void take_page_leaf(struct s3_uploads_page *page, const struct xml_item *item)
{
	if (xml_is(&item->name, "IsTruncated"))
		page->more = item->raw.size == 4 &&
		             strncasecmp(item->raw.text, "true", 4) == 0;
	else if (xml_is(&item->name, "NextKeyMarker"))
		take(item, page->key_marker, sizeof(page->key_marker));
	else if (xml_is(&item->name, "NextUploadIdMarker"))
		take(item, page->id_marker, sizeof(page->id_marker));
}

static void begin_upload(struct parsing *p)
{
	p->key[0] = p->id[0] = 0;
	p->begun = -1;
}

static int end_upload(struct parsing *p,
                      int (*each)(void *ctx, const struct s3_unfinished *upload),
                      void *ctx)
{
	const struct s3_unfinished upload = { p->key, p->id, p->begun };
	int rc = *p->key && *p->id ? each(ctx, &upload) : 0;

	begin_upload(p);
	return rc;
}

int s3_uploads_parse(const void *text, size_t size,
                     int (*each)(void *ctx, const struct s3_unfinished *upload),
                     void *ctx, struct s3_uploads_page *out)
{
	struct parsing p = { .page = out };
	struct xml x;
	struct xml_item item;
	enum xml_event event;
	bool whole = false;
	int rc = 0;

	*out = (struct s3_uploads_page){ .more = false };
	begin_upload(&p);
	xml_begin(&x, text, size);
	while (!rc && (event = xml_next(&x, &item)) > 0) {
		whole = whole || xml_is(&item.name, "ListMultipartUploadsResult");
		if (event == XML_LEAF && xml_is(&item.parent, "Upload"))
			take_upload_leaf(&p, &item);
		else if (event == XML_LEAF &&
		         xml_is(&item.parent, "ListMultipartUploadsResult"))
			take_page_leaf(out, &item);
		else if (event == XML_CLOSE && xml_is(&item.name, "Upload"))
			rc = end_upload(&p, each, ctx);
	}
	if (!rc && (event != XML_END || !whole))
		rc = ERR_DAMAGED;
	return rc;
}
