#include "index/gc/gc.h"

#include "codec/common/err.h"
#include "index/gc/gc_collect.h"
#include "index/gc/gc_look.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_restore.h"
#include "index/gc/gc_sweep.h"
#include "index/gc/gc_view.h"

static int restore(struct gc_run *run, const struct gc_mark *mark, struct gc_summary *out,
                   struct err *err)
{
	gc_run_step(run, "restoring what is needed");
	int rc = gc_restore_objects(run, mark, err);

	return rc ? rc : gc_restore_records(run, mark, &out->lost, err);
}

/* Restores come first: nothing that follows waits for them, but who kills a run at its end
 * has then had the better part. */
static int act(struct gc_run *run, const struct gc_request *request,
               const struct gc_mark *mark, struct gc_summary *out, struct err *err)
{
	gc_collect_count(run, mark);
	int rc = restore(run, mark, out, err);

	if (!rc) {
		gc_run_step(run, "moving what nothing needs");
		rc = gc_collect_move(run, mark, err);
	}
	if (!rc) {
		gc_run_step(run, "removing what has been out of sight for long");
		rc = gc_collect_destroy(run, mark, err);
	}
	if (!rc && request->recompact && gc_mark_is_whole(mark) &&
	    gc_run_may_go_on(run)) {
		gc_run_step(run, "recompacting");
		rc = request->recompact(run, mark, request->ctx, err);
	}
	if (!rc) {
		gc_run_step(run, "sweeping");
		rc = gc_sweep(run, mark, err);
	}
	return rc;
}

int gc(struct gc_run *run, const struct gc_request *request, struct gc_summary *out,
       struct err *err)
{
	enum gc_mark_way way = run->flags & GC_UNOWNED ? GC_MARK_UNOWNED : 0;
	struct gc_mark mark = { .view = NULL };
	struct gc_view view;

	*out = (struct gc_summary){ .missed = 0 };
	gc_run_step(run, "looking at the store");
	int rc = gc_look(&view, run, err);
	if (!rc)
		rc = gc_mark_make(&mark, &view, &run->ages, way, err);
	if (!rc) {
		out->missed = mark.missed_count;
		out->unowned = mark.unowned;
		out->late = view.late;
		out->strange = view.strange;
		out->blind = view.blind;
		out->blind_count = view.blind_count;
		rc = act(run, request, &mark, out, err);
	}
	gc_mark_wipe(&mark);
	gc_view_wipe(&view);
	return rc;
}
