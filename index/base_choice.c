#include "index/base_choice.h"

#include <limits.h>
#include <stdbool.h>

#include "codec/cast.h"
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

/* The base that a like stands for: itself where its record is solo, else its own
 * base. False when neither has a solo record. */
static bool find_root(const struct transfer *t, const struct extent *like,
                      struct record_base *root)
{
	struct blob_place place;
	struct blob_reader *reader = NULL;
	struct err ignored = ERR_INIT;

	if (blob_look(t, &like->id, &place, &ignored))
		return false;
	if (place.record.base_count == 0) {
		*root = (struct record_base){ .id = like->id, .dtype = like->dtype };
		return true;
	}
	if (blob_reader_open(t, &like->id, UINT64_MAX, place.key, &reader, &ignored))
		return false;
	const struct record_head *head = blob_reader_head(reader);
	bool usable = head->base_count == 1 && head->bases[0].offset == 0;
	*root = head->bases[0];
	blob_reader_close(reader);
	return usable && !blob_look(t, &root->id, &place, &ignored) &&
	       place.record.base_count == 0;
}

static bool can_predict(const struct record_base *base, enum dtype dtype)
{
	return base->dtype == dtype || cast_exists(base->dtype, dtype);
}

static bool seen_before(const struct oid *roots, size_t count, const struct oid *root)
{
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&roots[i], root))
			return true;
	return false;
}

/* The different bases that the extent's likes stand for; returns how many. */
static size_t find_roots(const struct choosing *c,
                         struct relative likes[RELATIVES_LIKES_MAX],
                         struct record_base roots[RELATIVES_LIKES_MAX])
{
	struct oid seen[RELATIVES_LIKES_MAX + 1];
	struct relative all[RELATIVES_LIKES_MAX];
	size_t count = relatives_like(c->relatives, c->extent, all), found = 0;

	seen[0] = c->extent->id; /* nothing is its own base */
	for (size_t i = 0; i < count; i++) {
		struct record_base root;
		if (!find_root(c->transfer, all[i].extent, &root) ||
		    !can_predict(&root, c->extent->dtype) ||
		    seen_before(seen, found + 1, &root.id))
			continue;
		likes[found] = all[i];
		roots[found++] = root;
		seen[found] = root.id;
	}
	return found;
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
static void try_base(struct choosing *c, const struct record_base *root,
                     const struct base_hint *hint, unsigned limit)
{
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;

	if (base_open(c->transfer, c->relatives, &root->id, &source, &ignored) ||
	    codec_trial_predict(c->trial, root, source, &ignored)) {
		blob_source_close(source);
		return;
	}
	blob_source_close(source);
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
			c->choice.base = *root;
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
	struct record_base roots[RELATIVES_LIKES_MAX];
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
	struct record_base roots[RELATIVES_LIKES_MAX];

	if (codec->takes(x->dtype) && !codec->needs_base) {
		c.choice.codec = c.choice.solo = codec;
	} else if (codec->takes(x->dtype) && find_roots(&c, likes, roots)) {
		c.choice.codec = codec;
		c.choice.base = roots[0];
		c.choice.hint = likes[0].hint;
	}
	*out = c.choice;
}
