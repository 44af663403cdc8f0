/* Any blob: no read past its end, and what is taken is stable. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/git/lfs_pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lfs_pointer first, second;

	if (!lfs_pointer_parse(data, size, &first))
		return 0;
	if (size > LFS_POINTER_MAX || first.size > INT64_MAX)
		abort();
	if (!lfs_pointer_parse(data, size, &second) ||
	    !oid_equal(&first.oid, &second.oid) || first.size != second.size)
		abort();
	return 0;
}
