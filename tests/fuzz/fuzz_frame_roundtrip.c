/*
 * A frame there and back. The first three bytes choose the dtype, the codec and
 * how often the rest is repeated; the rest is the frame and then, after half of
 * it, its base.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "tests/unit/job_of.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES = 3, FUZZED_IDS = 8, SMALL = 1 << 20 };

static void require(int holds)
{
	if (!holds)
		abort();
}

/* `times` copies of the `n` bytes, in an allocation of that exact size. */
static uint8_t *repeat(const uint8_t *bytes, size_t n, size_t times)
{
	uint8_t *out = malloc(n * times);

	require(out != NULL);
	for (size_t i = 0; i < times; i++)
		memcpy(out + i * n, bytes, n);
	return out;
}

static void round_trip(const struct codec *codec, enum dtype dtype, const uint8_t *src,
                       const uint8_t *base, size_t size)
{
	struct frame_scratch *scratch = NULL;
	struct err err = ERR_INIT;
	struct frame_out out;
	uint8_t *stored = malloc(size), *back = malloc(size);

	require(stored && back && frame_scratch_new(&scratch, &err) == 0);
	const struct frame_job job = job_of(codec, dtype, base, size, scratch);
	require(frame_encode(&job, src, stored, &out, &err) == 0);
	require(frame_out_valid(&out, dtype, size));
	uint8_t *exact = malloc(out.stored + 1);
	require(exact != NULL);
	memcpy(exact, stored, out.stored);
	require(frame_decode(&job, &out, exact, back, &err) == 0);
	require(memcmp(back, src, size) == 0);
	free(stored);
	free(back);
	free(exact);
	frame_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < CHOICES + 2)
		return 0;
	enum dtype dtype = (enum dtype)(data[0] % DTYPE_COUNT);
	const struct codec *codec = codec_by_id(data[1] % FUZZED_IDS);
	size_t half = (size - CHOICES) / 2, times = 1 + data[2];

	if (!codec || half * times > SMALL)
		return 0;
	uint8_t *src = repeat(data + CHOICES, half, times);
	uint8_t *base = repeat(data + CHOICES + half, half, times);
	round_trip(codec, dtype, src, base, half * times);
	free(src);
	free(base);
	return 0;
}
