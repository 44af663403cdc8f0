#include "agent/cmd/gc_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/cmd/gc_world.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/common/err.h"
#include "index/gc/gc.h"
#include "index/store/store.h"

static const struct {
	const char *one, *many;
} things[GC_THINGS] = {
	[GC_OWNERS] = { "owner", "owners" },
	[GC_TRACES] = { "trace of an expired owner", "traces of expired owners" },
	[GC_MANIFESTS] = { "manifest", "manifests" },
	[GC_RECORDS] = { "record", "records" },
	[GC_BASES] = { "base marker", "base markers" },
	[GC_NAMES] = { "name", "names" },
	[GC_ANNEX] = { "key of git-annex", "keys of git-annex" },
	[GC_TEMPORARY] = { "temporary file", "temporary files" },
	[GC_UPLOADS] = { "unfinished upload", "unfinished uploads" },
};

static const char *const words[GC_THINGS] = {
	[GC_OWNERS] = "owners",       [GC_TRACES] = "traces",
	[GC_MANIFESTS] = "manifests", [GC_RECORDS] = "records",
	[GC_BASES] = "bases",         [GC_NAMES] = "names",
	[GC_ANNEX] = "annex_keys",    [GC_TEMPORARY] = "temporary",
	[GC_UPLOADS] = "uploads",
};

static const char *const deeds[GC_DEEDS] = {
	[GC_KEPT] = "kept",
	[GC_WAITING] = "in trash",
	[GC_MOVED] = "moved to trash",
	[GC_RESTORED] = "restored",
	[GC_DESTROYED] = "removed",
	[GC_MADE] = "made",
	[GC_FAILED] = "failed",
	[GC_LEFT] = "left for another run",
};

static const char *const deed_words[GC_DEEDS] = {
	[GC_KEPT] = "kept",         [GC_WAITING] = "trash",     [GC_MOVED] = "moved",
	[GC_RESTORED] = "restored", [GC_DESTROYED] = "removed", [GC_MADE] = "made",
	[GC_FAILED] = "failed",     [GC_LEFT] = "left",
};

static void tell_count(enum gc_thing thing, enum gc_deed deed,
                       const struct gc_count *count)
{
	char size[SIZE_TEXT] = "";

	if (!count->count)
		return;
	if (count->bytes)
		size_format(count->bytes, size);
	report_line("%-22s %10" PRIu64 " %-26s %10s", deeds[deed], count->count,
	            count->count == 1 ? things[thing].one : things[thing].many, size);
}

void gc_report_text(const struct gc_world *w, const struct gc_summary *s)
{
	static const enum gc_deed order[] = { GC_RESTORED, GC_MOVED,  GC_DESTROYED,
		                              GC_MADE,     GC_FAILED, GC_LEFT,
		                              GC_WAITING,  GC_KEPT };

	(void)s;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (int thing = 0; thing < GC_THINGS; thing++)
			tell_count((enum gc_thing)thing, order[i],
			           &w->run.counts.of[thing][order[i]]);
	gc_recompact_report(&w->recompact);
}

static void put_count(struct json *to, const char *word, const struct gc_count *count)
{
	struct json *j = json_object();

	json_put_u64(j, "count", count->count);
	json_put_u64(j, "bytes", count->bytes);
	json_put(to, word, j);
}

int gc_report_json(struct gc_world *w, const struct gc_summary *s, struct err *err)
{
	struct json *j = json_object();
	struct budget_spent spent = budget_spent(&w->budget);

	json_put_str(j, "store", w->store->name);
	json_put_bool(j, "dry_run", w->run.flags & GC_DRY_RUN);
	for (int thing = 0; thing < GC_THINGS; thing++) {
		struct json *of = json_object();
		for (int deed = 0; deed < GC_DEEDS; deed++)
			put_count(of, deed_words[deed], &w->run.counts.of[thing][deed]);
		json_put(j, words[thing], of);
	}
	gc_recompact_json(&w->recompact, j);
	json_put_u64(j, "missed", s->missed);
	json_put_u64(j, "lost", s->lost);
	json_put_u64(j, "unowned", s->unowned);
	json_put_u64(j, "unreadable", s->blind_count);
	json_put_bool(j, "late", s->late);
	json_put_bool(j, "finished", !atomic_load(&w->run.over));
	json_put_u64(j, "requests", spent.requests);
	json_put_u64(j, "read", spent.read);
	json_put_u64(j, "written", spent.written);
	if (w->pruned)
		json_put(j, "prune", w->pruned);
	w->pruned = NULL; /* it goes with the whole */
	return report_json(j, err);
}

void gc_report_remarks(const struct gc_world *w, const struct gc_summary *s)
{
	if (s->blind.code)
		report_note("%s", s->blind.text);
	if (s->blind_count)
		report_note("%s could not be read, so what is needed is not "
		            "known: no record was moved or removed; run 'git zllm fsck'",
		            COUNT(s->blind_count, "manifest", "manifests"));
	if (s->late)
		report_note("looking at the store took longer than the grace period: "
		            "nothing was removed; give a longer --grace");
	if (s->unowned)
		report_note("%s kept; 'git zllm gc "
		            "--unowned' gives up what has no owner",
		            COUNT(s->unowned, "object has no owner and is",
		                  "objects have no owner and are"));
	if (s->strange)
		report_note("%s in trash/ not this version's, and will stay there",
		            COUNT(s->strange, "key is", "keys are"));
	if (atomic_load(&w->run.over))
		report_note("the budget is spent: run it again, and it goes on");
}
