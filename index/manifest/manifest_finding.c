/*
 * What was found when an extent was pushed: the candidates for its base, its place in
 * a series, its sketch. The block says how long it is; a newer program may put more
 * behind what we know.
 */
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/cursor.h"
#include "index/manifest/manifest_layout.h"
#include "index/model/extent.h"

enum {
	CANDIDATE_SIZE = 1 + 1 + 3 * 2 + SHA256_SIZE,
	FIXED_SIZE = 1 + 2 + 4 + 1, /* count, series, whether there is a sketch */
	SKETCH_SIZE = 1 + SKETCH_BYTES,
	STORED_SIZE = 8, /* of a record; one, and one for each base */
	BY_VALUES = 64,  /* beside a candidate's source */
	IN_PARTS = 128
};

bool manifest_has_finding(const struct extent_finding *f)
{
	return f->candidate_count || f->series_length || f->sketch.known || f->stored;
}

void manifest_add_finding(struct buf *body, const struct extent_finding *f)
{
	size_t size = FIXED_SIZE + f->candidate_count * (size_t)CANDIDATE_SIZE +
	              (f->sketch.known ? SKETCH_SIZE : 0) +
	              (f->stored ? (1 + f->base_count) * (size_t)STORED_SIZE : 0);

	buf_add_u16(body, (uint16_t)size);
	buf_add_u8(body, (uint8_t)f->candidate_count);
	for (unsigned i = 0; i < f->candidate_count; i++) {
		const struct extent_candidate *c = &f->candidates[i];
		buf_add_u8(body, (uint8_t)c->dtype);
		buf_add_u8(body, (uint8_t)(c->source | (c->in_parts ? IN_PARTS : 0) |
		                           (c->by_values ? BY_VALUES : 0)));
		buf_add_u16(body, c->bits);
		buf_add_u16(body, c->steps);
		buf_add_u16(body, c->permille);
		buf_add(body, c->id.bytes, SHA256_SIZE);
	}
	buf_add_u16(body, f->series_length);
	buf_add_u32(body, f->series_spent);
	buf_add_u8(body, f->sketch.known);
	if (f->sketch.known) {
		buf_add_u8(body, f->sketch.band);
		buf_add(body, f->sketch.values, SKETCH_BYTES);
	}
	if (!f->stored)
		return;
	buf_add_u64(body, f->stored);
	for (unsigned i = 0; i < f->base_count; i++)
		buf_add_u64(body, f->base_stored[i]);
}

static bool read_candidate(struct cursor *c, struct extent_candidate *out)
{
	unsigned dtype = cursor_u8(c);

	if (dtype >= DTYPE_COUNT)
		return false;
	out->dtype = (enum dtype)dtype;
	unsigned source = cursor_u8(c);
	out->source = (uint8_t)(source & (BY_VALUES - 1));
	out->by_values = (source & BY_VALUES) != 0;
	out->in_parts = (source & IN_PARTS) != 0;
	out->bits = cursor_u16(c);
	out->steps = cursor_u16(c);
	out->permille = cursor_u16(c);
	cursor_copy(c, out->id.bytes, SHA256_SIZE);
	return true;
}

/* Older manifests end before these. */
static void read_stored(struct cursor *in, struct extent_finding *f)
{
	uint64_t stored = cursor_u64(in), of_bases[EXTENT_BASES_MAX] = { 0 };

	for (unsigned i = 0; i < f->base_count; i++)
		of_bases[i] = cursor_u64(in);
	if (in->bad)
		return;
	f->stored = stored;
	memcpy(f->base_stored, of_bases, sizeof(of_bases));
}

void manifest_read_finding(struct cursor *c, struct extent_finding *f)
{
	size_t size = cursor_u16(c);
	const uint8_t *bytes = cursor_take(c, size);
	struct extent_finding found = *f;

	if (!bytes)
		return;
	struct cursor in = cursor_over(bytes, size);
	found.candidate_count = cursor_u8(&in);
	if (found.candidate_count > EXTENT_CANDIDATES_MAX)
		return;
	for (unsigned i = 0; i < found.candidate_count; i++)
		if (!read_candidate(&in, &found.candidates[i]))
			return;
	found.series_length = cursor_u16(&in);
	found.series_spent = cursor_u32(&in);
	found.sketch.known = cursor_u8(&in) != 0;
	if (found.sketch.known) {
		found.sketch.band = cursor_u8(&in);
		cursor_copy(&in, found.sketch.values, SKETCH_BYTES);
	}
	if (in.bad)
		return;
	*f = found;
	read_stored(&in, f);
}
