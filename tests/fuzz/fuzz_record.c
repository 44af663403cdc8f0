/*
 * A record from outside: its head is parsed and, where that succeeds and the
 * blob is small, its frames are decoded from what follows, by the record's
 * codec and by every other.
 *
 * The head's sum is made right first: whoever forges a record can do so too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/low_rank.h"
#include "codec/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 1 << 22 };

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Decodes frame `i` by every codec from `n` bytes; errors are good answers. */
static void decode_frame(const struct record_head *head, uint32_t i, const uint8_t *src,
                         struct frame_scratch *scratch)
{
	size_t size = record_frame_size(head, i);
	uint8_t *dst = malloc(size), *base = calloc(1, size);
	/* Exactly as many bytes as the frame has, so that ASan sees one more. */
	uint8_t *exact = malloc(head->frames[i].stored + 1);
	struct err err = ERR_INIT;

	require(dst && base && exact);
	memcpy(exact, src, head->frames[i].stored);
	for (unsigned c = 0; codec_at(c); c++) {
		struct frame_job f = {
			.codec = codec_at(c),
			.dtype = head->dtype,
			.parts = &head->basis.parts,
			.start = record_frame_start(head, i) / dtype_unit(head->dtype),
			.base = base,
			.size = size,
			.scratch = scratch,
			.low_rank = head->low_rank,
		};
		frame_decode(&f, &head->frames[i], exact, dst, &err);
	}
	free(dst);
	free(base);
	free(exact);
}

static void decode_frames(const struct record_head *head, const uint8_t *body)
{
	struct frame_scratch *scratch = NULL;
	struct err err = ERR_INIT;

	require(frame_scratch_new(&scratch, &err) == 0);
	for (uint32_t i = 0; i < head->frame_count; i++) {
		decode_frame(head, i, body, scratch);
		body += head->frames[i].stored;
	}
	frame_scratch_free(scratch);
}

/* What a parsed head promises of its parts: they have no fault, and runs cover all. */
static void check_parts(const struct record_head *head)
{
	const struct record_basis *b = &head->basis;
	uint64_t values = head->size / dtype_unit(head->dtype), at = 0;

	require((head->prediction == PREDICTION_PARTS) == (b->parts.count > 0));
	if (!b->parts.count)
		return;
	require(record_basis_fault(b, head->dtype, head->size) == NULL);
	for (unsigned steps = 0; at < values && steps < SMALL; steps++) {
		struct part_run run = parts_run(&b->parts, at, values - at);
		require(run.length >= 1 && run.length <= values - at);
		if (run.part)
			require(run.from + run.length <=
			        parts_need(&b->parts, run.part->base));
		at += run.length;
	}
}

/* What it promises of its product: it suits the blob and the frames. */
static void check_product(const struct record_head *head)
{
	require((head->prediction == PREDICTION_LOW_RANK) == (head->low_rank != NULL));
	if (head->low_rank)
		require(low_rank_fault(head->low_rank, head->dtype, head->size,
		                       head->frame_size) == NULL);
}

/* Parses a head of `n` bytes; `rest` bytes follow it. */
static void parse(const uint8_t *bytes, size_t n, size_t rest)
{
	struct record_head head;
	struct err err = ERR_INIT;
	uint64_t body = 0, decoded = 0, stored = 0;

	if (record_head_parse(bytes, n, &head, &body, &err))
		return;
	for (uint32_t i = 0; i < head.frame_count; i++) {
		require(head.frames[i].stored <= record_frame_size(&head, i));
		stored += head.frames[i].stored;
		decoded += record_frame_size(&head, i);
	}
	require(stored == body && decoded == head.size);
	/* Right factors may have been written with another k than the shortest. */
	require(head.low_rank ? record_head_size(&head) <= n
	                      : record_head_size(&head) == n);
	check_parts(&head);
	check_product(&head);
	if (body <= rest && head.size <= SMALL)
		decode_frames(&head, bytes + n);
	record_head_wipe(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	size_t n;

	if (record_head_measure(data, size, &n, &err) || n > size)
		return 0;
	uint8_t *copy = malloc(size);
	require(copy != NULL);
	memcpy(copy, data, size);
	struct xxh128 sum = xxh128_of(copy, n - 8);
	memcpy(copy + n - 8, sum.bytes, 8);
	parse(copy, n, size - n);
	free(copy);
	return 0;
}
