#include "agent/cmd/gc_trash.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/cmd/gc_facts.h"
#include "agent/cmd/gc_prune.h"
#include "agent/cmd/gc_world.h"
#include "agent/report/count_text.h"
#include "agent/report/duration_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/common/err.h"
#include "index/gc/prune.h"

struct trash {
	struct gc_world *w;
	const struct gc_options *options;
	struct prune found;
	struct gc_facts facts;
	size_t *places; /* of each fact in found.list; owned */
};

static void trash_wipe(struct trash *t)
{
	prune_wipe(&t->found);
	gc_facts_wipe(&t->facts);
	free(t->places);
}

static int check_repo(const struct gc_world *w, struct err *err)
{
	return *w->here.url.repo_id
	               ? 0
	               : err_set(err, ERR_CONFIG,
	                         "this repository has no id by which it owns objects");
}

/* ---------------------------------------------------------------- listing */

/* What was given up and is still there counts, too: it can be brought back. */
static bool is_in_trash(const struct prune_owner *o)
{
	return !o->live && (o->entries || o->traced);
}

static int look(struct trash *t, struct err *err)
{
	struct prune_request request = { .repo_id = t->w->here.url.repo_id,
		                         .way = PRUNE_BRING_BACK };
	int rc = gc_prune_expire(t->w->config, t->options->expire, &request.expire, err);

	if (!rc)
		rc = prune_look(&t->found, &t->w->run, &request, err);
	t->places = calloc(t->found.count + 1, sizeof(*t->places));
	if (!rc && !t->places)
		rc = err_nomem(err, "a list of objects");
	for (size_t i = 0; !rc && i < t->found.count; i++) {
		if (!is_in_trash(&t->found.list[i]))
			continue;
		t->places[t->facts.count] = i;
		rc = gc_facts_add(&t->facts, &t->found.list[i].oid, err);
	}
	return rc ? rc : gc_facts_read(&t->facts, &t->w->transfer, SIZE_MAX, err);
}

static int64_t left_of(const struct trash *t, const struct prune_owner *o)
{
	return prune_time_left(&t->found, &t->w->run, o);
}

static void tell_one(const struct trash *t, size_t i)
{
	const struct prune_owner *o = &t->found.list[t->places[i]];
	char time[DURATION_TEXT], text[DURATION_TEXT + 32];
	int64_t left = o->entries ? left_of(t, o) : 0;

	duration_format((uint64_t)left, time);
	if (left)
		snprintf(text, sizeof(text), "%s left", time);
	else
		snprintf(text, sizeof(text), "%s",
		         o->entries ? "goes with the next prune" : "goes with a gc");
	gc_fact_tell(&t->facts.list[i], text);
}

static int list_json(const struct trash *t, struct err *err)
{
	struct json *list = json_array();

	for (size_t i = 0; i < t->facts.count; i++) {
		const struct prune_owner *o = &t->found.list[t->places[i]];
		struct json *j = gc_fact_json(&t->facts.list[i]);
		json_put_bool(j, "given_up", !o->entries);
		json_put_u64(j, "seconds_left", o->entries ? (uint64_t)left_of(t, o) : 0);
		json_add(list, j);
	}
	return report_json(list, err);
}

/* Of what has neither manifest nor marker any more, only the trace is left for a while. */
static bool is_gone(const struct trash *t, size_t i)
{
	return !t->facts.list[i].known && !t->found.list[t->places[i]].entries;
}

static void list_text(const struct trash *t)
{
	char bytes[SIZE_TEXT];
	size_t told = 0;

	for (size_t i = 0; i < t->facts.count; i++)
		if (!is_gone(t, i)) {
			tell_one(t, i);
			told++;
		}
	size_format(t->facts.bytes, bytes);
	report_line("%s (%s) in trash of this repository",
	            COUNT(told, "object", "objects"), bytes);
}

int gc_trash_list(struct gc_world *w, const struct gc_options *options, struct err *err)
{
	struct trash t = { .w = w, .options = options };
	int rc = check_repo(w, err);

	if (!rc) { /* looking touches nothing: ages are by this machine's clock */
		gc_ages_suppose(&w->run.ages, w->grace);
		rc = look(&t, err);
	}
	progress_clear(&w->progress);
	if (!rc && options->json)
		rc = list_json(&t, err);
	else if (!rc)
		list_text(&t);
	trash_wipe(&t);
	return rc;
}

/* ---------------------------------------------------------------- bringing back */

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static int parse_words(const struct gc_options *options, struct oid **out, size_t *count,
                       struct err *err)
{
	size_t n = (size_t)options->word_count;
	struct oid *list = calloc(n ? n : 1, sizeof(*list));

	*out = list;
	if (!list)
		return err_nomem(err, "a list of objects");
	for (size_t i = 0; i < n; i++)
		if (!oid_parse(options->words[i], &list[i]))
			return err_set(err, ERR_INPUT,
			               "'%s' is not an oid (64 hex digits); 'git zllm gc "
			               "--trash' lists them",
			               options->words[i]);
	qsort(list, n, sizeof(*list), compare_oids);
	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (!*count || !oid_equal(&list[*count - 1], &list[i]))
			list[(*count)++] = list[i];
	return 0;
}

/* What was named and is not owned now is gone. */
static int check_back(struct gc_world *w, const struct prune_request *request,
                      struct err *err)
{
	struct prune now;
	size_t live = 0;
	int rc = prune_look(&now, &w->run, request, err);

	for (size_t i = 0; !rc && i < now.count; i++)
		live += now.list[i].reached && now.list[i].live;
	prune_wipe(&now);
	if (!rc && request->reached && live < request->reached_count &&
	    !(w->run.flags & GC_DRY_RUN))
		rc = err_set(err, ERR_MISSING, "%zu of the %s not in the store any more",
		             request->reached_count - live,
		             COUNT(request->reached_count, "object is", "objects are"));
	return rc;
}

static int undelete(struct gc_world *w, const struct prune_request *request,
                    struct err *err)
{
	struct prune plan;
	int rc = prune_look(&plan, &w->run, request, err);

	if (!rc)
		rc = prune_act(&plan, &w->run, err);
	prune_wipe(&plan);
	return rc ? rc : check_back(w, request, err);
}

static int tell_back(struct gc_world *w, const struct gc_options *options,
                     struct err *err)
{
	uint64_t back = w->run.counts.of[GC_OWNERS][GC_RESTORED].count +
	                w->run.counts.of[GC_OWNERS][GC_MADE].count;

	if (options->json) {
		struct json *j = json_object();
		json_put_u64(j, "brought_back", back);
		json_put_bool(j, "dry_run", options->dry_run);
		return report_json(j, err);
	}
	report_line("%s brought back", COUNT(back, "object", "objects"));
	if (back)
		report_line(
			"Push a branch or tag that has them: what no ref reaches, the "
			"next prune drops again.");
	return 0;
}

int gc_trash_undelete(struct gc_world *w, const struct gc_options *options,
                      struct err *err)
{
	struct prune_request request = { .repo_id = w->here.url.repo_id,
		                         .way = PRUNE_BRING_BACK };
	struct oid *oids = NULL;
	int rc = check_repo(w, err);

	if (!rc)
		rc = parse_words(options, &oids, &request.reached_count, err);
	request.reached = options->word_count ? oids : NULL;
	if (!rc)
		rc = gc_world_begin(w, err);
	if (!rc)
		rc = undelete(w, &request, err);
	progress_clear(&w->progress);
	if (!rc)
		rc = tell_back(w, options, err);
	free(oids);
	return rc;
}
