#include "index/base_choice.h"

#include <limits.h>
#include <stdbool.h>

#include "codec/common/err.h"
#include "index/blob_find.h"
#include "index/blob_put.h"
#include "index/blob_reader.h"
#include "index/blob_source.h"
#include "index/codec_trial.h"
#include "index/model/extents.h"
#include "index/relatives.h"
#include "index/transfer.h"

/* A delta ties two records together: it has to be worth it. */
enum { MARGIN_PERCENT = 97 };

/* The codecs to try, best first where sizes are equal. */
static const enum codec_id solo_codecs[] = { CODEC_FLOAT, CODEC_ZSTD, CODEC_RAW };
static const enum codec_id delta_codecs[] = { CODEC_ULP, CODEC_BITX };

enum {
	SOLO_COUNT = sizeof(solo_codecs) / sizeof(solo_codecs[0]),
	DELTA_COUNT = sizeof(delta_codecs) / sizeof(delta_codecs[0])
};

/* One choice being made. */
struct choosing {
	const struct transfer *transfer;
	const struct relatives *relatives;
	struct extent *extent;
	struct codec_trial *trial;
	unsigned best; /* thousandths of raw that the choice takes */
	struct base_choice choice;
};

/* ---------------------------------------------------------------- candidates */

static bool is_solo(const struct transfer *t, const struct oid *id)
{
	struct blob_place place;
	struct err ignored = ERR_INIT;

	return !blob_look(t, id, &place, &ignored) && place.record.base_count == 0;
}

/* The basis of the like's own record, where that is a delta; solo comes out as itself.
 * False where there is no record. */
static bool find_basis(const struct transfer *t, const struct extent *like,
                       struct record_basis *out)
{
	struct blob_place place;
	struct blob_reader *reader = NULL;
	struct err ignored = ERR_INIT;

	if (blob_look(t, &like->id, &place, &ignored))
		return false;
	*out = (struct record_basis){ .base_count = 1 };
	out->bases[0] = (struct record_base){ .id = like->id, .dtype = like->dtype };
	if (place.record.base_count == 0)
		return true;
	if (blob_reader_open(t, &like->id, UINT64_MAX, place.key, &reader, &ignored))
		return false;
	*out = blob_reader_head(reader)->basis;
	blob_reader_close(reader);
	return true;
}

/* Puts what a like stands for in its place: itself where its record is solo, else its
 * own base. Where that has parts, they can be taken over only by a tensor that is like
 * the like in all. */
static bool find_root(const struct transfer *t, const struct tensor_relation *like,
                      struct record_basis *root)
{
	*root = like->basis;
	for (unsigned i = 0; i < like->basis.base_count; i++) {
		struct record_basis own;
		if (!find_basis(t, like->bases[i], &own))
			return false;
		if (own.parts.count == 0 && own.bases[0].offset == 0)
			root->bases[i] = own.bases[0];
		else if (like->kind == RELATION_SAME)
			*root = own; /* it had one base; now these */
		else
			return false;
	}
	for (unsigned i = 0; i < root->base_count; i++)
		if (!is_solo(t, &root->bases[i].id))
			return false;
	return true;
}

/* Nothing is its own base, and no base stands in a record twice. */
static bool bases_differ(const struct record_basis *b, const struct oid *id)
{
	for (unsigned i = 0; i < b->base_count; i++) {
		if (oid_equal(&b->bases[i].id, id))
			return false;
		for (unsigned k = 0; k < i; k++)
			if (oid_equal(&b->bases[i].id, &b->bases[k].id))
				return false;
	}
	return true;
}

static bool seen_before(const struct record_basis *roots, size_t count,
                        const struct record_basis *root)
{
	for (size_t i = 0; i < count; i++)
		if (record_basis_equal(&roots[i], root))
			return true;
	return false;
}

/* The different bases that the extent's likes stand for; returns how many. */
static size_t find_roots(const struct choosing *c,
                         struct relative likes[RELATIVES_LIKES_MAX],
                         struct record_basis roots[RELATIVES_LIKES_MAX])
{
	const struct extent *x = c->extent;
	struct relative all[RELATIVES_LIKES_MAX];
	size_t count = relatives_like(c->relatives, x, all), found = 0;

	for (size_t i = 0; i < count; i++) {
		struct record_basis root;
		if (!find_root(c->transfer, &all[i].relation, &root) ||
		    record_basis_fault(&root, x->dtype, x->size) ||
		    !bases_differ(&root, &x->id) || seen_before(roots, found, &root))
			continue;
		likes[found] = all[i];
		roots[found++] = root;
	}
	return found;
}

static int base_open(const struct transfer *t, const struct relatives *relatives,
                     const struct oid *base, struct blob_source **out, struct err *err)
{
	const char *path;
	uint64_t offset, size;

	if (relatives && !relatives_local(relatives, base, &path, &offset, &size)) {
		struct err ignored = ERR_INIT;
		if (!blob_source_open_file(path, offset, size, out, &ignored))
			return 0;
	}
	return blob_source_open_store(t, base, out, err);
}

