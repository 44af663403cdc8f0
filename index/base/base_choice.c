#include "index/base/base_choice.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/low_rank.h"
#include "index/base/base_bytes.h"
#include "index/base/base_hint.h"
#include "index/base/base_series.h"
#include "index/base/codec_trial.h"
#include "index/base/low_rank_trial.h"
#include "index/base/relatives.h"
#include "index/blob/bases.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_look.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_rely.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/record_check.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

/* A base that may be chosen, and the like that led to it. */
struct candidate {
	struct record_basis root;
	struct relative like;
	uint16_t bits; /* that differ, hundredths for each value; or EXTENT_UNKNOWN */
};

/* One choice being made. Sizes are thousandths of raw. */
struct choosing {
	const struct base_task *task;
	struct codec_trial *trial;
	unsigned best; /* what the choice takes */
	unsigned solo; /* what the best takes that needs no base; once that is known */
	struct base_choice choice;
	const struct relative *like; /* what led to the chosen base */
};

static const struct effort *effort_of(const struct choosing *c)
{
	return effort_or_normal(c->task->transfer->effort);
}

/* ---------------------------------------------------------------- candidates */

/* The basis that a like stands for, as the manifests remember it: its bases where their
 * records were solo; else, of one, the base of that. False when they do not say. */
static bool remembered_root(const struct tensor_relation *like, struct record_basis *root)
{
	const struct extent_finding *base = extent_finding(like->bases[0]);
	bool solo = true;

	*root = like->basis;
	for (unsigned i = 0; i < like->basis.base_count; i++)
		solo = solo && extent_finding(like->bases[i])->base_count == 0;
	if (solo || like->basis.base_count > 1)
		return solo;
	for (unsigned i = 0; i < base->candidate_count && base->base_count == 1; i++) {
		const struct extent_candidate *c = &base->candidates[i];
		if (!c->in_parts &&
		    memcmp(c->id.bytes, base->bases[0], EXTENT_BASE_PREFIX) == 0) {
			root->bases[0] = (struct record_base){ .id = c->id,
				                               .dtype = c->dtype };
			return true;
		}
	}
	return false;
}

/* How large the solo record of the base `id` was, by the manifests of the tensors that
 * led to it; 0 where they do not say. */
static uint64_t remembered_size(const struct tensor_relation *like, const struct oid *id)
{
	for (unsigned i = 0; i < like->basis.base_count; i++) {
		const struct extent *x = like->bases[i];
		const struct extent_finding *f = extent_finding(x);
		if (oid_equal(&x->id, id) && f->base_count == 0)
			return f->stored;
		for (unsigned k = 0; k < f->base_count; k++)
			if (memcmp(f->bases[k], id->bytes, EXTENT_BASE_PREFIX) == 0)
				return f->base_stored[k];
	}
	return 0;
}

/* Whether the bases have solo records now. A delta may be put only on what this push
 * has seen, and looked at. */
static bool are_solo(const struct transfer *t, const struct candidate *one)
{
	for (unsigned i = 0; i < one->root.base_count; i++) {
		const struct oid *id = &one->root.bases[i].id;
		const struct blob_memory memory = {
			.record = { .id = *id },
			.stored = remembered_size(&one->like.relation, id),
		};
		const struct blob_claim claim = { id, UINT64_MAX, NULL, &memory };
		struct blob_place place;
		struct err why = ERR_INIT, ignored = ERR_INIT;
		if (blob_sound(t, &claim, &place, &why, &ignored) ||
		    place.record.base_count)
			return false;
	}
	return true;
}

/* The basis of the like's own record, where that is a delta; solo comes out as itself.
 * False where there is no record. */
static bool find_basis(const struct transfer *t, const struct extent *like,
                       struct record_basis *out)
{
	struct blob_place place;
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;

	if (blob_look(t, &like->id, &place, &ignored))
		return false;
	*out = (struct record_basis){ .base_count = 1 };
	out->bases[0] = (struct record_base){ .id = like->id, .dtype = like->dtype };
	if (place.record.base_count == 0)
		return true;
	struct blob_want want = { like->id, UINT64_MAX, NULL, place.key };
	if (record_source_open(t, &want, &source, &ignored))
		return false;
	*out = record_source_head(source)->basis;
	blob_source_close(source);
	return true;
}

