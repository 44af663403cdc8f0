#include "index/recompact/reencode.h"

#include <stdbool.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/low_rank.h"
#include "index/base/base_bytes.h"
#include "index/base/codec_trial.h"
#include "index/base/low_rank_trial.h"
#include "index/base/tensor_relation.h"
#include "index/blob/bases.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/record_map.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/work_meter.h"

enum {
	EXCHANGE_TRIES = 2,
	HEAD_BYTES = 128 /* of a record, at the least */
};

uint64_t reencode_bytes(uint64_t size, uint32_t permille)
{
	return size / 1000 * permille + size % 1000 * permille / 1000 + HEAD_BYTES;
}

void reencode_choice_wipe(struct reencode_choice *c)
{
	low_rank_free(c->low_rank);
	*c = (struct reencode_choice){ .codec = NULL };
}

/* ---------------------------------------------------------------- the blob */

/* Opens the blob where it is read from. Its record says its sum; that the bytes are the
 * blob's is proved by their SHA-256 when they have been read. */
static int open_blob(const struct reencode_task *task, struct blob_file *out,
                     struct err *err)
{
	const struct extent *x = task->extent;
	const struct blob_want want = { x->id, x->size, NULL, task->from };
	struct blob_source *source = NULL;
	int rc = record_source_open(task->transfer, &want, &source, err);

	if (rc)
		return rc;
	*out = (struct blob_file){
		.id = x->id,
		.sum = record_source_head(source)->sum,
		.dtype = x->dtype,
		.fd = -1,
		.size = x->size,
		.source = source,
	};
	return 0;
}

static int open_bases(const struct reencode_task *task, const struct record_basis *basis,
                      struct bases *out, struct err *err)
{
	const struct base_bytes from = { task->transfer, NULL };

	return base_bytes_open(&from, basis, out, err);
}

/* ---------------------------------------------------------------- trials */

/* All codecs of a kind; score->codec is NULL where none can. */
static int try_codecs(const struct reencode_task *task, struct codec_trial *trial,
                      bool needs_base, struct codec_score *best, struct err *err)
{
	const struct effort *effort = effort_or_normal(task->transfer->effort);
	struct codec_score one;
	int rc = 0;

	*best = (struct codec_score){ NULL, UINT32_MAX };
	for (unsigned i = 0; (one.codec = codec_at(i)) != NULL && !rc; i++) {
		if (one.codec->needs_base != needs_base ||
		    !one.codec->takes(task->extent->dtype) ||
		    !effort_tries(effort, one.codec, best->codec))
			continue;
		rc = codec_trial_run(trial, best, &one, err);
		if (!rc && one.permille < best->permille)
			*best = one;
	}
	return rc;
}

static int try_product(const struct reencode_task *task, const struct blob_file *blob,
                       const struct bases *bases, struct reencode_choice *c,
                       struct err *err)
{
	unsigned least = c->codec->policy.low_rank_permille;
	const struct low_rank_task product = { task->transfer, task->extent, blob,
		                               c->codec,       &c->basis,    bases };

	if (!effort_or_normal(task->transfer->effort)->products || !least ||
	    c->permille < least || c->basis.parts.count)
		return 0;
	return low_rank_trial(&product, &c->low_rank, &c->permille, err);
}

static int try_delta(const struct reencode_task *task, struct codec_trial *trial,
                     const struct blob_file *blob, struct reencode_choice *c,
                     struct err *err)
{
	struct codec_score best = { NULL, UINT32_MAX };
	struct bases bases;
	int rc = open_bases(task, &c->basis, &bases, err);

	if (rc)
		return rc;
	rc = codec_trial_predict(trial, &c->basis, &bases, err);
	if (!rc)
		rc = try_codecs(task, trial, true, &best, err);
	if (!rc && !best.codec)
		rc = 1;
	if (!rc) {
		c->codec = best.codec;
		c->permille = best.permille;
		rc = try_product(task, blob, &bases, c, err);
	}
	bases_close(&bases);
	return rc;
}

static int try_solo(const struct reencode_task *task, struct codec_trial *trial,
                    struct reencode_choice *c, struct err *err)
{
	struct codec_score best = { NULL, UINT32_MAX };
	int rc = try_codecs(task, trial, false, &best, err);

	c->codec = best.codec;
	c->permille = best.permille;
	return rc ? rc : !best.codec;
}

int reencode_try(const struct reencode_task *task, const struct extent *base,
                 struct reencode_choice *out, struct err *err)
{
	struct tensor_relation relation;
	struct codec_trial *trial = NULL;
	struct blob_file blob;

	*out = (struct reencode_choice){ .codec = NULL };
	if (base) {
		if (!relation_by_shape(task->extent, base, &relation) ||
		    record_basis_fault(&relation.basis, task->extent->dtype,
		                       task->extent->size))
			return 1;
		out->basis = relation.basis;
	}
	int rc = open_blob(task, &blob, err);
	if (rc)
		return rc;
	rc = codec_trial_begin(task->transfer, &blob, &trial, err);
	if (!rc)
		rc = base ? try_delta(task, trial, &blob, out, err)
		          : try_solo(task, trial, out, err);
	codec_trial_end(trial);
	blob_source_close(blob.source);
	return rc;
}

