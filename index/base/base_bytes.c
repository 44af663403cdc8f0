#include "index/base/base_bytes.h"

#include "codec/common/err.h"
#include "index/base/relatives.h"
#include "index/blob/bases.h"
#include "index/blob/file_source.h"
#include "index/blob/record_source.h"

static int open_one(const void *ctx, const struct record_base *base,
                    struct blob_source **out, struct err *err)
{
	const struct base_bytes *from = ctx;
	struct err ignored = ERR_INIT;
	const char *path;
	uint64_t offset, size;

	if (from->relatives &&
	    !relatives_local(from->relatives, &base->id, &path, &offset, &size) &&
	    !file_source_open(path, offset, size, out, &ignored))
		return 0;
	return record_source_open_base(from->transfer, &base->id, out, err);
}

int base_bytes_open(const struct base_bytes *from, const struct record_basis *basis,
                    struct bases *out, struct err *err)
{
	const struct bases_opener opener = { open_one, from };

	return bases_open(out, basis, &opener, err);
}
