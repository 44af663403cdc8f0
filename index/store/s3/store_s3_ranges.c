/* Ranges of a value, several at once, all under one ETag. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum { RANGES_AT_ONCE = 8 };

bool s3_content_range(const struct http_reply *r, uint64_t *start, uint64_t *end,
                      uint64_t *all)
{
	char text[96];

	return http_reply_field(r, "content-range", text, sizeof(text)) &&
	       sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, start, end, all) ==
	               3;
}

int s3_odd_answer(const struct s3_reader *r, const struct s3_call *call, struct err *err)
{
	return err_set(err, ERR_IO,
	               "store %s: %s: the service answers %d with %zu bytes, and not the "
	               "range that it was asked for",
	               r->store->base.name, r->key, call->status, call->reply->got);
}

/* One range on its way. */
struct range {
	struct s3_call call;
	char field[S3_FIELD_MAX];
	uint64_t offset;
	size_t size;
};

static void start_range(struct s3_reader *r, struct range *range, uint64_t offset,
                        void *buf, size_t n)
{
	*range = (struct range){
		.call = { .method = "GET",
		          .key = r->key,
		          .permission = "s3:GetObject",
		          .fields = { range->field, r->match[0] ? r->match : NULL },
		          .into = buf,
		          .room = n,
		          .answers = S3_OR_ABSENT | S3_OR_CHANGED },
		.offset = offset,
		.size = n,
	};
	snprintf(range->field, sizeof(range->field), "Range: bytes=%" PRIu64 "-%" PRIu64,
	         offset, offset + n - 1);
	s3_start(r->store->client, &range->call);
}

/* Whether an answer with a status of success is the range that was asked for. */
static bool is_range(const struct s3_reader *r, const struct range *range)
{
	const struct s3_call *call = &range->call;
	uint64_t start, end, all;

	if (call->reply->got != range->size)
		return false;
	if (call->status != 206) /* all of it, by a service without ranges */
		return range->offset == 0 && range->size == r->base.size;
	return s3_content_range(call->reply, &start, &end, &all) &&
	       start == range->offset && end == start + range->size - 1 &&
	       all == r->base.size;
}

static int finish_range(struct s3_reader *r, struct range *range, struct err *err)
{
	struct s3_call *call = &range->call;
	int rc = s3_finish(r->store->client, call, err);

	if (!rc && (call->status == 404 || call->status == 412))
		rc = err_set(err, ERR_MISSING,
		             "store %s: %s was %s while it was being read",
		             r->store->base.name, r->key,
		             call->status == 404 ? "removed" : "replaced");
	else if (!rc && !is_range(r, range))
		rc = s3_odd_answer(r, call, err);
	s3_call_wipe(call);
	return rc;
}

/* Each range takes the place of the one that ended longest ago. */
int s3_read_ranges(struct s3_reader *r, uint64_t offset, uint8_t *buf, size_t n,
                   struct err *err)
{
	size_t count = (n + S3_PART - 1) / S3_PART, begun = 0, ended = 0;
	size_t width = count < RANGES_AT_ONCE ? count : RANGES_AT_ONCE;
	struct range *ranges = calloc(width, sizeof(*ranges));
	struct err why = ERR_INIT;
	int rc = 0;

	if (!ranges)
		return err_nomem(err, "a list of ranges");
	while (ended < begun || (!rc && begun < count)) {
		if (!rc && begun < count && begun < ended + width) {
			size_t at = begun * S3_PART;
			size_t size = n - at < S3_PART ? n - at : S3_PART;
			start_range(r, &ranges[begun++ % width], offset + at, buf + at,
			            size);
			continue;
		}
		struct range *oldest = &ranges[ended++ % width];
		if (rc)
			s3_call_wipe(&oldest->call);
		else
			rc = finish_range(r, oldest, &why);
	}
	if (rc)
		err_set(err, rc, "%s", why.text);
	free(ranges);
	return rc;
}
