#include "index/batch/batch_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/batch/batch.h"
#include "index/batch/batch_part.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_scan.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "index/model/stack_cut.h"
#include "index/upload.h"
#include "index/work/lanes.h"
#include "index/work/term.h"

enum {
	ROUNDS = 3,
	HINTS_OF_BASE_MAX = 64,
	IN_A_ROW_MAX = 5 /* files that fail: then it is not the files' fault */
};

struct storing {
	const struct batch_store_request *request;
	struct term term;
	uint32_t *files;  /* by unit, in order of coming; owned */
	uint32_t *starts; /* of units in `files`; owned */
	uint32_t *left;   /* of each model: names whose files are to be stored; owned */
	pthread_mutex_t lock; /* guards what follows */
	unsigned in_a_row;    /* files that failed, one after another */
	struct batch_store_result result;
};

/* One file under way. */
struct one_file {
	struct storing *storing;
	uint32_t number;
	struct batch_file *file;
	uint64_t told; /* bytes of progress */
};

/* ---------------------------------------------------------------- telling */

static int tell_progress(void *ctx, uint64_t bytes, struct err *err)
{
	struct one_file *f = ctx;
	const struct batch_store_request *r = f->storing->request;

	(void)err;
	if (bytes > f->told && r->progress)
		r->progress(r->ctx, bytes - f->told);
	f->told = bytes > f->told ? bytes : f->told;
	return 0;
}

static void count_hashed(void *ctx, uint64_t bytes)
{
	tell_progress(ctx, bytes / 2, NULL);
}

static void tell_end(struct one_file *f, const struct upload_result *done,
                     const struct err *failure)
{
	struct storing *s = f->storing;
	struct batch_store_result *sum = &s->result;

	tell_progress(f, f->file->size, NULL);
	pthread_mutex_lock(&s->lock);
	s->in_a_row = failure ? s->in_a_row + 1 : 0;
	sum->files++;
	sum->failed += failure != NULL;
	sum->bytes += failure ? 0 : f->file->size;
	if (!failure) {
		sum->stored += done->stored;
		sum->known += done->known;
		sum->deltas += done->deltas;
		sum->solos += done->solos;
		sum->there += f->file->size && done->known == f->file->size &&
		              !done->stored;
	}
	s->request->told(s->request->ctx, f->number, failure);
	pthread_mutex_unlock(&s->lock);
}

/* ---------------------------------------------------------------- hints */

/* A file of the base, which was stored before. */
static void add_hint(struct base_hints *out, const struct batch_file *file)
{
	struct base_hint *list = realloc(out->list, (out->count + 1) * sizeof(*list));

	if (!list)
		return;
	out->list = list;
	list[out->count++] = (struct base_hint){ .oid = file->oid,
		                                 .source = BASE_SOURCE_SELF,
		                                 .local_file = strdup(file->path) };
}

/* The base's files, those of the same place among the shards first. */
static void add_base(const struct storing *s, uint32_t number, struct base_hints *out)
{
	const struct batch_store_request *r = s->request;
	uint32_t unit = r->scan->unit_of[number], base = r->plan->base[unit];
	size_t count = s->starts[base + 1] - s->starts[base], place = 0;

	if (base == unit)
		return;
	for (size_t i = s->starts[unit]; i < s->starts[unit + 1]; i++)
		if (s->files[i] == number)
			place = i - s->starts[unit];
	for (size_t i = 0; i < count && i < HINTS_OF_BASE_MAX; i++) {
		size_t at = s->starts[base] + (place + i) % count;
		const struct batch_file *file = batch_file(r->batch, s->files[at]);
		if (file->known == BATCH_STORED)
			add_hint(out, file);
	}
}

static void find_hints(void *ctx, const struct oid *oid, uint64_t size,
                       struct base_hints *out)
{
	struct one_file *f = ctx;
	struct storing *s = f->storing;
	const struct batch_store_request *r = s->request;

	(void)oid;
	add_base(s, f->number, out);
	if (!r->find_hints)
		return;
	pthread_mutex_lock(&s->lock);
	r->find_hints(r->ctx, f->file->model, size, out);
	pthread_mutex_unlock(&s->lock);
}

/* ---------------------------------------------------------------- a file */

