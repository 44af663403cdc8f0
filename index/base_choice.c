#include "index/base_choice.h"

#include <stdbool.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob_find.h"
#include "index/blob_put.h"
#include "index/blob_reader.h"
#include "index/blob_source.h"
#include "index/file_range.h"
#include "index/model/extents.h"
#include "index/relatives.h"
#include "index/scratch_shelf.h"
#include "index/transfer.h"

enum {
	SAMPLES = 4,               /* spread evenly over the tensor */
	SAMPLE_VALUES = 32 * 1024, /* values in each */
	MARGIN_PERCENT = 97        /* a delta has to be that much smaller than solo */
};

/* The samples of the tensor, and of one base after another. */
struct tasting {
	const struct blob_file *blob;
	size_t piece; /* bytes of one sample */
	size_t pieces;
	uint8_t *raw, *base, *coded;
	struct frame_scratch *scratch;
};

static uint64_t piece_offset(const struct tasting *s, size_t i)
{
	unsigned unit = dtype_unit(s->blob->dtype);
	uint64_t room = (s->blob->size - s->piece) / unit;

	return s->pieces > 1 ? room * i / (s->pieces - 1) * unit : 0;
}

/* ---------------------------------------------------------------- sizes */

static int coded_size(struct tasting *s, const struct codec *codec, size_t *size,
                      struct err *err)
{
	*size = 0;
	for (size_t i = 0; i < s->pieces; i++) {
		struct frame_out out;
		size_t at = i * s->piece;
		int rc = frame_encode(codec, s->blob->dtype, s->raw + at,
		                      codec->needs_base ? s->base + at : NULL, s->piece,
		                      s->coded, s->scratch, &out, err);
		if (rc)
			return rc;
		*size += out.stored;
	}
	return 0;
}

