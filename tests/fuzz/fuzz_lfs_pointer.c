/* Any blob, and anything that git-lfs may print: no read past its end, and what is taken
 * is stable. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/git/lfs_pointer.h"
#include "agent/git/lfs_prunable.h"
#include "codec/common/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lfs_pointer first, second;
	struct buf oids = BUF_INIT;

	lfs_prunable_parse((const char *)data, size, &oids);
	if (oids.size > size)
		abort();
	buf_wipe(&oids);
	if (!lfs_pointer_parse(data, size, &first))
		return 0;
	if (size > LFS_POINTER_MAX || first.size > INT64_MAX)
		abort();
	if (!lfs_pointer_parse(data, size, &second) ||
	    !oid_equal(&first.oid, &second.oid) || first.size != second.size)
		abort();
	return 0;
}