/* What nobody knew by its name is hashed. */
static int learn_oid(struct one_file *f, struct extents *x, struct err *err)
{
	const struct extents_progress progress = { count_hashed, f };
	int fd = open(f->file->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open it");
	int rc = model_scan(fd, f->file->size, x, err);
	if (!rc)
		rc = stacks_cut(x, NULL, err);
	if (!rc)
		rc = extents_hash(fd, x, &f->file->oid, &progress, err);
	close(fd);
	return rc;
}

/* The other models that have a name for the file own it, too. */
static int own_everywhere(const struct one_file *f, struct err *err)
{
	const struct batch_store_request *r = f->storing->request;
	const struct batch *b = r->batch;
	struct upload_request request = { .oid = f->file->oid,
		                          .size = f->file->size,
		                          .path = f->file->path,
		                          .state = OBJECT_WHOLE };
	int rc = 0;

	for (uint32_t i = f->file->names; i != BATCH_NONE && !rc;
	     i = batch_name(b, i)->next) {
		struct transfer t = transfer_view(r->transfer, 1, NULL);
		struct upload_result ignored;
		if (batch_name(b, i)->model == f->file->model)
			continue;
		t.repo_id = batch_model(b, batch_name(b, i)->model)->repo_id;
		rc = upload_object(&t, &request, &ignored, err);
	}
	return rc;
}

static int upload_file(struct one_file *f, unsigned lanes, struct upload_result *done,
                       struct err *err)
{
	const struct batch_store_request *r = f->storing->request;
	struct extents x = { .model = MODEL_OPAQUE };
	struct transfer t = transfer_view(r->transfer, lanes, NULL);
	bool learned = f->file->known == BATCH_UNKNOWN;
	int rc = learned ? learn_oid(f, &x, err) : 0;
	struct upload_request request = { .oid = f->file->oid,
		                          .size = f->file->size,
		                          .path = f->file->path,
		                          .find_hints = find_hints,
		                          .progress = tell_progress,
		                          .ctx = f,
		                          .scanned = learned ? &x : NULL };

	t.repo_id = batch_model(r->batch, f->file->model)->repo_id;
	if (!rc)
		rc = upload_object(&t, &request, done, err);
	if (!rc)
		rc = own_everywhere(f, err);
	extents_wipe(&x);
	return rc;
}

/* A fault of the file, or of what the store has of it; not one that will hit all others. */
static bool is_its_fault(int rc)
{
	return rc == ERR_IO || rc == ERR_MISMATCH || rc == ERR_DAMAGED ||
	       rc == ERR_INPUT || rc == ERR_MISSING;
}

/* What a file was thought to be may be wrong: a memory is then forgotten. */
static int upload_or_learn(struct one_file *f, unsigned lanes, struct upload_result *done,
                           struct err *err)
{
	int rc = upload_file(f, lanes, done, err);

	if (rc == ERR_MISMATCH && f->file->known == BATCH_REMEMBERED) {
		f->file->known = BATCH_UNKNOWN;
		*err = (struct err)ERR_INIT;
		rc = upload_file(f, lanes, done, err);
	}
	if (rc == ERR_MISMATCH && f->file->known == BATCH_NAMED)
		err_set(err, rc,
		        "its bytes are not those of the SHA-256 that it is called by; it "
		        "is damaged, or not whole yet");
	return rc;
}

static int store_file(struct storing *s, uint32_t number, unsigned lanes, struct err *err)
{
	struct one_file f = { s, number, batch_file(s->request->batch, number), 0 };
	struct upload_result done = { 0 };
	struct err failure = ERR_INIT;
	int rc = upload_or_learn(&f, lanes, &done, &failure);

	if (rc && !is_its_fault(rc)) {
		*err = failure;
		return rc;
	}
	if (!rc)
		f.file->known = BATCH_STORED;
	tell_end(&f, &done, rc ? &failure : NULL);
	if (s->in_a_row < IN_A_ROW_MAX || rc != ERR_IO)
		return 0;
	return err_set(err, ERR_IO,
	               "%u files in a row could not be stored; run the same again to go "
	               "on when that is mended",
	               (unsigned)IN_A_ROW_MAX);
}

/* ---------------------------------------------------------------- in time */

/* A gc destroys nothing that an upload relies on, as long as that ends within the grace
 * period (docs/store.md, "gc"); one that took longer looks again. */
struct timely {
	struct storing *storing;
	const uint32_t *files;
	size_t count;
};

static void look_anew(struct storing *s)
{
	transfer_look_anew(s->request->transfer);
	term_begin(&s->term);
}

static int store_small(void *ctx, unsigned lane, size_t i, struct err *err)
{
	const struct timely *t = ctx;

	(void)lane;
	return store_file(t->storing, t->files[i], 1, err);
}

static int store_once(const struct timely *t, struct err *err)
{
	struct storing *s = t->storing;
	unsigned lanes = s->request->transfer->lanes;
	struct lanes_work work = { .count = t->count,
		                   .task = store_small,
		                   .ctx = (void *)(uintptr_t)t };

	return t->count == 1 ? store_file(s, t->files[0], lanes, err)
	                     : lanes_run(lanes, &work, err);
}

/* Nothing may be under way. */
static void look_in_time(struct storing *s)
{
	if (!s->term.began || term_half(&s->term))
		look_anew(s);
}

static int store_in_time(const struct timely *t, struct err *err)
{
	struct storing *s = t->storing;

	look_in_time(s);
	for (int round = 0; round < ROUNDS; round++) {
		struct batch_store_result before = s->result;
		int rc = store_once(t, err);
		if (rc || !term_over(&s->term))
			return rc;
		s->result = before;
		look_anew(s);
	}
	return err_set(
		err, ERR_IO,
		"storing a file took longer than the grace period (%lld s) three "
		"times; raise zllm.gc.grace, also for whoever runs 'git zllm gc' on "
		"the store",
		(long long)s->term.seconds);
}

/* ---------------------------------------------------------------- a family */

static bool is_small(const struct storing *s, uint32_t unit)
{
	return !batch_unit_has_tensors(s->request->scan, unit) &&
	       batch_file(s->request->batch, s->files[s->starts[unit]])->size <
	               EXTENT_INLINE_CHUNK;
}

static int store_unit(struct storing *s, uint32_t unit, struct buf *small,
                      struct err *err)
{
	int rc = 0;

	if (s->request->shares[unit] == BATCH_OTHERS)
		return 0;
	if (is_small(s, unit)) {
		buf_add(small, s->files + s->starts[unit],
		        (s->starts[unit + 1] - s->starts[unit]) * sizeof(uint32_t));
		return small->failed ? err_nomem(err, "a list of files") : 0;
	}
	for (size_t i = s->starts[unit]; i < s->starts[unit + 1] && !rc; i++)
		rc = store_in_time(&(struct timely){ s, s->files + i, 1 }, err);
	return rc;
}

/* The names of a unit's files are dealt with. */
static int end_unit(struct storing *s, uint32_t unit, struct err *err)
{
	const struct batch_store_request *r = s->request;
	int rc = 0;

	if (r->shares[unit] != BATCH_OURS)
		return 0;
	for (size_t k = s->starts[unit]; k < s->starts[unit + 1]; k++)
		for (uint32_t i = batch_file(r->batch, s->files[k])->names;
		     i != BATCH_NONE && !rc; i = batch_name(r->batch, i)->next) {
			uint32_t model = batch_name(r->batch, i)->model;
			if (!--s->left[model])
				rc = r->model_done(r->ctx, model, err);
		}
	return rc;
}

/* Records of many models are looked for by listings, not by a request for each. */
static int expect(const struct storing *s, size_t first, size_t end, struct err *err)
{
	const struct batch_store_request *r = s->request;
	struct record_map *records = r->transfer->records;
	struct oid any = { { 0 } };
	size_t count = 0;

	for (size_t i = first; i < end; i++)
		if (r->shares[r->plan->order[i]] != BATCH_OTHERS)
			count += batch_unit(r->scan, r->plan->order[i])->large;
	return records ? record_map_expect(records, &any, count, err) : 0;
}

/* The units order[first ... end). */
static int store_family(struct storing *s, size_t first, size_t end, struct err *err)
{
	const uint32_t *order = s->request->plan->order;
	struct buf small = BUF_INIT;
	look_in_time(s);
	int rc = expect(s, first, end, err);

	for (size_t i = first; i < end && !rc; i++)
		rc = store_unit(s, order[i], &small, err);
	struct timely t = { s, (const uint32_t *)(void *)small.data,
		            small.size / sizeof(uint32_t) };
	if (!rc && t.count)
		rc = store_in_time(&t, err);
	for (size_t i = first; i < end && !rc; i++)
		rc = end_unit(s, order[i], err);
	buf_wipe(&small);
	return rc;
}

static int store_families(struct storing *s, struct err *err)
{
	const struct batch_plan *plan = s->request->plan;
	int rc = 0;

	for (size_t i = 0, end; i < plan->count && !rc; i = end) {
		end = i + 1;
		while (end < plan->count &&
		       plan->family[plan->order[end]] == plan->family[plan->order[i]])
			end++;
		rc = store_family(s, i, end, err);
	}
	return rc;
}

/* ---------------------------------------------------------------- the whole */

/* Which files are of which unit; how many names each model waits for. */
static int sort_files(struct storing *s, struct err *err)
{
	const struct batch_store_request *r = s->request;
	size_t files = batch_file_count(r->batch), units = r->plan->count;

	s->files = calloc(files + 1, sizeof(*s->files));
	s->starts = calloc(units + 2, sizeof(*s->starts));
	s->left = calloc(batch_model_count(r->batch) + 1, sizeof(*s->left));
	if (!s->files || !s->starts || !s->left)
		return err_nomem(err, "a list of files");
	for (size_t i = 0; i < files; i++)
		s->starts[r->scan->unit_of[i] + 2]++;
	for (size_t i = 2; i < units + 2; i++)
		s->starts[i] += s->starts[i - 1];
	for (size_t i = 0; i < files; i++)
		s->files[s->starts[r->scan->unit_of[i] + 1]++] = (uint32_t)i;
	for (size_t i = 0; i < batch_name_count(r->batch); i++) {
		const struct batch_name *name = batch_name(r->batch, i);
		if (r->shares[r->scan->unit_of[name->file]] == BATCH_OURS)
			s->left[name->model]++;
	}
	return 0;
}

int batch_store(const struct batch_store_request *request, struct batch_store_result *out,
                struct err *err)
{
	struct storing s = { .request = request, .term = { .seconds = request->grace } };
	int rc = sort_files(&s, err);

	pthread_mutex_init(&s.lock, NULL);
	if (!rc)
		rc = store_families(&s, err);
	pthread_mutex_destroy(&s.lock);
	*out = s.result;
	free(s.files);
	free(s.starts);
	free(s.left);
	return rc;
}
