#include "agent/cmd/push_gaps.h"

#include <stdbool.h>

#include "agent/cmd/push_check.h"
#include "agent/cmd/push_command.h"
#include "agent/git/incomplete_push.h"
#include "agent/git/lfs_local.h"
#include "agent/git/lfs_objects.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

static void advise_upload(const char *remote, const struct lfs_objects *here)
{
	struct buf command = BUF_INIT;

	push_command_add(&command, remote, here);
	report_note("the push is refused; to upload %s %zu that %s here, run: %s",
	            here->count > PUSH_COMMAND_OIDS ? "the first 20 of the" : "the",
	            here->count, here->count == 1 ? "is" : "are", buf_text(&command));
	buf_wipe(&command);
}

static void advise_others(const char *remote, const struct lfs_objects *gone)
{
	struct buf command = BUF_INIT;

	push_command_add(&command, remote, gone);
	report_note(
		"the push is refused; %zu %s not in this clone either: in one that has "
		"%s run: %s",
		gone->count, gone->count == 1 ? "is" : "are",
		gone->count == 1 ? "it" : "them", buf_text(&command));
	report_note("or, where nobody has %s any more, let this clone push without, by: "
	            "git config lfs.allowincompletepush true",
	            gone->count == 1 ? "it" : "them");
	buf_wipe(&command);
}

int push_gaps_judge(const struct push_gaps *g, const struct lfs_objects *missing,
                    struct err *err)
{
	struct lfs_objects here = LFS_OBJECTS_INIT, gone = LFS_OBJECTS_INIT;
	bool without = incomplete_push_allowed(g->config);

	int rc = lfs_local_sort(g->paths, missing, &here, &gone, err);
	if (!rc) {
		push_check_report(g->store, missing);
		if (here.count)
			advise_upload(g->remote, &here);
		if (gone.count && !without)
			advise_others(g->remote, &gone);
		rc = here.count || !without;
		if (!rc)
			report_note(
				"pushed without, as lfs.allowincompletepush says: whoever "
				"checks these files out gets an error");
	}
	lfs_objects_wipe(&here);
	lfs_objects_wipe(&gone);
	return rc;
}

size_t push_gaps_elsewhere(const struct git_paths *paths,
                           const struct lfs_objects *needed)
{
	size_t count = 0;

	for (size_t i = 0; i < needed->count; i++)
		count += !lfs_local_has(paths, &needed->list[i]);
	return count;
}
