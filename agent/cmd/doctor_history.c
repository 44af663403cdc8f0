/*
 * Bases are looked for in git's history first. What cannot be read there costs room in the
 * store, never a push; so all of it is doubtful at most.
 */
#include <string.h>

#include "agent/cmd/doctor.h"
#include "agent/git/absent_objects.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_repo.h"
#include "agent/git/git_run.h"
#include "agent/report/checkup.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static const char area[] = "history";

static void check_way(struct checkup *c, const struct git_paths *paths)
{
	struct git_repo *r = git_repo_open(paths->git_dir);

	if (r)
		checkup_add(c, FINDING_GOOD, area, NULL,
		            "bases are looked for in git's history (read by %s)",
		            git_repo_way(r));
	else
		checkup_add(c, FINDING_DOUBTFUL, area,
		            "name bases by 'git zllm base', or in the models' cards",
		            "git's history cannot be read, so it names no bases");
	git_repo_free(r);
}

static void check_shallow(struct checkup *c)
{
	static const char *const argv[] = { "git", "rev-parse", "--is-shallow-repository",
		                            NULL };
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status;

	if (git_run(argv, &(struct git_run_io){ .output = &out, .quiet = true }, &status,
	            &ignored) == 0 &&
	    strcmp(buf_text(&out), "true\n") == 0)
		checkup_add(c, FINDING_DOUBTFUL, area, "run 'git fetch --unshallow'",
		            "this clone is shallow: versions from before its first "
		            "commits are not found as bases by git");
	buf_wipe(&out);
}

static void check_absent(struct checkup *c)
{
	struct err ignored = ERR_INIT;
	size_t absent = 0;

	if (absent_objects_count(&absent, &ignored) == 0 && absent)
		checkup_add(c, FINDING_DOUBTFUL, area,
		            "run 'git fetch --refetch --filter=blob:limit=1k'",
		            "this clone is partial, and %zu of its objects are not here: "
		            "versions that were never checked out are not found as "
		            "bases by git",
		            absent);
}

void doctor_history(struct checkup *c, const struct git_paths *paths)
{
	check_way(c, paths);
	check_shallow(c);
	check_absent(c);
}
