#include "index/blob/blob_file.h"

#include "index/blob/blob_source.h"
#include "index/work/file_range.h"

int blob_file_read(const struct blob_file *blob, uint64_t at, void *dst, size_t n,
                   struct err *err)
{
	if (blob->source)
		return blob_source_read(blob->source, at, n, dst, err);
	return file_range_read(blob->fd, blob->offset + at, dst, n, err);
}

int blob_file_read_in_order(const struct blob_file *blob, uint64_t at, void *dst,
                            size_t n, struct err *err)
{
	if (blob->source)
		return blob_source_read_in_order(blob->source, at, n, dst, err);
	return file_range_read(blob->fd, blob->offset + at, dst, n, err);
}

int blob_file_prove(const struct blob_file *blob, struct err *err)
{
	return blob->source ? blob_source_prove(blob->source, &blob->id, err) : 0;
}
