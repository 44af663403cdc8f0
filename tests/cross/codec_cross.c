/*
 * The codecs on any machine, without a library: `codec_cross KERNEL` codes made-up
 * frames by the kernel of that name, restores them, and prints a line for each with the
 * sum of what was stored; `codec_cross golden` reads lines of the golden lists, with
 * good or bad before them, from its standard input. The lines are the same on every
 * machine (run.sh compares them). Exits with 1 where something is wrong in itself, and
 * with 77 where this machine has no such kernel.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/hex.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "tests/golden/golden_record.h"
#include "tests/unit/float_cases.h"
#include "tests/unit/job_of.h"

enum { NO_KERNEL = 77 };

/* In values; a whole frame last. */
static const size_t lengths[] = {
	1, 63, 64, 65, 1000, 16383, 16384, 16385, FRAME_VALUES
};

/* Contents beyond those of float_cases.h. */
enum { CASE_EQUAL = CASES, CASE_CONSTANT, CASE_PLANES, CROSS_CASES };

static const char *const case_names[] = { "special", "noise",    "tuned", "sparse",
	                                  "equal",   "constant", "planes" };

/* One test's machine: what is used in all cases. */
struct cross {
	struct frame_scratch *scratch;
	uint8_t *src, *base, *made, *back; /* FRAME_MAX + 8 bytes each */
	unsigned wrong;
};

static const char *text_of(const uint8_t *bytes, size_t n)
{
	static char text[2 * XXH128_SIZE + 1];
	struct xxh128 sum = xxh128_of(bytes, n);

	hex_format(sum.bytes, XXH128_SIZE, text);
	return text;
}

static void complain(struct cross *x, const char *what)
{
	printf("WRONG: %s\n", what);
	x->wrong++;
}

static void fill_case(struct cross *x, unsigned which, size_t n, enum dtype dtype)
{
	size_t unit = dtype_unit(dtype);

	if (which < CASES) {
		/* float_cases.h knows no wider ones. */
		case_fill(which, x->src, x->base, n, unit > 4 ? DTYPE_F32 : dtype);
		return;
	}
	case_noise(x->src, x->base, n);
	if (which == CASE_EQUAL)
		memcpy(x->src, x->base, n);
	for (size_t i = unit; which == CASE_CONSTANT && i < n; i++)
		x->src[i] = x->src[i - unit];
	/* One byte of each unit is that of the base, and the same in all units. */
	for (size_t i = unit - 1; which == CASE_PLANES && i < n; i += unit)
		x->src[i] = x->base[i] = 0x3f;
}

/* Every bit of some bytes flipped, and every cut there, is refused: the sums are right,
 * and only bits that fill up a byte may be anything. Returns how many were not. */
static unsigned damage(struct cross *x, const struct frame_job *job,
                       const struct frame_out *out)
{
	unsigned accepted = 0;
	struct err err = ERR_INIT;
	size_t step = out->stored / 150 + 1;

	for (size_t at = 0; at < out->stored; at += step) {
		struct frame_out cut = *out;
		x->made[at] ^= (uint8_t)(1u << at % 8);
		accepted += frame_decode(job, out, x->made, x->back, &err) != ERR_DAMAGED;
		x->made[at] ^= (uint8_t)(1u << at % 8);
		cut.stored = at;
		accepted += frame_decode(job, &cut, x->made, x->back, &err) !=
		            ERR_DAMAGED;
	}
	return accepted;
}

static void one_frame(struct cross *x, const struct codec *codec, enum dtype dtype,
                      unsigned which, size_t size)
{
	const struct frame_job job = job_of(codec, dtype, x->base, size, x->scratch);
	struct err err = ERR_INIT;
	struct frame_out out;

	fill_case(x, which, size, dtype);
	printf("%s %s %s %zu", codec->name, dtype_name(dtype), case_names[which], size);
	int rc = frame_encode(&job, x->src, x->made, &out, &err);
	if (rc) {
		printf(" %d\n", rc);
		if (size > 0)
			complain(x, err.text);
		return;
	}
	printf(" mode %d, %zu bytes, %s", (int)out.mode, out.stored,
	       text_of(x->made, out.stored));
	memset(x->back, 0xee, size);
	rc = frame_decode(&job, &out, x->made, x->back, &err);
	bool same = !rc && memcmp(x->back, x->src, size) == 0;
	if (out.mode != FRAME_RAW && out.stored > 8 && size <= 65 * 8)
		printf(", %u accepted", damage(x, &job, &out));
	printf("\n");
	if (!same)
		complain(x, rc ? err.text : "other bytes came back");
}

