#include "codec/coded_frame.h"

#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/rans_coder.h"
#include "codec/rans_room.h"

size_t coded_frame_chunk(size_t n, size_t at)
{
	return n - at < ROOM_CHUNK ? n - at : ROOM_CHUNK;
}

static size_t values(const struct frame_job *job)
{
	return job->size / dtype_unit(job->dtype);
}

static size_t odd_bytes(const struct frame_job *job)
{
	return job->size % dtype_unit(job->dtype);
}

bool coded_frame_fits(const struct frame_job *job)
{
	return values(job) <= FRAME_VALUES;
}

bool coded_frame_open(struct coded_frame *f, const struct frame_job *job,
                      struct cursor *rest)
{
	f->odd = cursor_take(rest, odd_bytes(job));
	f->reader.kernel = job->scratch->kernel;
	return f->odd && (f->form == FRAME_CODED ? rans_coder_open_v1 : rans_coder_open)(
				 &f->reader, rest->at, rest->left, values(job));
}

void coded_frame_end(const struct coded_frame *f, const struct frame_job *job,
                     uint8_t *dst)
{
	size_t odd = odd_bytes(job);

	memcpy(dst + job->size - odd, f->odd, odd);
}

int coded_frame_damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "the %s are damaged", what);
}
