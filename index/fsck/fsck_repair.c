#include "index/fsck/fsck_repair.h"

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_mend.h"
#include "index/work/work_watch.h"

enum { ROUNDS = 3 };

/* ---------------------------------------------------------------- whom they touch */

static int find_touched(const struct fsck_repair *r, const struct fsck_result *result,
                        struct fsck_touch *touch, struct err *err)
{
	const struct fsck_scope scope = { r->request->transfer, &result->listing,
		                          r->request->named, r->request->named_count };

	fsck_touch_wipe(touch);
	return fsck_touch_find(touch, &scope, &result->findings, err);
}

/* ---------------------------------------------------------------- proving */

/* An object that only an owner names, and that was not mended, never was whole. */
static bool is_unmade(const struct fsck_findings *f, const struct oid *oid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].kind == FSCK_MANIFEST_MISSING && !f->list[i].hurts &&
		    !f->list[i].repaired && oid_equal(&f->list[i].id, oid))
			return true;
	return false;
}

/* What it found is added to the findings. */
static int prove(const struct fsck_repair *r, struct fsck_result *result,
                 const struct buf *oids, size_t *left, struct err *err)
{
	struct fsck_request request = {
		.transfer = r->request->transfer,
		.mode = FSCK_DEEP,
		.named = (const struct oid *)(const void *)oids->data,
		.named_count = oids->size / sizeof(struct oid),
		.from = "",
		.writing = r->request->writing,
		.ctx = r->request->ctx,
	};
	struct fsck_result again;
	int rc = fsck_run(&request, &again, err);

	for (size_t i = 0; i < again.findings.count && !rc; i++)
		rc = fsck_findings_add(&result->findings, &again.findings.list[i], NULL,
		                       err);
	*left = again.not_whole;
	fsck_result_wipe(&again);
	return rc;
}

static int prove_touched(const struct fsck_repair *r, struct fsck_result *result,
                         const struct fsck_touch *touch, size_t *left, struct err *err)
{
	size_t touched = fsck_touched_count(touch);
	struct buf oids = BUF_INIT;

	*left = 0;
	for (size_t i = 0; i < touched; i++) {
		const struct oid *oid = &fsck_touched(touch, i)->oid;
		if (!is_unmade(&result->findings, oid))
			buf_add(&oids, oid, sizeof(*oid));
	}
	int rc = oids.failed ? err_nomem(err, "a list of objects") : 0;
	work_watch_step(r->request->watch, "checking what was mended", WORK_THINGS, 0);
	if (!rc && oids.size)
		rc = prove(r, result, &oids, left, err);
	buf_wipe(&oids);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

static int mend(const struct fsck_repair *r, struct fsck_result *result,
                const struct fsck_touch *touch, size_t *mended, struct err *err)
{
	const struct work_watch *watch = r->request->watch;
	struct fsck_mend m = { .to = r->to,
		               .watch = watch,
		               .copies = r->copies,
		               .touch = touch,
		               .listing = &result->listing };
	int rc = fsck_mend_begin(&m, err);

	work_watch_step(watch, "mending", WORK_THINGS, result->findings.count);

	*mended = rc ? 0 : fsck_mend_all(&m, &result->findings);
	fsck_mend_end(&m);
	return rc;
}

int fsck_repair(const struct fsck_repair *r, struct fsck_result *result,
                struct fsck_touch *touch, struct fsck_repaired *out, struct err *err)
{
	bool more = true;
	int rc = 0;

	*out = (struct fsck_repaired){ 0, 0 };
	for (unsigned round = 0; round < ROUNDS && more && !rc; round++) {
		size_t mended = 0, known = result->findings.count;
		rc = find_touched(r, result, touch, err);
		if (!rc)
			rc = mend(r, result, touch, &mended, err);
		if (!rc)
			rc = prove_touched(r, result, touch, &out->left, err);
		out->mended += rc ? 0 : mended;
		more = !rc && out->left && (mended || result->findings.count > known);
	}
	return rc ? rc : find_touched(r, result, touch, err);
}
