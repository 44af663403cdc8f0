/*
 * BitX, of the ZipLLM paper: the XOR of a tensor with its base's. Where a
 * fine-tune moved a weight little, sign, exponent and upper mantissa bits
 * cancel; the byte planes of what remains, exponents apart from signs and
 * mantissas, go through zstd one by one.
 */
#include "codec/codec_table.h"

#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/plane_code.h"
#include "codec/planes.h"

/*
 * The paper's level. Times smaller than raw at levels 1 and 3, on the pairs of
 * tests' real data (zstd 1.5.4, one core, frames of 256 Ki values):
 *
 *              sft-a  sft-c  ckpt-4  purebf16  merged  fp16   fp8    int8
 *     level 1  3.17   4.67   2.217   11.96     18.83   1.780  3.62   3.66
 *     level 3  2.92   4.37   2.198   12.00     18.90   1.784  3.65   3.71
 *
 * Level 1 wins where XOR leaves noise, in which there is nothing to match, and
 * codes twice as fast (about 380 against 160 MB/s; decoding 950 and 700); 3 wins
 * where most bytes are zero. Neither is always better, so the paper's stays.
 */
enum { LEVEL = 3 };

/* Any bits can be XORed: 8-bit and integer tensors gain from a base as well. */
static bool takes(enum dtype dtype)
{
	return dtype < DTYPE_COUNT;
}

static size_t encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap)
{
	struct planes planes = planes_of(job->dtype, job->size);

	planes_split(&planes, src, job->base, job->scratch->planes);
	return plane_code_encode(&planes, job->scratch, LEVEL, dst, cap);
}

static int decode(const struct frame_job *job, const uint8_t *src, size_t n, uint8_t *dst,
                  struct err *err)
{
	struct planes planes = planes_of(job->dtype, job->size);

	int rc = plane_code_decode(&planes, job->scratch, src, n, err);
	if (rc)
		return rc;
	planes_merge(&planes, job->scratch->planes, job->base, dst);
	return 0;
}

const struct codec codec_bitx = {
	.id = CODEC_BITX,
	.name = "bitx",
	.needs_base = true,
	.mode = FRAME_CODED,
	/* Several times slower than `ulp`, which mostly makes less. */
	.policy = { .first_values = 8 * 1024,
	            .behind_percent = 110,
	            .keep_below_percent = 97 },
	.takes = takes,
	.encode = encode,
	.decode = decode,
};
