#include "codec/frame_scratch.h"

#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "codec/frame_job.h"
#include "codec/kernel/kernel.h"
#include "codec/rans_room.h"
#include "codec/zstd_box.h"

enum { BUFFERS = 7 }; /* of FRAME_MAX bytes, in one piece */

/* Memory, all zeros, from a line's first byte on; *whole is what to free. */
static void *lines_of(size_t size, void **whole)
{
	uint8_t *bytes = calloc(1, size + ROOM_LINE);

	*whole = bytes;
	return bytes ? bytes + (ROOM_LINE - (uintptr_t)bytes % ROOM_LINE) % ROOM_LINE
	             : NULL;
}

int frame_scratch_new(struct frame_scratch **out, struct err *err)
{
	struct frame_scratch *s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err, "coding frames");
	s->zstd = zstd_box_new();
	s->rans = lines_of(sizeof(*s->rans), &s->memory[0]);
	s->kernel = kernel_best();
	s->planes = lines_of((size_t)BUFFERS * FRAME_MAX, &s->memory[1]);
	s->hasher = xxh128_new();
	if (!s->zstd || !s->rans || !s->planes || !s->hasher) {
		frame_scratch_free(s);
		return err_nomem(err, "coding frames");
	}
	s->check = s->planes + FRAME_MAX;
	s->values = s->check + FRAME_MAX;
	s->predicted = s->values + FRAME_MAX;
	s->joined = s->predicted + FRAME_MAX;
	*out = s;
	return 0;
}

void frame_scratch_free(struct frame_scratch *s)
{
	if (!s)
		return;
	zstd_box_free(s->zstd);
	free(s->memory[0]);
	free(s->memory[1]);
	xxh128_free(s->hasher);
	free(s);
}

void frame_scratch_sum(struct frame_scratch *s, const uint8_t *end)
{
	if (!s->sum)
		return;
	xxh128_add(s->sum, s->summed, (size_t)(end - s->summed));
	s->summed = end;
}
