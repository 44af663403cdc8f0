#include "index/model/model_scan.h"

#include "codec/common/err.h"
#include "index/model/format_table.h"
#include "index/work/file_range.h"

int model_scan(int fd, uint64_t size, struct extents *out, struct err *err)
{
	uint8_t start[MODEL_START];
	size_t n = size < sizeof(start) ? (size_t)size : sizeof(start);
	int rc = file_range_read(fd, 0, start, n, err);

	if (rc)
		return rc;
	rc = 1;
	for (size_t i = 0; rc == 1 && format_at(i); i++)
		if (format_at(i)->sniff(start, n, size))
			rc = format_at(i)->scan(fd, size, out, err);
	return rc;
}
