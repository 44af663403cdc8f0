/* Any bytes as a file, whatever format takes it: the extents cover it without a hole, are
 * of kinds that the format has, and are no more than a manifest may hold; also when its
 * stacks are cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/manifest/manifest_layout.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"
#include "index/model/model_scan.h"
#include "index/model/stack_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int holds)
{
	if (!holds)
		abort();
}

static void check(const struct extents *x)
{
	const struct model_format *format = format_of(x->model);
	struct manifest_tally tally = { .version = manifest_version(x) };

	need(x->count <= manifest_extents_limit(x->size));
	for (size_t i = 0; i < x->count; i++) {
		struct extent one = x->list[i];
		one.inlined = one.size == 0;
		need((format->may_have & MODEL_MAY_HAVE(one.kind)) != 0);
		need(!manifest_tally_add(&tally, &one));
		need(!one.dim_count == !one.dims);
	}
	need(tally.end == x->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct extents x;
	struct err err = ERR_INIT;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	need(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	need(!model_scan(fd, size, &x, &err) && x.size == size);
	check(&x);
	need(!stacks_cut(&x, NULL, &err));
	check(&x);
	extents_wipe(&x);
	close(fd);
	return 0;
}
