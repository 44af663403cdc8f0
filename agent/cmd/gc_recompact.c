#include "agent/cmd/gc_recompact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/report/count_text.h"
#include "agent/report/duration_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/size_text.h"
#include "agent/where/base_cache.h"
#include "codec/common/err.h"
#include "index/blob/effort.h"
#include "index/gc/gc.h"
#include "index/recompact/trial_memory.h"

/* The cache's folder, made where it is missing, and the folders above it. */
static char *path_of_memory(const struct lfs_config *config, const char *effort)
{
	char *folder = base_cache_folder(config), *path = NULL;

	for (char *at = folder ? strchr(folder + 1, '/') : NULL; at;
	     at = strchr(at + 1, '/')) {
		*at = 0;
		mkdir(folder, 0700);
		*at = '/';
	}
	if (folder) {
		mkdir(folder, 0700);
		if (asprintf(&path, "%s/trials-%s", folder, effort) < 0)
			path = NULL;
	}
	free(folder);
	return path;
}

int gc_recompact_begin(struct gc_recompact *r, const struct lfs_config *config,
                       const struct effort *effort, struct gc_request *out,
                       struct err *err)
{
	*r = (struct gc_recompact){ .path = NULL };
	int rc = trial_memory_new(&r->work.memory, err);

	if (rc)
		return rc;
	r->path = path_of_memory(config, effort_or_normal(effort)->name);
	if (r->path)
		trial_memory_load(r->work.memory, r->path);
	*out = (struct gc_request){ mark_recompact, &r->work };
	return 0;
}

void gc_recompact_end(struct gc_recompact *r)
{
	struct err err = ERR_INIT;

	if (r->work.ran && r->work.result.trials && r->path &&
	    trial_memory_save(r->work.memory, r->path, &err))
		report_note("what was tried is not remembered: %s", err.text);
	trial_memory_free(r->work.memory);
	free(r->path);
	*r = (struct gc_recompact){ .path = NULL };
}

void gc_recompact_report(const struct gc_recompact *r)
{
	const struct recompact_result *result = &r->work.result;
	char before[SIZE_TEXT], after[SIZE_TEXT], time[DURATION_TEXT];

	if (!r->work.ran)
		return;
	size_format(result->before, before);
	size_format(result->after, after);
	duration_format(r->work.milliseconds / 1000, time);
	if (r->work.supposed) {
		report_line("recompacting may bring all records from %s to %s", before,
		            after);
		return;
	}
	report_line("recompacted: %s made anew, %zu moved to trash; all records "
	            "%s, then %s; %s; in %s",
	            COUNT(result->made, "record", "records"), result->retired, before,
	            after, COUNT(result->trials, "trial", "trials"), time);
	if (result->skipped)
		report_note("%s not recompacted: something of "
		            "that cannot be read; run 'git zllm fsck'",
		            COUNT(result->skipped, "group of tensors was",
		                  "groups of tensors were"));
}

void gc_recompact_json(const struct gc_recompact *r, struct json *to)
{
	const struct recompact_result *result = &r->work.result;
	struct json *j = json_object();

	json_put_bool(j, "ran", r->work.ran);
	json_put_u64(j, "made", result->made);
	json_put_u64(j, "made_bytes", result->made_bytes);
	json_put_u64(j, "retired", result->retired);
	json_put_u64(j, "retired_bytes", result->retired_bytes);
	json_put_u64(j, "before", result->before);
	json_put_u64(j, "after", result->after);
	json_put_u64(j, "trials", result->trials);
	json_put_u64(j, "skipped", result->skipped);
	json_put_u64(j, "failed", result->failed);
	json_put_u64(j, "left", result->left);
	json_put_u64(j, "milliseconds", r->work.milliseconds);
	json_put(to, "recompact", j);
}
