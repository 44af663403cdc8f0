#include "index/blob/memory_source.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_source.h"

struct memory_source {
	struct blob_source source;
	const uint8_t *bytes;
};

static int read_memory(struct blob_source *source, uint64_t offset, size_t n,
                       uint8_t *dst, struct err *err)
{
	const struct memory_source *m = (struct memory_source *)source;

	(void)err;
	memcpy(dst, m->bytes + offset, n);
	return 0;
}

static void close_memory(struct blob_source *source)
{
	free(source);
}

static const struct blob_source_kind memory_kind = { "manifest of", read_memory,
	                                             close_memory };

int memory_source_open(const uint8_t *bytes, size_t size, const char *name,
                       struct blob_source **out, struct err *err)
{
	struct memory_source *m = calloc(1, sizeof(*m));

	if (!m)
		return err_nomem(err, "a tensor");
	*m = (struct memory_source){
		.source = { .kind = &memory_kind,
		            .name = name,
		            .size = size,
		            .window = size ? size : 1 },
		.bytes = bytes,
	};
	*out = &m->source;
	return 0;
}