/* Puts what a like stands for in its place: itself where its record is solo, else its
 * own base. Where that has parts, they can be taken over only by a tensor that is like
 * the like in all. */
static bool find_root(const struct transfer *t, const struct tensor_relation *like,
                      struct record_basis *root)
{
	struct err ignored = ERR_INIT;

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
	for (unsigned i = 0; i < root->base_count; i++) {
		struct blob_place place;
		if (blob_look(t, &root->bases[i].id, &place, &ignored) ||
		    place.record.base_count)
			return false;
	}
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

static bool seen_before(const struct candidate *found, size_t count,
                        const struct record_basis *root)
{
	for (size_t i = 0; i < count; i++)
		if (record_basis_equal(&found[i].root, root))
			return true;
	return false;
}

/* Whether the tensor can have that basis at all. */
static bool can_have(const struct extent *x, const struct record_basis *root)
{
	return !record_basis_fault(root, x->dtype, x->size) && bases_differ(root, &x->id);
}

/* Leaves out the bases that the store's names have no room for, with what they predict:
 * those bytes are left bare. False where none is left. */
static bool fit_names(const struct transfer *t, struct record_basis *root)
{
	unsigned max = key_bases_max(t->store->name_max), kept = 0;
	struct parts *parts = &root->parts;

	if (root->base_count <= max)
		return true;
	for (unsigned i = 0; i < parts->count; i++)
		if (parts->list[i].base < max)
			parts->list[kept++] = parts->list[i];
	parts->count = kept;
	root->base_count = max;
	return max && kept;
}

/* The different bases that the extent's likes stand for, in their order; returns how
 * many. */
static size_t find_candidates(const struct choosing *c,
                              struct candidate out[RELATIVES_LIKES_MAX])
{
	const struct extent *x = c->task->extent;
	struct relative likes[RELATIVES_LIKES_MAX];
	size_t count = relatives_like(c->task->relatives, x, likes), found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tensor_relation *like = &likes[i].relation;
		struct record_basis root;
		if ((!remembered_root(like, &root) &&
		     !find_root(c->task->transfer, like, &root)) ||
		    !fit_names(c->task->transfer, &root) || !can_have(x, &root) ||
		    seen_before(out, found, &root))
			continue;
		out[found++] = (struct candidate){
			root, likes[i], sketch_gap_bits(x->dtype, &likes[i].gap)
		};
	}
	return found;
}

/* ---------------------------------------------------------------- trials */

/* Of several trials of one codec (against several bases) the best is noted. */
static void note_trial(struct extent_finding *f, unsigned codec, unsigned permille)
{
	unsigned i = 0;

	while (i < f->tried_count && f->tried[i].codec != codec)
		i++;
	if (i == EXTENT_TRIED_MAX)
		return;
	if (i == f->tried_count)
		f->tried[f->tried_count++] = (struct extent_trial){ (uint8_t)codec,
			                                            (uint16_t)permille };
	else if (permille < f->tried[i].permille)
		f->tried[i].permille = (uint16_t)permille;
}

static bool can_code(const struct choosing *c, const struct codec *codec)
{
	return codec->takes(c->task->extent->dtype);
}

static int try_solo(struct choosing *c, struct err *err)
{
	struct codec_score best = { NULL, UINT_MAX }, one;

	for (unsigned i = 0; (one.codec = codec_at(i)) != NULL; i++) {
		if (one.codec->needs_base || !can_code(c, one.codec) ||
		    !effort_tries(effort_of(c), one.codec, best.codec))
			continue;
		int rc = codec_trial_run(c->trial, &best, &one, err);
		if (rc)
			return rc;
		note_trial(c->task->extent->finding, one.codec->id, one.permille);
		if (one.permille < best.permille)
			best = one;
	}
	if (!best.codec)
		return err_set(err, ERR_INPUT, "no codec takes %s",
		               dtype_name(c->task->extent->dtype));
	c->best = c->solo = best.permille;
	c->choice = (struct base_choice){ .codec = best.codec, .solo = best.codec };
	return 0;
}

