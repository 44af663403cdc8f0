/*
 * BitX (ZipLLM, NSDI '26): the XOR of a tensor with its base's. Where a
 * fine-tune moved a weight little, sign, exponent and upper mantissa bits
 * cancel; the byte planes of what remains, exponents apart from signs and
 * mantissas, go through zstd one by one.
 */
#include "codec/codec_table.h"

#include "codec/frame_scratch.h"
#include "codec/plane_code.h"
#include "codec/planes.h"

enum { LEVEL = 3 };

/* Any bits can be XORed: 8-bit and integer tensors gain from a base as well. */
static bool takes(enum dtype dtype)
{
	return dtype < DTYPE_COUNT;
}

static size_t encode(const uint8_t *src, const uint8_t *base, size_t size,
                     enum dtype dtype, uint8_t *dst, size_t cap,
                     struct frame_scratch *scratch)
{
	struct planes planes = planes_of(dtype, size);

	planes_split(&planes, src, base, scratch->planes);
	return plane_code_encode(&planes, scratch, LEVEL, dst, cap);
}

static int decode(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
                  size_t size, enum dtype dtype, struct frame_scratch *scratch,
                  struct err *err)
{
	struct planes planes = planes_of(dtype, size);

	int rc = plane_code_decode(&planes, scratch, src, n, err);
	if (rc)
		return rc;
	planes_merge(&planes, scratch->planes, base, dst);
	return 0;
}

const struct codec codec_bitx = {
	.id = CODEC_BITX,
	.name = "bitx",
	.needs_base = true,
	.takes = takes,
	.encode = encode,
	.decode = decode,
};
