/* What fuzz_ulp.c and fuzz_float.c do alike: the input is a frame that claims to
 * be tight or coded. Its first four bytes choose dtype, form and length. */
#ifndef ZLLM_FUZZ_DECODER_H
#define ZLLM_FUZZ_DECODER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "tests/unit/job_of.h"

static const enum dtype fuzz_dtypes[8] = { DTYPE_BF16,    DTYPE_F16,
	                                   DTYPE_F32,     DTYPE_F8_E4M3,
	                                   DTYPE_F8_E5M2, DTYPE_F8_E4M3FNUZ,
	                                   DTYPE_BF16,    DTYPE_F8_E5M2FNUZ };

/* Kept for the process' life, as a worker keeps it. */
static inline struct frame_scratch *fuzz_scratch(unsigned kernel)
{
	static struct frame_scratch *scratch;
	struct err err = ERR_INIT;

	if (!scratch && frame_scratch_new(&scratch, &err))
		abort();
	scratch->kernel = kernel_at(kernel) ? kernel_at(kernel) : kernel_best();
	return scratch;
}

/* All kernels must agree on whether the input is a frame, and on the bytes. */
static inline int fuzz_decode(const struct codec *codec, const uint8_t *data, size_t n)
{
	if (n < 4)
		return 0;
	enum dtype dtype = fuzz_dtypes[data[0] & 7];
	if (data[0] & 16 && codec->takes(DTYPE_I8))
		dtype = DTYPE_I8;
	size_t size = 1 + le16_load(data + 2) * (1u + (data[1] & 3));
	uint8_t *base = malloc(size), *first = calloc(1, size), *other = calloc(1, size);
	int rc_first = 0;

	for (size_t i = 0; i < size; i++)
		base[i] = (uint8_t)(i * 37 + (i >> 7) + data[1]);
	for (unsigned k = 0; kernel_at(k); k++) {
		struct err err = ERR_INIT;
		const struct frame_job job = job_of(codec, dtype, base, size,
		                                    fuzz_scratch(k));
		int rc = (data[0] & 8 ? codec->decode_v1 : codec->decode)(
			&job, data + 4, n - 4, k ? other : first, &err);
		rc_first = k ? rc_first : rc;
		if (rc != rc_first || (rc == 0 && k && memcmp(first, other, size) != 0))
			abort();
	}
	free(base);
	free(first);
	free(other);
	return 0;
}

#endif
