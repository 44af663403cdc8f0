#include "index/recompact/single_work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_mark.h"
#include "index/recompact/group_costs.h"
#include "index/recompact/reencode.h"
#include "index/recompact/stock.h"
#include "index/recompact/trial_memory.h"
#include "index/work/lanes.h"
#include "index/work/work_watch.h"

/* A smaller record is not worth the request that looks at it. */
enum { TRY_BYTES = 64 * 1024 };

/* The records of one blob. */
struct single {
	const struct stock_record *records;
	size_t count;
};

struct singles {
	const struct recompact_request *request;
	const struct stock *stock;
	struct buf list;      /* of struct single */
	pthread_mutex_t lock; /* guards the rest */
	struct recompact_result *sum;
};

/* ---------------------------------------------------------------- which they are */

static bool is_stood_on(const struct singles *s, const struct oid *id)
{
	return gc_prefixes_has(&s->request->mark->bases, id->bytes);
}

static bool is_worth_a_trial(const struct singles *s, const struct single *one)
{
	const struct stock_record *r = one->records;
	struct trial_memory *memory = s->request->memory;
	uint32_t ignored;

	/* Without a memory every run would try all of them again. */
	return one->count == 1 && !r->record.base_count && r->stored >= TRY_BYTES &&
	       memory && trial_memory_count(memory) < TRIAL_MEMORY_MAX &&
	       !trial_memory_find(memory, &r->record.id, &r->record.id, &ignored);
}

static bool is_ours(const struct singles *s, const struct oid *id)
{
	return s->request->is_ours(s->request->ctx, le64_load(id->bytes));
}

static int find(struct singles *s, struct err *err)
{
	const struct gc_blobs *needed = &s->request->mark->view->needed;
	struct single one;

	for (size_t at = 0; stock_records_at(s->stock, at, &one.records, &one.count);
	     at += one.count) {
		const struct oid *id = &one.records->record.id;
		if ((one.count > 1 || is_worth_a_trial(s, &one)) && is_ours(s, id) &&
		    !stock_has(s->stock, id) && gc_blob_find(needed, id))
			buf_add(&s->list, &one, sizeof(one));
	}
	return s->list.failed ? err_nomem(err, "the blobs of a store") : 0;
}

/* ---------------------------------------------------------------- telling */

static void tell_failed(struct singles *s, const struct oid *id, struct err *why)
{
	char text[SHA256_HEX + 1];

	oid_format(id, text);
	err_context(why, "blob %s cannot be coded anew", text);
	s->request->failed(s->request->ctx, why);
	pthread_mutex_lock(&s->lock);
	s->sum->failed++;
	pthread_mutex_unlock(&s->lock);
}

/* What ends the run is returned; all else is told, and the others go on. */
static int judge(struct singles *s, const struct oid *id, int rc, struct err *why,
                 struct err *err)
{
	if (rc == ERR_NOMEM || rc == ERR_CONFIG || rc == ERR_INTERRUPTED) {
		*err = *why;
		return rc;
	}
	if (rc < 0)
		tell_failed(s, id, why);
	return 0;
}

/* ---------------------------------------------------------------- several records */

static bool stands(const struct singles *s, const struct key_record *r)
{
	for (unsigned i = 0; i < r->base_count; i++)
		if (!stock_solo(s->stock, r->bases[i]))
			return false;
	return true;
}

/* The one that stays; NULL where none can be read by live records alone. */
static const struct stock_record *kept_of(const struct singles *s,
                                          const struct single *one)
{
	const struct stock_record *kept = NULL;

	/* The solo record is the first. */
	if (!one->records->record.base_count && is_stood_on(s, &one->records->record.id))
		return one->records;
	for (size_t i = 0; i < one->count; i++)
		if (stands(s, &one->records[i].record) &&
		    (!kept || one->records[i].stored < kept->stored))
			kept = &one->records[i];
	return kept;
}

static void retire(struct singles *s, const struct stock_record *record)
{
	const struct retiring *by = s->request->retiring;
	struct err told = ERR_INIT;
	char key[KEY_MAX];

	key_record(&record->record, key);
	int rc = by->retire(by->ctx, key, record->stored, &told);
	pthread_mutex_lock(&s->lock);
	s->sum->failed += rc < 0;
	s->sum->retired += rc == 0;
	s->sum->retired_bytes += rc == 0 ? record->stored : 0;
	pthread_mutex_unlock(&s->lock);
}

static int keep_one(struct singles *s, const struct single *one, struct err *err)
{
	const struct stock_record *kept = kept_of(s, one);
	const struct extent any = { .id = one->records->record.id, .size = UINT64_MAX };
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	if (!kept)
		return 0;
	key_record(&kept->record, key);
	int rc = reencode_prove(s->request->transfer, &any, key, &why);
	if (rc)
		return judge(s, &any.id, rc, &why, err);
	for (size_t i = 0; i < one->count; i++)
		if (&one->records[i] != kept)
			retire(s, &one->records[i]);
	return 0;
}

