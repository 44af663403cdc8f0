/*
 * Stored part of raw, and MB/s of one thread, of codecs on safetensors files:
 *
 *     codec_bench FILE [BASE]
 *
 * All tensors of 64 KiB and more, in frames; best of several rounds, in which
 * the codecs take turns so that other work on the machine meets them alike.
 * Encoding is the codec's alone, without frame_encode()'s proof and checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "tests/unit/job_of.h"

enum { ROUNDS = 5, FRAMES_MAX = 1 << 16, TENSOR_MIN = 65536 };

struct file {
	uint8_t *bytes;
	size_t size, data; /* where the tensors' bytes begin */
	cJSON *head;
};

struct frame {
	const uint8_t *src, *base;
	size_t size;
	enum dtype dtype;
};

struct batch {
	struct frame frames[FRAMES_MAX];
	size_t count, raw;
	uint8_t *out; /* coded frames, FRAME_MAX apart within `stored` */
	size_t *stored;
};

static struct file file_open(const char *path)
{
	struct file f = { 0 };
	FILE *in = fopen(path, "rb");

	if (!in || fseek(in, 0, SEEK_END))
		exit(1);
	f.size = (size_t)ftell(in);
	rewind(in);
	f.bytes = malloc(f.size);
	if (!f.bytes || fread(f.bytes, 1, f.size, in) != f.size)
		exit(1);
	fclose(in);
	f.data = 8 + (size_t)le64_load(f.bytes);
	f.head = cJSON_ParseWithLength((const char *)f.bytes + 8, f.data - 8);
	return f;
}

static const uint8_t *tensor(const struct file *f, const char *name, size_t *size,
                             enum dtype *dtype)
{
	cJSON *t = cJSON_GetObjectItemCaseSensitive(f->head, name);
	cJSON *at = cJSON_GetObjectItem(t, "data_offsets");
	cJSON *type = cJSON_GetObjectItem(t, "dtype");

	if (!at || !type)
		return NULL;
	size_t from = (size_t)cJSON_GetArrayItem(at, 0)->valuedouble;
	*size = (size_t)cJSON_GetArrayItem(at, 1)->valuedouble - from;
	*dtype = (enum dtype)dtype_from_name(type->valuestring,
	                                     strlen(type->valuestring));
	return f->bytes + f->data + from;
}

static void collect(struct batch *batch, const struct file *f, const struct file *base)
{
	for (cJSON *t = f->head->child; t; t = t->next) {
		size_t size, base_size = 0;
		enum dtype dtype, base_dtype;
		const uint8_t *src = tensor(f, t->string, &size, &dtype);
		const uint8_t *from =
			base ? tensor(base, t->string, &base_size, &base_dtype) : NULL;
		if (!src || size < TENSOR_MIN || (base && base_size < size))
			continue;
		for (size_t at = 0; at < size; at += frame_size(dtype)) {
			struct frame *fr = &batch->frames[batch->count++];
			*fr = (struct frame){ src + at, from ? from + at : NULL,
				              size - at, dtype };
			if (fr->size > frame_size(dtype))
				fr->size = frame_size(dtype);
			batch->raw += fr->size;
		}
	}
	batch->out = malloc(batch->raw);
	batch->stored = calloc(batch->count + 1, sizeof(*batch->stored));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct result {
	double encode, decode; /* seconds */
	size_t stored;
};

static void round_of(struct batch *batch, const struct codec *codec,
                     struct frame_scratch *scratch, struct result *best)
{
	uint8_t *out = batch->out;
	struct result r = { 0 };

	double t0 = now();
	for (size_t i = 0; i < batch->count; out += batch->frames[i++].size) {
		struct frame *f = &batch->frames[i];
		const struct frame_job job = job_of(codec, f->dtype, f->base, f->size,
		                                    scratch);
		bool same = f->base && memcmp(f->src, f->base, f->size) == 0;
		size_t n = same || !codec->takes(f->dtype)
		                   ? 0
		                   : codec->encode(&job, f->src, out, f->size - 1);
		batch->stored[i] = n;
		r.stored += same ? 0 : n ? n : f->size;
	}
	double t1 = now();
	out = batch->out;
	for (size_t i = 0; i < batch->count; out += batch->frames[i++].size) {
		struct frame *f = &batch->frames[i];
		const struct frame_job job = job_of(codec, f->dtype, f->base, f->size,
		                                    scratch);
		struct err err = ERR_INIT;
		if (!batch->stored[i]) {
			memcpy(scratch->check, f->src, f->size);
		} else if (codec->decode(&job, out, batch->stored[i], scratch->check,
		                         &err)) {
			fprintf(stderr, "%s: %s\n", codec->name, err.text);
			exit(1);
		}
		if (memcmp(scratch->check, f->src, 64 < f->size ? 64 : f->size) != 0) {
			fprintf(stderr, "%s: frame %zu differs\n", codec->name, i);
			exit(1);
		}
	}
	r.decode = now() - t1;
	r.encode = t1 - t0;
	best->stored = r.stored;
	best->encode = !best->encode || r.encode < best->encode ? r.encode : best->encode;
	best->decode = !best->decode || r.decode < best->decode ? r.decode : best->decode;
}

/* One line of the report: a codec, and a kernel where it has some. */
struct entry {
	const struct codec *codec;
	const struct kernel *kernel;
	struct result best;
};

enum { ENTRIES_MAX = 64 };

/* The codec to compare with, then all others of its kind (with a base, or without), each
 * by every kernel that the machine has. */
static unsigned entries_of(struct entry e[ENTRIES_MAX], const struct codec *rival)
{
	unsigned n = 0;
	const struct codec *codec;
	const struct kernel *k;

	e[n++] = (struct entry){ rival, kernel_best(), { 0, 0, 0 } };
	for (unsigned c = 0; (codec = codec_at(c)) != NULL; c++) {
		if (codec == rival || codec->needs_base != rival->needs_base ||
		    codec->id == CODEC_RAW)
			continue;
		for (unsigned i = 0; (k = kernel_at(i)) != NULL && n < ENTRIES_MAX; i++)
			e[n++] = (struct entry){ codec, k, { 0, 0, 0 } };
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct batch batch;
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;
	static struct entry e[ENTRIES_MAX];

	if (argc < 2 || frame_scratch_new(&scratch, &err))
		return 1;
	struct file f = file_open(argv[1]), base = { 0 };
	if (argc > 2)
		base = file_open(argv[2]);
	collect(&batch, &f, argc > 2 ? &base : NULL);
	unsigned n = entries_of(e, argc > 2 ? &codec_bitx : &codec_zstd);
	for (int r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < n; i++) {
			scratch->kernel = e[i].kernel;
			round_of(&batch, e[i].codec, scratch, &e[i].best);
		}
	}
	for (unsigned i = 0; i < n; i++)
		printf("%-6s %-9s %7.3f %% of raw, encode %6.0f MB/s (%4.1fx), decode "
		       "%6.0f "
		       "MB/s (%4.1fx)\n",
		       e[i].codec->name, e[i].kernel->name,
		       100.0 * (double)e[i].best.stored / (double)batch.raw,
		       (double)batch.raw / e[i].best.encode / 1e6,
		       e[0].best.encode / e[i].best.encode,
		       (double)batch.raw / e[i].best.decode / 1e6,
		       e[0].best.decode / e[i].best.decode);
	return 0;
}