/* Non-zero, and none is open, where one cannot be read. */
static int open_bases(const struct base_task *task, const struct record_basis *basis,
                      struct bases *out)
{
	const struct base_bytes from = { task->transfer, task->relatives };
	struct err ignored = ERR_INIT;

	return base_bytes_open(&from, basis, out, &ignored);
}

/* The best score of a delta against these bases, and the bits that differ. Bases that
 * cannot be read, and codecs that fail on them, are passed over: no codec,
 * EXTENT_UNKNOWN. */
static struct codec_score try_bases(struct choosing *c, struct candidate *candidate)
{
	struct codec_score best = { NULL, EXTENT_UNKNOWN }, one;
	const struct record_basis *root = &candidate->root;
	struct bases bases;
	struct err ignored = ERR_INIT;

	if (open_bases(c->task, root, &bases))
		return best;
	int rc = codec_trial_predict(c->trial, root, &bases, &ignored);
	bases_close(&bases);
	if (!rc && !root->parts.count)
		candidate->bits = (uint16_t)codec_trial_distance(c->trial);
	for (unsigned i = 0; (one.codec = codec_at(i)) != NULL && !rc; i++) {
		if (!one.codec->needs_base || !can_code(c, one.codec) ||
		    !effort_tries(effort_of(c), one.codec, best.codec) ||
		    codec_trial_run(c->trial, &best, &one, &ignored))
			continue;
		note_trial(c->task->extent->finding, one.codec->id, one.permille);
		if (one.permille < best.permille)
			best = one;
	}
	return best;
}

/* One base, which predicts all from its beginning. */
static bool is_plain(const struct record_basis *b)
{
	return b->base_count == 1 && !b->parts.count && !b->bases[0].offset;
}

/* What was found out about a candidate, for the manifest. */
static void note_candidate(struct extent_finding *f, const struct candidate *one,
                           unsigned permille)
{
	const struct sketch_gap *gap = &one->like.gap;

	if (f->candidate_count == EXTENT_CANDIDATES_MAX)
		return;
	f->candidates[f->candidate_count++] = (struct extent_candidate){
		.dtype = one->root.bases[0].dtype,
		.source = (uint8_t)one->like.hint->source,
		.bits = one->bits,
		.steps = gap->known ? gap->steps : EXTENT_UNKNOWN,
		.permille = (uint16_t)permille,
		.id = one->root.bases[0].id,
		.in_parts = !is_plain(&one->root),
		.by_values = one->like.by_values,
	};
}

/* Far by its sketch: a trial would cost its samples, and lose. The user's word goes
 * before. */
static bool worth_a_trial(const struct extent *x, const struct candidate *one)
{
	return one->like.hint->source == BASE_SOURCE_USER ||
	       sketch_gap_class(x->dtype, &one->like.gap) != GAP_FAR;
}

/* Whether a delta is smaller than all before it, and so much smaller than the best solo
 * record that it is worth a base. */
static bool is_better(const struct choosing *c, const struct codec_score *score)
{
	if (!score->codec || score->permille >= c->best)
		return false;
	unsigned percent = score->codec->policy.keep_below_percent;
	return !percent || score->permille <= c->solo * percent / 100;
}

static void try_candidate(struct choosing *c, struct candidate *one)
{
	struct extent *x = c->task->extent;
	struct codec_score score = { NULL, EXTENT_UNKNOWN };

	if (worth_a_trial(x, one))
		score = try_bases(c, one);
	/* Since the manifest was written the record may have changed. */
	if (is_better(c, &score) && !are_solo(c->task->transfer, one)) {
		if (!find_root(c->task->transfer, &one->like.relation, &one->root) ||
		    !fit_names(c->task->transfer, &one->root) ||
		    !can_have(x, &one->root) || !are_solo(c->task->transfer, one))
			return;
		score = try_bases(c, one);
	}
	if (is_better(c, &score)) {
		c->best = score.permille;
		c->choice.codec = score.codec;
		c->choice.basis = one->root;
		c->choice.hint = one->like.hint;
		c->like = &one->like;
	}
	note_candidate(x->finding, one, score.permille);
}