/* ---------------------------------------------------------------- one record */

/* What its record says of the blob. */
static int measure(const struct singles *s, const char *key, struct extent *x,
                   struct err *err)
{
	const struct blob_want want = { x->id, UINT64_MAX, NULL, key };
	struct blob_source *source = NULL;
	int rc = record_source_open(s->request->transfer, &want, &source, err);

	if (rc)
		return rc;
	x->dtype = record_source_head(source)->dtype;
	x->size = record_source_head(source)->size;
	blob_source_close(source);
	return 0;
}

/* What it would take. Samples pack worse than whole frames: where the codec stays, what
 * counts is how much better they pack than by a push of normal effort. */
static int foresee(const struct reencode_task *task, const struct single *one,
                   const struct reencode_choice *choice, uint64_t *made, struct err *err)
{
	struct transfer normal = *task->transfer;
	struct reencode_task again = *task;
	struct reencode_choice usual;
	uint64_t have = one->records->stored;

	*made = reencode_bytes(task->extent->size, choice->permille);
	normal.effort = &effort_normal;
	again.transfer = &normal;
	int rc = reencode_try(&again, NULL, &usual, err);
	if (!rc && usual.codec == choice->codec && usual.permille) {
		uint64_t scaled = have * choice->permille / usual.permille;
		*made = scaled < *made ? scaled : *made;
	}
	reencode_choice_wipe(&usual);
	return rc < 0 ? rc : 0;
}

static bool pays(uint64_t have, uint64_t made)
{
	return made < have && have - made >= (have + made) / RECOMPACT_TOLL;
}

static void count_made(struct singles *s, uint64_t old, uint64_t made)
{
	s->request->told(s->request->ctx, made);
	pthread_mutex_lock(&s->lock);
	s->sum->made++;
	s->sum->made_bytes += made;
	s->sum->retired++;
	s->sum->retired_bytes += old;
	pthread_mutex_unlock(&s->lock);
}

static int code_anew(struct singles *s, const struct single *one, struct err *err)
{
	struct extent x = { .id = one->records->record.id, .kind = EXTENT_CHUNK };
	struct reencode_choice choice = { .codec = NULL };
	uint64_t have = one->records->stored, made = 0;
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	key_record(&one->records->record, key);
	const struct reencode_task task = { s->request->transfer, &x, key,
		                            s->request->retiring };
	int rc = measure(s, key, &x, &why);
	if (!rc)
		rc = reencode_try(&task, NULL, &choice, &why);
	if (rc >= 0)
		trial_memory_add(s->request->memory, &x.id, &x.id,
		                 rc ? UINT32_MAX : choice.permille);
	if (!rc)
		rc = foresee(&task, one, &choice, &made, &why);
	if (!rc)
		rc = pays(have, made) ? reencode_put(&task, &choice, have, &made, &why)
		                      : 1;
	if (!rc)
		count_made(s, have, made);
	pthread_mutex_lock(&s->lock);
	s->sum->trials++;
	pthread_mutex_unlock(&s->lock);
	reencode_choice_wipe(&choice);
	return judge(s, &x.id, rc, &why, err);
}

/* ---------------------------------------------------------------- all of them */

static uint64_t bytes_of(const struct single *one)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < one->count; i++)
		sum += one->records[i].stored;
	return sum;
}

static void tell_total(const struct singles *s)
{
	const struct single *list = (const struct single *)(const void *)s->list.data;
	uint64_t sum = 0;

	for (size_t i = 0; i < s->list.size / sizeof(*list); i++)
		sum += bytes_of(&list[i]);
	work_watch_step(s->request->watch, "recompacting pieces of files", WORK_BYTES,
	                sum);
}

static int work_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct singles *s = ctx;
	const struct single *one = (const struct single *)(const void *)s->list.data + i;

	(void)lane;
	work_watch_came(s->request->watch, bytes_of(one));
	if (!s->request->may_go_on(s->request->ctx)) {
		pthread_mutex_lock(&s->lock);
		s->sum->left++;
		pthread_mutex_unlock(&s->lock);
		return 0;
	}
	return one->count > 1 ? keep_one(s, one, err) : code_anew(s, one, err);
}

int single_work(const struct recompact_request *r, const struct stock *s,
                struct recompact_result *sum, struct err *err)
{
	struct singles all = { .request = r, .stock = s, .list = BUF_INIT, .sum = sum };
	int rc = find(&all, err);

	if (!rc) {
		const struct lanes_work work = { all.list.size / sizeof(struct single),
			                         work_one, NULL, &all };
		tell_total(&all);
		pthread_mutex_init(&all.lock, NULL);
		rc = lanes_run(r->transfer->lanes, &work, err);
		pthread_mutex_destroy(&all.lock);
	}
	buf_wipe(&all.list);
	return rc;
}
