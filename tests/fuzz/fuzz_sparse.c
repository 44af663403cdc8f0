/* Any bytes as a sparse frame; the first four choose dtype and length. What is one is
 * made again of what it stands for, and means the same. */
#include <stdlib.h>
#include <string.h>

#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct frame_job job, const uint8_t *src)
{
	uint8_t *made = malloc(job.size), *back = malloc(job.size);
	struct frame_scratch scratch = { .planes = malloc(FRAME_VALUES / 8 * 4) };
	job.scratch = &scratch;
	size_t n = sparse_encode(&job, src, made, job.size);

	if (n &&
	    (!sparse_decode(&job, made, n, back) || memcmp(back, src, job.size) != 0))
		abort();
	free(made);
	free(back);
	free(scratch.planes);
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
	const struct frame_job job = { .dtype = dtype, .base = base, .size = size };
	if (sparse_decode(&job, data + 4, n - 4, out)) {
		if (memcmp(base, out, size) == 0)
			abort(); /* something must differ */
		again(job, out);
	}
	free(base);
	free(out);
	return 0;
}