static void all_sizes(struct cross *x, const struct codec *codec, enum dtype dtype,
                      unsigned which)
{
	size_t unit = dtype_unit(dtype);

	size_t count = sizeof(lengths) / sizeof(lengths[0]);

	/* Byte planes are alike in all frames: a whole one of one dtype will do. */
	if (codec != &codec_float && codec != &codec_ulp && dtype != DTYPE_BF16)
		count--;
	one_frame(x, codec, dtype, which, 0);
	for (size_t i = 0; i < count; i++)
		one_frame(x, codec, dtype, which, lengths[i] * unit);
	for (size_t odd = 1; odd < unit; odd++)
		one_frame(x, codec, dtype, which, 16385 * unit + odd);
}

/* A codec with the dtypes that it takes; `raw` takes all and does the same with all. */
static void all_frames(struct cross *x)
{
	const struct codec *codec;

	for (unsigned c = 0; (codec = codec_at(c)) != NULL; c++)
		for (unsigned d = 0; d < DTYPE_COUNT; d++)
			for (unsigned w = 0; w < CROSS_CASES; w++)
				if (codec->takes((enum dtype)d) &&
				    (codec != &codec_raw || d <= DTYPE_U16))
					all_sizes(x, codec, (enum dtype)d, w);
}

/* Every value of the smaller formats, and many of F32. */
static void all_casts(struct cross *x)
{
	static const enum dtype dtypes[] = { DTYPE_BF16, DTYPE_F16, DTYPE_F32 };
	enum { COUNT = 1 << 16 };

	for (int from = 0; from < 3; from++) {
		uint64_t seed = 11;
		for (uint32_t i = 0; i < COUNT; i++) {
			size_t unit = dtype_unit(dtypes[from]);
			uint32_t v = unit == 2
			                     ? i
			                     : i << 16 ^ (uint32_t)case_next(&seed) >> 7;
			for (size_t k = 0; k < unit; k++)
				x->src[i * unit + k] = (uint8_t)(v >> 8 * k);
		}
		for (int to = 0; to < 3; to++) {
			if (from == to)
				continue;
			cast_values(dtypes[from], dtypes[to], x->src, COUNT, x->made);
			printf("cast %s %s %s\n", dtype_name(dtypes[from]),
			       dtype_name(dtypes[to]),
			       text_of(x->made, COUNT * dtype_unit(dtypes[to])));
		}
	}
}

/* ---- golden records */

static bool read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	for (size_t n = 1; n && buf_reserve(out, 65536);) {
		n = fread(out->data + out->size, 1, 65536, f);
		out->size += n;
	}
	fclose(f);
	return !out->failed;
}

static void one_golden(struct cross *x, const char *folder, const char *name,
                       const char *based)
{
	struct buf record = BUF_INIT, base = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	char path[512];

	snprintf(path, sizeof(path), "tests/golden/%s/%s.rec", folder, name);
	bool found = read_whole(path, &record);
	snprintf(path, sizeof(path), "tests/golden/good/%s.base", based);
	if (strcmp(based, "-") != 0)
		found = read_whole(path, &base) && found;
	int rc = golden_decode(&record, &base, &out, &err);
	printf("golden %s %s %d %s\n", folder, name, rc,
	       rc ? err.text : text_of(out.data, out.size));
	if (!found)
		complain(x, "there is no such file");
	else if (rc != (strcmp(folder, "bad") == 0 ? ERR_DAMAGED : 0))
		complain(x, "that is not the answer");
	buf_wipe(&record);
	buf_wipe(&base);
	buf_wipe(&out);
}

static void all_golden(struct cross *x)
{
	char folder[8], name[128], based[128], expected[128];

	while (scanf("%7s %127s %127s %127s", folder, name, based, expected) == 4)
		one_golden(x, folder, name, based);
}

static int cross_open(struct cross *x)
{
	struct err err = ERR_INIT;

	*x = (struct cross){ .src = calloc(4, FRAME_MAX + 8) };
	if (!x->src || frame_scratch_new(&x->scratch, &err))
		return -1;
	x->base = x->src + FRAME_MAX + 8;
	x->made = x->base + FRAME_MAX + 8;
	x->back = x->made + FRAME_MAX + 8;
	return 0;
}

int main(int argc, char **argv)
{
	struct cross x;

	if (argc != 2 || cross_open(&x))
		return 2;
	if (strcmp(argv[1], "golden") == 0) {
		all_golden(&x);
	} else {
		x.scratch->kernel = kernel_by_name(argv[1]);
		if (!x.scratch->kernel)
			return NO_KERNEL;
		all_frames(&x);
		all_casts(&x);
	}
	frame_scratch_free(x.scratch);
	free(x.src);
	return x.wrong > 0;
}
