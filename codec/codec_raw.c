/* Stores frames as they are. Nothing fits into fewer bytes than it has, so this encoder
 * always declines, and a frame that claims to be coded by it is damaged. */
#include "codec/codec_table.h"

#include "codec/common/err.h"

static bool takes(enum dtype dtype)
{
	(void)dtype;
	return true;
}

static size_t encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap)
{
	(void)job;
	(void)src;
	(void)dst;
	(void)cap;
	return 0;
}

static int decode(const struct frame_job *job, const uint8_t *src, size_t n, uint8_t *dst,
                  struct err *err)
{
	(void)job;
	(void)src;
	(void)dst;
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