/* A delta against the key of a series becomes part of the series; where it has become too
 * large, a new series begins: the tensor is stored solo. */
static void continue_series(struct choosing *c)
{
	struct extent_finding *f = c->task->extent->finding;

	if (!c->like || !c->like->hint->earlier || !is_plain(&c->like->relation.basis))
		return;
	struct base_series series = base_series_of(c->like->relation.bases[0], c->solo);
	if (base_series_is_dear(&series, c->best)) {
		base_choice_wipe(&c->choice);
		c->choice = (struct base_choice){ .codec = c->choice.solo,
			                          .solo = c->choice.solo };
		series = (struct base_series){ 0, 0 };
		c->best = c->solo;
	}
	f->series_length = (uint16_t)(series.length < UINT16_MAX ? series.length + 1
	                                                         : UINT16_MAX);
	f->series_spent = series.spent + c->best;
}

/* A low-rank product besides the base, where it pays. A base that cannot be read, or is
 * not what it should be, is found out when the record is put. */
static void try_low_rank(struct choosing *c)
{
	const struct base_task *task = c->task;
	struct base_choice *choice = &c->choice;
	struct bases bases;
	struct err ignored = ERR_INIT;
	unsigned least = choice->codec->policy.low_rank_permille, permille;

	if (!effort_of(c)->products || !least || c->best < least ||
	    choice->basis.base_count != 1 || choice->basis.parts.count)
		return;
	if (open_bases(task, &choice->basis, &bases))
		return;
	const struct low_rank_task product = { task->transfer, task->extent,   task->blob,
		                               choice->codec,  &choice->basis, &bases };
	low_rank_trial(&product, &choice->low_rank, &permille, &ignored);
	bases_close(&bases);
	if (!choice->low_rank)
		return;
	note_trial(task->extent->finding, EXTENT_TRIED_LOW_RANK | choice->codec->id,
	           permille);
	c->best = permille;
}

void base_choice_wipe(struct base_choice *c)
{
	low_rank_free(c->low_rank);
	c->low_rank = NULL;
}

int base_choose(const struct base_task *task, struct base_choice *out, struct err *err)
{
	struct choosing c = { .task = task };
	struct candidate candidates[RELATIVES_LIKES_MAX];
	int rc = codec_trial_begin(task->transfer, task->blob, &c.trial, err);

	if (!rc)
		rc = try_solo(&c, err);
	if (!rc) {
		size_t count = find_candidates(&c, candidates);
		for (size_t i = 0; i < count && i < effort_of(&c)->candidates; i++)
			try_candidate(&c, &candidates[i]);
		if (c.choice.codec->needs_base)
			try_low_rank(&c);
		continue_series(&c);
		*out = c.choice;
	}
	codec_trial_end(c.trial);
	return rc;
}

void base_choose_by_codec(const struct base_task *task, const struct codec *codec,
                          struct base_choice *out)
{
	const struct codec *raw = codec_by_id(CODEC_RAW);
	struct choosing c = { .task = task, .choice = { .codec = raw, .solo = raw } };
	struct candidate candidates[RELATIVES_LIKES_MAX];
	bool base = can_code(&c, codec) && codec->needs_base;
	size_t count = base ? find_candidates(&c, candidates) : 0;

	if (can_code(&c, codec) && !codec->needs_base)
		c.choice.codec = c.choice.solo = codec;
	for (size_t i = 0; i < count && base; i++) {
		if (!are_solo(task->transfer, &candidates[i]))
			continue;
		c.choice.codec = codec;
		c.choice.basis = candidates[i].root;
		c.choice.hint = candidates[i].like.hint;
		note_candidate(task->extent->finding, &candidates[i], EXTENT_UNKNOWN);
		base = false;
	}
	*out = c.choice;
}
