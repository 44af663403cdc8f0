/* Stores frames as they are. Nothing fits less than itself, so this encoder
 * always declines, and a frame that claims to be coded by it is damaged. */
#include "codec/codec_table.h"

#include "codec/common/err.h"

static bool takes(enum dtype dtype)
{
	(void)dtype;
	return true;
}

static size_t encode(const uint8_t *src, const uint8_t *base, size_t size,
                     enum dtype dtype, uint8_t *dst, size_t cap,
                     struct frame_scratch *scratch)
{
	(void)src;
	(void)base;
	(void)size;
	(void)dtype;
	(void)dst;
	(void)cap;
	(void)scratch;
	return 0;
}

static int decode(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
                  size_t size, enum dtype dtype, struct frame_scratch *scratch,
                  struct err *err)
{
	(void)src;
	(void)base;
	(void)dst;
	(void)size;
	(void)dtype;
	(void)scratch;
	return err_set(err, ERR_DAMAGED, "%zu coded bytes in a record that codes nothing",
	               n);
}

const struct codec codec_raw = {
	.id = CODEC_RAW,
	.name = "raw",
	.needs_base = false,
	.mode = FRAME_CODED,
	.takes = takes,
	.encode = encode,
	.decode = decode,
};