static int read_samples(struct tasting *s, struct err *err)
{
	for (size_t i = 0; i < s->pieces; i++) {
		int rc = file_range_read(s->blob->fd,
		                         s->blob->offset + piece_offset(s, i),
		                         s->raw + i * s->piece, s->piece, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* The size with `base`; SIZE_MAX when it cannot be read. */
static size_t size_against(struct tasting *s, const struct codec *codec,
                           struct blob_source *base)
{
	struct err ignored = ERR_INIT;
	size_t size;

	for (size_t i = 0; i < s->pieces; i++)
		if (blob_source_read(base, piece_offset(s, i), s->piece,
		                     s->base + i * s->piece, &ignored))
			return SIZE_MAX;
	return coded_size(s, codec, &size, &ignored) ? SIZE_MAX : size;
}

static int tasting_begin(struct tasting *s, const struct transfer *t,
                         const struct blob_file *blob, struct err *err)
{
	size_t piece = (size_t)SAMPLE_VALUES * dtype_unit(blob->dtype);

	s->blob = blob;
	s->pieces = blob->size < piece * SAMPLES ? 1 : SAMPLES;
	s->piece = s->pieces > 1        ? piece
	           : blob->size < piece ? (size_t)blob->size
	                                : piece;
	s->raw = malloc(s->pieces * s->piece);
	s->base = malloc(s->pieces * s->piece);
	s->coded = malloc(s->piece);
	if (!s->raw || !s->base || !s->coded)
		return err_nomem(err, "samples");
	int rc = scratch_shelf_take(t->shelf, &s->scratch, err);
	return rc ? rc : read_samples(s, err);
}

static void tasting_end(struct tasting *s, const struct transfer *t)
{
	if (s->scratch)
		scratch_shelf_put_back(t->shelf, s->scratch);
	free(s->raw);
	free(s->base);
	free(s->coded);
}

/* ---------------------------------------------------------------- candidates */

/* The base that a like stands for: itself where its record is solo, else its own
 * base. False when neither has a solo record. */
static bool find_root(const struct transfer *t, const struct oid *like, struct oid *root)
{
	struct blob_place place;
	struct blob_reader *reader = NULL;
	struct err ignored = ERR_INIT;

	if (blob_find(t->store, like, &place, &ignored))
		return false;
	if (place.record.base_count == 0) {
		*root = *like;
		return true;
	}
	if (blob_reader_open(t, like, UINT64_MAX, place.key, &reader, &ignored))
		return false;
	const struct record_head *head = blob_reader_head(reader);
	bool usable = head->prediction == PREDICTION_BASE && head->bases[0].offset == 0;
	*root = head->bases[0].id;
	blob_reader_close(reader);
	return usable && !blob_find(t->store, root, &place, &ignored) &&
	       place.record.base_count == 0;
}

int base_open(const struct transfer *t, const struct relatives *relatives,
              const struct oid *base, struct blob_source **out, struct err *err)
{
	const char *path;
	uint64_t offset, size;

	if (!relatives_local(relatives, base, &path, &offset, &size)) {
		struct err ignored = ERR_INIT;
		if (!blob_source_open_file(path, offset, size, out, &ignored))
			return 0;
	}
	return blob_source_open_store(t, base, out, err);
}

static size_t size_with_root(struct tasting *s, const struct transfer *t,
                             const struct relatives *relatives, const struct codec *codec,
                             const struct oid *root)
{
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;

	if (base_open(t, relatives, root, &source, &ignored))
		return SIZE_MAX;
	size_t size = size_against(s, codec, source);
	blob_source_close(source);
	return size;
}

static bool seen_before(const struct oid *roots, size_t count, const struct oid *root)
{
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&roots[i], root))
			return true;
	return false;
}

/* Tries each like's root once, and keeps the smallest that beats `best`. */
static void try_likes(struct tasting *s, const struct transfer *t,
                      const struct relatives *relatives, const struct extent *x,
                      size_t best, struct base_choice *choice)
{
	const struct codec *delta = codec_by_id(CODEC_BITX);
	struct relative likes[RELATIVES_LIKES_MAX];
	struct oid roots[RELATIVES_LIKES_MAX + 1];
	size_t count = relatives_like(relatives, x, likes);
	size_t tried = 0;

	roots[tried++] = x->id; /* nothing is its own base */
	for (size_t i = 0; i < count; i++) {
		struct oid root;
		if (!find_root(t, &likes[i].extent->id, &root) ||
		    seen_before(roots, tried, &root))
			continue;
		roots[tried++] = root;
		size_t size = size_with_root(s, t, relatives, delta, &root);
		if (size >= best)
			continue;
		best = size;
		*choice = (struct base_choice){ delta, root, likes[i].hint };
	}
}

int base_choose(const struct transfer *t, const struct relatives *relatives,
                const struct extent *x, const struct blob_file *blob,
                struct base_choice *out, struct err *err)
{
	struct base_choice choice = { .codec = codec_by_id(CODEC_ZSTD) };
	struct relative likes[RELATIVES_LIKES_MAX];
	struct tasting s = { 0 };
	size_t solo;
	int rc = 0;

	if (relatives_like(relatives, x, likes)) {
		rc = tasting_begin(&s, t, blob, err);
		if (!rc)
			rc = coded_size(&s, choice.codec, &solo, err);
		if (!rc)
			try_likes(&s, t, relatives, x, solo / 100 * MARGIN_PERCENT,
			          &choice);
		tasting_end(&s, t);
	}
	if (!rc)
		*out = choice;
	return rc;
}

void base_choose_by_codec(const struct transfer *t, const struct relatives *relatives,
                          const struct extent *x, const struct codec *codec,
                          struct base_choice *out)
{
	struct relative likes[RELATIVES_LIKES_MAX];
	size_t count = codec->needs_base ? relatives_like(relatives, x, likes) : 0;

	*out = (struct base_choice){ .codec = codec_by_id(CODEC_RAW) };
	if (!codec->takes(x->dtype))
		return;
	if (!codec->needs_base)
		out->codec = codec;
	for (size_t i = 0; i < count && !out->codec->needs_base; i++) {
		if (!find_root(t, &likes[i].extent->id, &out->base) ||
		    oid_equal(&out->base, &x->id))
			continue;
		out->codec = codec;
		out->hint = likes[i].hint;
	}
}
