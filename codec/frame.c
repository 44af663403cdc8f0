#include "codec/frame.h"

#include <stdbool.h>

#include "codec/common/err.h"
#include "codec/low_rank_frame.h"
#include "codec/parted_frame.h"
#include "codec/parts.h"
#include "codec/simple_frame.h"

size_t frame_size(enum dtype dtype)
{
	return (size_t)FRAME_VALUES * dtype_unit(dtype);
}

static bool has_parts(const struct frame_job *job)
{
	return job->parts && job->parts->count;
}

int frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                 struct frame_out *out, struct err *err)
{
	if (job->low_rank)
		return low_rank_frame_encode(job, src, dst, out, err);
	return (has_parts(job) ? parted_frame_encode : simple_frame_encode)(job, src, dst,
	                                                                    out, err);
}

/* Only frames in mode CODED are another one with parts or a product. */
int frame_decode(const struct frame_job *job, const struct frame_out *in,
                 const uint8_t *src, uint8_t *dst, struct err *err)
{
	if ((!has_parts(job) && !job->low_rank) || in->mode != FRAME_CODED)
		return simple_frame_decode(job, in, src, dst, err);
	if (!frame_out_valid(in, job->dtype, job->size))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes cannot be coded in %zu", job->size,
		               in->stored);
	int rc = (job->low_rank ? low_rank_frame_restore
	                        : parted_frame_restore)(job, in, src, dst, err);
	if (rc)
		return rc;
	struct xxh128 sum = xxh128_of(dst, job->size);
	return xxh128_equal(&sum, &in->sum)
	               ? 0
	               : err_set(err, ERR_DAMAGED,
	                         "a frame of %zu bytes fails its checksum", job->size);
}
