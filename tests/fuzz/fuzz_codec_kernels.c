/* Any values through ulp and float and back: the input chooses dtype, kernels to
 * encode and to decode, length and base. All kernels must make the same bytes. */
#include "tests/fuzz/fuzz_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct codec *codec, const uint8_t *src, const uint8_t *base,
                       size_t size, enum dtype dtype, unsigned decoder)
{
	size_t cap = 2 * size + 4096, first = 0;
	uint8_t *made = malloc(cap), *again = malloc(cap), *back = malloc(size);
	struct err err = ERR_INIT;

	for (unsigned k = 0; kernel_at(k); k++) {
		const struct frame_job job = job_of(codec, dtype, base, size,
		                                    fuzz_scratch(k));
		size_t n = codec->encode(&job, src, k ? again : made, cap);
		first = k ? first : n;
		if (n != first || (k && memcmp(made, again, n) != 0))
			abort();
	}
	const struct frame_job job = job_of(codec, dtype, base, size,
	                                    fuzz_scratch(decoder));
	if (first && (codec->decode(&job, made, first, back, &err) ||
	              memcmp(back, src, size) != 0))
		abort();
	free(made);
	free(again);
	free(back);
}

/* Stretches the input to `size` bytes, with small differences from one copy to
 * the next; `turn` is where it begins. */
static uint8_t *stretch(const uint8_t *data, size_t n, size_t size, size_t turn)
{
	uint8_t *p = malloc(size);

	for (size_t i = 0; i < size; i++)
		p[i] = n ? (uint8_t)(data[(i + turn) % n] + (i / n & 1)) : 0;
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 6)
		return 0;
	enum dtype dtype = fuzz_dtypes[data[0] & 7];
	size_t size = 1 + le16_load(data + 2) * (1u + (data[1] & 3));
	uint8_t *src = stretch(data + 6, n - 6, size, 0);
	uint8_t *base = stretch(data + 6, n - 6, size, data[4]);

	/* A base that is near, or has nothing to do with the values. */
	for (size_t i = 0; i < size && data[5] & 1; i++)
		base[i] = src[i] ^ (i * 40503 % 256 < data[5]);
	round_trip(&codec_ulp, src, base, size, dtype, data[1] >> 4);
	round_trip(&codec_float, src, NULL, size, dtype, data[1] >> 4);
	free(src);
	free(base);
	return 0;
}