/* ---------------------------------------------------------------- putting */

int reencode_prove(const struct transfer *t, const struct extent *x, const char *key,
                   struct err *err)
{
	const struct blob_want want = { x->id, x->size, NULL, key };
	struct transfer bare = *t;
	struct store_reader *there = NULL;
	struct blob_source *source = NULL;
	int rc = store_get(t->store, key, 0, &there, err);

	store_reader_close(there);
	bare.cache = NULL;
	bare.local_blob = NULL;
	bare.records = NULL;
	if (!rc)
		rc = record_source_open(&bare, &want, &source, err);
	if (!rc)
		rc = blob_source_prove(source, &x->id, err);
	blob_source_close(source);
	return rc;
}

static void key_of(const struct reencode_task *task, const struct reencode_choice *choice,
                   char key[KEY_MAX])
{
	const struct blob_plan plan = { .codec = choice->codec, .basis = choice->basis };
	struct key_record record;

	blob_plan_record(&plan, &task->extent->id, &record);
	key_record(&record, key);
}

/* Puts the record at `at`, or at its own key where that is NULL. */
static int put_at(const struct reencode_task *task, const struct reencode_choice *choice,
                  const char *at, uint64_t *stored, struct err *err)
{
	struct bases bases = BASES_INIT;
	struct blob_plan plan = { .codec = choice->codec,
		                  .basis = choice->basis,
		                  .low_rank = choice->low_rank,
		                  .bases = &bases,
		                  .key = at };
	struct work_meter uncounted = { .per_byte = 1 };
	struct blob_file blob;
	int rc = open_blob(task, &blob, err);

	if (rc)
		return rc;
	plan.meter = &uncounted;
	if (choice->codec->needs_base)
		rc = open_bases(task, &choice->basis, &bases, err);
	if (!rc)
		rc = blob_put(task->transfer, &blob, &plan, stored, err);
	bases_close(&bases);
	blob_source_close(blob.source);
	return rc;
}

/* What does not read back as the blob goes out of sight again: what it should replace is
 * still there, or in trash/. */
static int prove_or_retire(const struct reencode_task *task, const char *key,
                           uint64_t stored, struct err *err)
{
	const struct retiring *r = task->retiring;
	struct err ignored = ERR_INIT;
	int rc = reencode_prove(task->transfer, task->extent, key, err);

	if (rc == ERR_DAMAGED || rc == ERR_MISMATCH)
		r->retire(r->ctx, key, stored, &ignored);
	return rc > 0 ? err_set(err, ERR_MISSING, "%s was taken away", key) : rc;
}

/* The new record takes the place of the old one of its key. Between the two steps both are
 * in trash/; what a copy on the way damaged is copied once more. */
static int exchange(const struct reencode_task *task, const char *key, const char *made,
                    uint64_t old, struct err *err)
{
	const struct retiring *r = task->retiring;
	struct store *store = task->transfer->store;
	struct err why = ERR_INIT;
	int rc = r->retire(r->ctx, key, old, err);

	for (unsigned tries = 0; tries < EXCHANGE_TRIES && rc >= 0; tries++) {
		rc = store_restore(store, made, key, &why);
		if (rc > 0)
			rc = err_set(&why, ERR_MISSING, "%s was taken away", made);
		if (!rc)
			rc = prove_or_retire(task, key, old, &why);
		if (!rc)
			return 0;
		rc = tries + 1 < EXCHANGE_TRIES ? 0 : rc;
	}
	if (why.code)
		*err = why;
	return rc;
}

/* A record that something else of its key, perhaps, was in the way of. */
static int put_replacing(const struct reencode_task *task,
                         const struct reencode_choice *choice, uint64_t old,
                         uint64_t *stored, struct err *err)
{
	char key[KEY_MAX], made[KEY_MAX];

	key_of(task, choice, key);
	int rc = store_trash_name(task->transfer->store, key, made, err);

	if (!rc)
		rc = put_at(task, choice, made, stored, err);
	if (!rc && *stored >= old)
		return 1;
	if (!rc)
		rc = reencode_prove(task->transfer, task->extent, made, err);
	return rc ? rc : exchange(task, key, made, old, err);
}

int reencode_put(const struct reencode_task *task, const struct reencode_choice *choice,
                 uint64_t old, uint64_t *stored, struct err *err)
{
	const struct transfer *t = task->transfer;
	char key[KEY_MAX];

	*stored = 0;
	key_of(task, choice, key);
	int rc = old ? put_replacing(task, choice, old, stored, err)
	             : put_at(task, choice, NULL, stored, err);
	if (t->records)
		record_map_doubt(t->records, &task->extent->id);
	/* What had the key before, or was given to it by another, is what is relied upon. */
	return rc || old ? rc : prove_or_retire(task, key, *stored, err);
}
