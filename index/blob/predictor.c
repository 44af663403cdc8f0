#include "index/blob/predictor.h"

#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/prediction.h"
#include "index/blob/bases.h"

/* Bytes of a part's base that were read last. */
struct block {
	uint64_t at;
	size_t size; /* 0: none */
	uint8_t *bytes;
};

struct predictor {
	struct record_basis basis;
	enum dtype dtype, from; /* the blob's, the bases' */
	struct predictor_source source;
	struct block blocks[PARTS_MAX]; /* one for each part */
	struct buf span;                /* of a base, before it is cast */
};

int predictor_new(const struct record_basis *basis, enum dtype dtype,
                  const struct predictor_source *source, struct predictor **out,
                  struct err *err)
{
	unsigned unit = dtype_unit(basis->bases[0].dtype);

	for (unsigned i = 0; basis->parts.count && i < basis->base_count; i++)
		if (parts_need(&basis->parts, i) > source->bases->list[i]->size / unit)
			return err_set(err, ERR_DAMAGED,
			               "its base ends before the part that it needs");
	struct predictor *p = calloc(1, sizeof(*p));
	if (!p)
		return err_nomem(err, "a prediction");
	*p = (struct predictor){ .basis = *basis,
		                 .dtype = dtype,
		                 .from = basis->bases[0].dtype,
		                 .source = *source,
		                 .span = BUF_INIT };
	*out = p;
	return 0;
}

void predictor_free(struct predictor *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < PARTS_MAX; i++)
		free(p->blocks[i].bytes);
	buf_wipe(&p->span);
	free(p);
}

static struct blob_source *base_of(const struct predictor *p, unsigned i)
{
	return p->source.bases->list[i];
}

static int reserve_span(struct predictor *p, size_t n, struct err *err)
{
	p->span.size = 0;
	return buf_reserve(&p->span, n ? n : 1) ? 0 : err_nomem(err, "a base's values");
}

/* ---------------------------------------------------------------- a whole base */

/* Bytes of the one base into `out`, zeros where it has none. */
static int read_span(struct predictor *p, struct prediction_span span, uint8_t *out,
                     struct err *err)
{
	return p->source.read(base_of(p, 0), span.start, span.size, out, err);
}

static int predict_whole(struct predictor *p, uint64_t start, size_t n, uint8_t *dst,
                         struct err *err)
{
	const struct record_base *base = &p->basis.bases[0];
	struct prediction_span span = prediction_span(base, p->dtype, start, n);

	if (prediction_is_plain(base, p->dtype))
		return read_span(p, span, dst, err);
	int rc = reserve_span(p, span.size, err);
	if (!rc)
		rc = read_span(p, span, p->span.data, err);
	if (!rc)
		prediction_cast(base, p->dtype, p->span.data, dst, n);
	return rc;
}

/* ---------------------------------------------------------------- parts */

static int load_block(struct predictor *p, struct block *b, unsigned base, uint64_t at,
                      struct err *err)
{
	struct blob_source *from = base_of(p, base);
	uint64_t left = from->size - at;
	size_t n = left < p->source.block ? (size_t)left : p->source.block;

	b->size = 0;
	if (!b->bytes)
		b->bytes = malloc(p->source.block);
	if (!b->bytes)
		return err_nomem(err, "a block of a base");
	int rc = p->source.read(from, at, n, b->bytes, err);
	if (rc)
		return rc;
	b->at = at;
	b->size = n;
	return 0;
}

/* The values of the run, as its part's base has them. */
static int fetch(struct predictor *p, const struct part_run *run, uint8_t *dst,
                 struct err *err)
{
	struct block *b = &p->blocks[run->part - p->basis.parts.list];
	uint64_t offset = run->from * dtype_unit(p->from);
	size_t n = (size_t)run->length * dtype_unit(p->from);

	while (n) {
		if (offset < b->at || offset - b->at >= b->size) {
			uint64_t at = offset - offset % p->source.block;
			int rc = load_block(p, b, run->part->base, at, err);
			if (rc)
				return rc;
		}
		size_t skip = (size_t)(offset - b->at);
		size_t have = b->size - skip < n ? b->size - skip : n;
		memcpy(dst, b->bytes + skip, have);
		offset += have;
		dst += have;
		n -= have;
	}
	return 0;
}

static int predict_run(struct predictor *p, const struct part_run *run, uint8_t *dst,
                       struct err *err)
{
	size_t count = (size_t)run->length, unit = dtype_unit(p->from);

	if (!run->part) {
		memset(dst, 0, count * dtype_unit(p->dtype));
		return 0;
	}
	if (p->from == p->dtype)
		return fetch(p, run, dst, err);
	int rc = reserve_span(p, count * unit, err);
	if (!rc)
		rc = fetch(p, run, p->span.data, err);
	if (!rc)
		cast_values(p->from, p->dtype, p->span.data, count, dst);
	return rc;
}

static int predict_parts(struct predictor *p, uint64_t start, size_t n, uint8_t *dst,
                         struct err *err)
{
	unsigned unit = dtype_unit(p->dtype);
	uint64_t at = start / unit, end = at + n / unit;

	while (at < end) {
		struct part_run run = parts_run(&p->basis.parts, at, end - at);
		int rc = predict_run(p, &run, dst, err);
		if (rc)
			return rc;
		at += run.length;
		dst += run.length * unit;
	}
	return 0;
}

int predictor_read(struct predictor *p, uint64_t start, size_t n, uint8_t *dst,
                   struct err *err)
{
	return p->basis.parts.count ? predict_parts(p, start, n, dst, err)
	                            : predict_whole(p, start, n, dst, err);
}
