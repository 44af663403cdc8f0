/* Any file: one piece, which extents_hash() cuts. */
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"

static bool takes_any(const uint8_t *start, size_t n, uint64_t size)
{
	(void)start;
	(void)n;
	(void)size;
	return true;
}

static int whole_as_chunk(int fd, uint64_t size, struct extents *out, struct err *err)
{
	struct extents x = { .model = MODEL_OPAQUE, .size = size };

	(void)fd;
	if (size) {
		x.list = calloc(1, sizeof(*x.list));
		if (!x.list)
			return err_nomem(err, "a list of extents");
		x.count = 1;
		x.list[0].kind = EXTENT_CHUNK;
		x.list[0].size = size;
	}
	*out = x;
	return 0;
}

const struct model_format format_opaque = {
	.kind = MODEL_OPAQUE,
	.name = "opaque",
	.may_have = MODEL_MAY_HAVE(EXTENT_CHUNK),
	.sniff = takes_any,
	.scan = whole_as_chunk,
};
