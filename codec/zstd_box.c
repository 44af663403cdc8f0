#include "codec/zstd_box.h"

#include <stdlib.h>

#include <zstd.h>

#include "codec/common/le.h"

struct zstd_box {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
};

struct zstd_box *zstd_box_new(void)
{
	struct zstd_box *b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	b->compressor = ZSTD_createCCtx();
	b->decompressor = ZSTD_createDCtx();
	if (!b->compressor || !b->decompressor) {
		zstd_box_free(b);
		return NULL;
	}
	return b;
}

void zstd_box_free(struct zstd_box *b)
{
	if (!b)
		return;
	ZSTD_freeCCtx(b->compressor);
	ZSTD_freeDCtx(b->decompressor);
	free(b);
}

size_t zstd_box_encode(struct zstd_box *b, int level, const void *src, size_t n,
                       void *dst, size_t cap)
{
	size_t made = ZSTD_compressCCtx(b->compressor, dst, cap, src, n, level);

	return ZSTD_isError(made) ? 0 : made;
}

/* The library also takes several frames in a row, frames to skip, and those of
 * its early versions. None of them is ours: every content has one spelling. */
static bool is_one_frame(const void *src, size_t n)
{
	return n >= 4 && le32_load(src) == ZSTD_MAGICNUMBER &&
	       ZSTD_findFrameCompressedSize(src, n) == n;
}

/* In one call the library uses `dst` itself as its window, so a frame that
 * claims a huge window costs no memory, and `size` bounds what is written. */
bool zstd_box_decode(struct zstd_box *b, const void *src, size_t n, void *dst,
                     size_t size)
{
	return is_one_frame(src, n) &&
	       ZSTD_decompressDCtx(b->decompressor, dst, size, src, n) == size;
}
