/* Any bytes as a sparse frame; the first four choose dtype and length. What is one is
 * made again of what it stands for, and means the same. */
#include <stdlib.h>
#include <string.h>

#include "codec/common/le.h"
#include "codec/sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const uint8_t *src, const uint8_t *base, size_t size, enum dtype dtype)
{
	uint8_t *made = malloc(size), *back = malloc(size);
	uint32_t *room = malloc(SPARSE_MOST * sizeof(*room));
	size_t n = sparse_encode(src, base, size, dtype, made, size, room);

	if (n && (!sparse_decode(made, n, base, back, size, dtype) ||
	          memcmp(back, src, size) != 0))
		abort();
	free(made);
	free(back);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 4)
		return 0;
	enum dtype dtype = (enum dtype)(data[0] % DTYPE_COUNT);
	size_t size = 1 + le16_load(data + 2) * (1u + (data[1] & 7));
	uint8_t *base = malloc(size), *out = malloc(size);

	for (size_t i = 0; i < size; i++)
		base[i] = (uint8_t)(i * 37 + (i >> 7) + data[1]);
	if (sparse_decode(data + 4, n - 4, base, out, size, dtype)) {
		if (memcmp(base, out, size) == 0)
			abort(); /* something must differ */
		again(out, base, size, dtype);
	}
	free(base);
	free(out);
	return 0;
}
