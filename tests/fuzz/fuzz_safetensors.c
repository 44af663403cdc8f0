/* Any bytes as a file: what is taken must cover it without a hole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/model/extent.h"
#include "index/model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_extent(const struct extent *x)
{
	if ((x->kind == EXTENT_TENSOR) != (x->name != NULL))
		abort();
	if (x->kind != EXTENT_TENSOR && (!x->size || x->dtype != DTYPE_BYTES))
		abort();
	if (x->dim_count > TENSOR_DIMS_MAX || (unsigned)x->dtype >= DTYPE_COUNT)
		abort();
	if (x->name && strlen(x->name) > TENSOR_NAME_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct extents x;
	struct err why = ERR_INIT;
	uint64_t at = 0;
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	int rc = safetensors_parse(copy, size, size, &x, &why);

	if (rc) {
		if (!why.text[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < x.count; i++) {
		check_extent(&x.list[i]);
		if (x.list[i].offset != at)
			abort();
		at += x.list[i].size;
	}
	if (at != size || x.size != size)
		abort();
	extents_wipe(&x);
	return 0;
}
