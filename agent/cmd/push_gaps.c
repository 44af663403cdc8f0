#include "agent/cmd/push_gaps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "agent/cmd/push_check.h"
#include "agent/cmd/push_command.h"
#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_objects.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

static bool is_here(const struct git_paths *paths, const struct lfs_object *object)
{
	char *path = git_paths_lfs_object(paths, &object->oid);
	struct stat st;
	bool is = path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	          (uint64_t)st.st_size == object->size;

	free(path);
	return is;
}

/* As git-lfs reads it. */
static bool may_be_incomplete(const struct lfs_config *config)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "t" };
	const char *value = lfs_config_get(config, "lfs.allowincompletepush");

	for (size_t i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(value, yes[i]) == 0)
			return true;
	return false;
}

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

static int sort_out(const struct git_paths *paths, const struct lfs_objects *missing,
                    struct lfs_objects *here, struct lfs_objects *gone, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < missing->count && !rc; i++) {
		const struct lfs_object *object = &missing->list[i];
		rc = lfs_objects_append(is_here(paths, object) ? here : gone, object,
		                        err);
	}
	return rc;
}

int push_gaps_judge(const struct push_gaps *g, const struct lfs_objects *missing,
                    struct err *err)
{
	struct lfs_objects here = LFS_OBJECTS_INIT, gone = LFS_OBJECTS_INIT;
	bool without = may_be_incomplete(g->config);

	int rc = sort_out(g->paths, missing, &here, &gone, err);
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
		count += !is_here(paths, &needed->list[i]);
	return count;
}
