#include "agent/cmd/gc_prune.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/cmd/gc_facts.h"
#include "agent/cmd/gc_reach.h"
#include "agent/cmd/gc_world.h"
#include "agent/git/lfs_config.h"
#include "agent/report/confirm.h"
#include "agent/report/count_text.h"
#include "agent/report/duration_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/size_text.h"
#include "codec/common/err.h"
#include "index/gc/prune.h"

/* What a prune is about to do, with what people know it by. */
struct pruning {
	struct gc_world *w;
	const struct gc_options *options;
	struct gc_reach reach;
	struct prune plan;
	struct gc_facts going, expiring;
	int64_t expire;
};

int gc_prune_expire(const struct lfs_config *config, const char *text, int64_t *seconds,
                    struct err *err)
{
	const char *setting = text ? text : lfs_config_get(config, "zllm.gc.expire");
	uint64_t found = PRUNE_EXPIRE_DEFAULT;

	if (setting && !duration_parse(setting, &found))
		return err_set(err, text ? ERR_INPUT : ERR_CONFIG,
		               "%s is '%s': a time is wanted, such as 30d or 12h",
		               text ? "--expire" : "zllm.gc.expire", setting);
	*seconds = (int64_t)found;
	return 0;
}

/* ---------------------------------------------------------------- the plan */

static int look(struct pruning *p, struct err *err)
{
	struct prune_request request = {
		.repo_id = p->w->here.url.repo_id,
		.way = PRUNE_BY_REFS,
		.expire = p->expire,
	};
	static const struct oid none; /* a list of none is one */

	int rc = gc_reach_find(p->w, p->options, &p->reach, err);
	request.reached = p->reach.oids ? p->reach.oids : &none;
	request.reached_count = p->reach.count;
	return rc ? rc : prune_look(&p->plan, &p->w->run, &request, err);
}

static int find_facts(struct pruning *p, struct err *err)
{
	size_t told = p->options->dry_run || p->options->json ? SIZE_MAX : GC_FACTS_TOLD;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->plan.count; i++) {
		const struct prune_owner *o = &p->plan.list[i];
		if (o->fate == PRUNE_MOVES)
			rc = gc_facts_add(&p->going, &o->oid, err);
		else if (o->fate == PRUNE_EXPIRES)
			rc = gc_facts_add(&p->expiring, &o->oid, err);
	}
	if (!rc)
		rc = gc_facts_read(&p->going, &p->w->transfer, told, err);
	return rc ? rc : gc_facts_read(&p->expiring, &p->w->transfer, told, err);
}

/* ---------------------------------------------------------------- telling */

static void tell_list(const struct pruning *p, const struct gc_facts *facts,
                      const char *what)
{
	size_t most = p->options->dry_run ? facts->count : GC_FACTS_TOLD;
	char bytes[SIZE_TEXT];

	if (!facts->count)
		return;
	size_format(facts->bytes, bytes);
	report_line("%s (%s) %s", COUNT(facts->count, "object", "objects"), bytes, what);
	for (size_t i = 0; i < facts->count && i < most; i++)
		gc_fact_tell(&facts->list[i], "");
	if (facts->count > most)
		report_line("  and %zu more; --dry-run lists them all",
		            facts->count - most);
}

static void tell_plan(const struct pruning *p)
{
	const size_t *of = p->plan.of;
	char bytes[SIZE_TEXT], days[DURATION_TEXT];
	char what[64 + DURATION_TEXT];

	report_line("reached   %s by %s of %s",
	            COUNT(p->reach.count, "object", "objects"),
	            COUNT(p->reach.refs, "ref", "refs"),
	            COUNT(p->reach.remotes, "remote", "remotes"));
	size_format(p->reach.own_bytes, bytes);
	if (p->reach.own)
		report_line("kept      %s (%s) that this clone alone names: its "
		            "reflogs, stash, and branches",
		            COUNT(p->reach.own, "object", "objects"), bytes);
	if (of[PRUNE_RETURNS] + of[PRUNE_ADOPTED])
		report_line("back      %s reached again",
		            COUNT(of[PRUNE_RETURNS] + of[PRUNE_ADOPTED], "object that is",
		                  "objects that are"));
	if (of[PRUNE_WAITS])
		report_line("waiting   %s in trash ('git zllm gc --trash' lists "
		            "them)",
		            COUNT(of[PRUNE_WAITS], "object", "objects"));
	duration_format((uint64_t)p->plan.expire, days);
	snprintf(what, sizeof(what), "that nothing reaches go to trash for %s:", days);
	tell_list(p, &p->going, what);
	tell_list(p, &p->expiring, "expired in trash, and are given up for good:");
}

static struct json *list_json(const struct gc_facts *facts)
{
	struct json *list = json_array();

	for (size_t i = 0; i < facts->count; i++)
		json_add(list, gc_fact_json(&facts->list[i]));
	return list;
}

static void keep_json(struct pruning *p)
{
	struct json *j = json_object();

	json_put_str(j, "repo", p->w->here.url.repo_id);
	json_put_u64(j, "remotes", p->reach.remotes);
	json_put_u64(j, "refs", p->reach.refs);
	json_put_u64(j, "reached", p->reach.count);
	json_put_u64(j, "named_here_alone", p->reach.own);
	json_put_u64(j, "expire", (uint64_t)p->plan.expire);
	json_put_u64(j, "returned",
	             p->plan.of[PRUNE_RETURNS] + p->plan.of[PRUNE_ADOPTED]);
	json_put_u64(j, "waiting", p->plan.of[PRUNE_WAITS]);
	json_put(j, "moved", list_json(&p->going));
	json_put(j, "expired", list_json(&p->expiring));
	p->w->pruned = j;
}

/* ---------------------------------------------------------------- doing it */

static int ask(const struct pruning *p, struct err *err)
{
	char question[256], days[DURATION_TEXT];

	if (p->options->dry_run || p->options->yes ||
	    (!p->going.count && !p->expiring.count))
		return 0;
	duration_format((uint64_t)p->plan.expire, days);
	snprintf(question, sizeof(question),
	         "%s to trash, where 'git zllm gc --undelete' finds what went for "
	         "%s; %s given up for good.",
	         COUNT(p->going.count, "object goes", "objects go"), days,
	         COUNT(p->expiring.count, "is", "are"));
	return confirm(question,
	               "nothing was pruned: say --yes to drop the objects that were "
	               "listed, or --dry-run to look only",
	               err);
}

static int prune(struct pruning *p, struct err *err)
{
	int rc = gc_prune_expire(p->w->config, p->options->expire, &p->expire, err);

	if (!rc)
		rc = gc_world_begin(p->w, err); /* before the refs are read */
	if (!rc)
		rc = look(p, err);
	if (!rc)
		rc = find_facts(p, err);
	progress_clear(&p->w->progress);
	if (rc)
		return rc;
	if (!p->options->json)
		tell_plan(p);
	rc = ask(p, err);
	if (!rc)
		rc = prune_act(&p->plan, &p->w->run, err);
	if (!rc && p->options->json)
		keep_json(p);
	return rc;
}

int gc_prune(struct gc_world *w, const struct gc_options *options, struct err *err)
{
	struct pruning p = { .w = w, .options = options };

	if (!*w->here.url.repo_id)
		return err_set(err, ERR_CONFIG,
		               "this repository has no id by which it owns objects; run "
		               "'git zllm init <store>'");
	int rc = prune(&p, err);
	prune_wipe(&p.plan);
	gc_facts_wipe(&p.going);
	gc_facts_wipe(&p.expiring);
	gc_reach_wipe(&p.reach);
	return rc;
}
