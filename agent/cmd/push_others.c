#include "agent/cmd/push_others.h"

#include <string.h>

#include "agent/cmd/push_check.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/push_refs.h"
#include "agent/report/report.h"
#include "agent/report/shell_word.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* The refs below `prefix`, each as `format` has it, a line each. */
static int list_refs(const char *prefix, const char *format, struct buf *out,
                     struct err *err)
{
	const char *const argv[] = { "git", "for-each-ref", format, prefix, NULL };
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out }, &status, err);
	return !rc && status ? err_set(err, ERR_IO, "git for-each-ref failed") : rc;
}

/* What the others bring that neither the remote nor what we were told of has. */
static int list_new(const struct push_refs *told, const char *remote, struct buf *out,
                    struct err *err)
{
	static const char *const ours[] = { "refs/heads/", "refs/tags/" };
	struct buf prefix = BUF_INIT;
	int rc = 0;

	buf_addf(&prefix, "refs/remotes/%s/", remote);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]) && !rc; i++)
		rc = list_refs(ours[i], "--format=%(objectname)", out, err);
	if (!rc)
		rc = list_refs(buf_text(&prefix), "--format=^%(objectname)", out, err);
	for (size_t i = 0; i < told->count; i++)
		buf_addf(out, "^%s\n", told->list[i].new_id);
	buf_wipe(&prefix);
	return rc;
}

int push_others_tell(const struct push_refs *told, const char *remote,
                     struct store *store, struct err *err)
{
	static const char *const not_all_known[] = { "--ignore-missing", NULL };
	struct lfs_objects needed = LFS_OBJECTS_INIT, missing = LFS_OBJECTS_INIT;
	struct buf revisions = BUF_INIT, word = BUF_INIT;

	int rc = list_new(told, remote, &revisions, err);
	if (!rc)
		rc = lfs_objects_add(&needed, &revisions, not_all_known, err);
	lfs_objects_unique(&needed);
	if (!rc && needed.count)
		rc = push_check_run(store, &needed, &missing, err);
	shell_word_add(&word, remote);
	if (!rc && missing.count)
		report_note(
			"pre-commit tells its hooks of one ref of a push, %s. Other "
			"branches and tags here need LFS objects that are not in the "
			"store (%zu, '%s' first); if they go along, run: git lfs push "
			"--all %s",
			told->count ? told->list[0].name : "", missing.count,
			missing.list[0].path, buf_text(&word));
	buf_wipe(&revisions);
	buf_wipe(&word);
	lfs_objects_wipe(&needed);
	lfs_objects_wipe(&missing);
	return rc;
}