void bases_close(struct blob_source *sources[RECORD_BASES_MAX])
{
	for (unsigned i = 0; i < RECORD_BASES_MAX; i++) {
		blob_source_close(sources[i]);
		sources[i] = NULL;
	}
}

int bases_open(const struct transfer *t, const struct relatives *relatives,
               const struct record_basis *basis,
               struct blob_source *sources[RECORD_BASES_MAX], struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < RECORD_BASES_MAX; i++)
		sources[i] = NULL;
	for (unsigned i = 0; i < basis->base_count && !rc; i++)
		rc = base_open(t, relatives, &basis->bases[i].id, &sources[i], err);
	if (rc)
		bases_close(sources);
	return rc;
}

/* ---------------------------------------------------------------- trials */

/* Of several trials of one codec (against several bases) the best is noted. */
static void note_trial(struct extent *x, enum codec_id codec, unsigned permille)
{
	unsigned i = 0;

	while (i < x->tried_count && x->tried[i].codec != codec)
		i++;
	if (i == EXTENT_TRIED_MAX)
		return;
	if (i == x->tried_count)
		x->tried[x->tried_count++] = (struct extent_trial){ (uint8_t)codec,
			                                            (uint16_t)permille };
	else if (permille < x->tried[i].permille)
		x->tried[i].permille = (uint16_t)permille;
}

static int try_solo(struct choosing *c, struct err *err)
{
	for (size_t i = 0; i < SOLO_COUNT; i++) {
		const struct codec *codec = codec_by_id(solo_codecs[i]);
		unsigned permille;
		if (!codec || !codec->takes(c->extent->dtype))
			continue;
		int rc = codec_trial_run(c->trial, codec, &permille, err);
		if (rc)
			return rc;
		note_trial(c->extent, codec->id, permille);
		if (permille < c->best) {
			c->best = permille;
			c->choice = (struct base_choice){ .codec = codec, .solo = codec };
		}
	}
	return 0;
}

/* A base that cannot be read, or a codec that fails on it, is passed over. */
static void try_base(struct choosing *c, const struct record_basis *root,
                     const struct base_hint *hint, unsigned limit)
{
	struct blob_source *sources[RECORD_BASES_MAX];
	struct err ignored = ERR_INIT;

	if (bases_open(c->transfer, c->relatives, root, sources, &ignored))
		return;
	int rc = codec_trial_predict(c->trial, root, sources, &ignored);
	bases_close(sources);
	if (rc)
		return;
	for (size_t i = 0; i < DELTA_COUNT; i++) {
		const struct codec *codec = codec_by_id(delta_codecs[i]);
		unsigned permille;
		if (!codec || !codec->takes(c->extent->dtype) ||
		    codec_trial_run(c->trial, codec, &permille, &ignored))
			continue;
		note_trial(c->extent, codec->id, permille);
		if (permille < c->best && permille <= limit) {
			c->best = permille;
			c->choice.codec = codec;
			c->choice.basis = *root;
			c->choice.hint = hint;
		}
	}
}

int base_choose(const struct transfer *t, const struct relatives *relatives,
                struct extent *x, const struct blob_file *blob, struct base_choice *out,
                struct err *err)
{
	struct choosing c = { t, relatives, x, NULL, UINT_MAX, { .codec = NULL } };
	struct relative likes[RELATIVES_LIKES_MAX];
	struct record_basis roots[RELATIVES_LIKES_MAX];
	int rc = codec_trial_begin(t, blob, &c.trial, err);

	if (!rc)
		rc = try_solo(&c, err);
	if (!rc) {
		unsigned limit = c.best * MARGIN_PERCENT / 100;
		size_t count = find_roots(&c, likes, roots);
		for (size_t i = 0; i < count; i++)
			try_base(&c, &roots[i], likes[i].hint, limit);
		*out = c.choice;
	}
	codec_trial_end(c.trial);
	return rc;
}

void base_choose_by_codec(const struct transfer *t, const struct relatives *relatives,
                          struct extent *x, const struct codec *codec,
                          struct base_choice *out)
{
	const struct codec *raw = codec_by_id(CODEC_RAW);
	struct choosing c = { t, relatives, x, NULL, 0, { .codec = raw, .solo = raw } };
	struct relative likes[RELATIVES_LIKES_MAX];
	struct record_basis roots[RELATIVES_LIKES_MAX];

	if (codec->takes(x->dtype) && !codec->needs_base) {
		c.choice.codec = c.choice.solo = codec;
	} else if (codec->takes(x->dtype) && find_roots(&c, likes, roots)) {
		c.choice.codec = codec;
		c.choice.basis = roots[0];
		c.choice.hint = likes[0].hint;
	}
	*out = c.choice;
}
