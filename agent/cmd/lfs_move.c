#include "agent/cmd/lfs_move.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/cmd/agent_install.h"
#include "agent/cmd/lost_objects.h"
#include "agent/cmd/old_server.h"
#include "agent/cmd/push_check.h"
#include "agent/report/count_text.h"
#include "agent/where/repo_id.h"
#include "agent/git/absent_objects.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/incomplete_push.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_local.h"
#include "agent/git/lfs_objects.h"
#include "agent/report/report.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { OIDS_A_PUSH = 500 }; /* what a command line takes anywhere */

/* What is known in the course of a move. */
struct state {
	struct old_server old;
	struct lfs_objects needed;     /* by any ref, those of older commits first */
	struct lfs_objects lacking;    /* of these, what the store does not have */
	struct lfs_objects here, gone; /* of these, what this clone has and has not */
};

static void state_wipe(struct state *s)
{
	old_server_wipe(&s->old);
	lfs_objects_wipe(&s->needed);
	lfs_objects_wipe(&s->lacking);
	lfs_objects_wipe(&s->here);
	lfs_objects_wipe(&s->gone);
}

/* ---------------------------------------------------------------- what is needed */

static int look_up_store(const struct lfs_move *m, struct state *s, struct err *err)
{
	lfs_objects_wipe(&s->lacking);
	lfs_objects_wipe(&s->here);
	lfs_objects_wipe(&s->gone);
	int rc = push_check_run(m->store, &s->needed, &s->lacking, err);
	return rc ? rc : lfs_local_sort(m->paths, &s->lacking, &s->here, &s->gone, err);
}

/* In the order of history: a model comes before what was made of it. */
static int look(const struct lfs_move *m, struct state *s, struct err *err)
{
	static const char *const everything[] = { "--all", "--in-commit-order",
		                                  "--reverse", NULL };
	static const struct buf no_revisions = BUF_INIT;

	lfs_objects_wipe(&s->needed);
	int rc = lfs_objects_add(&s->needed, &no_revisions, everything, err);
	return rc ? rc : look_up_store(m, s, err);
}

/* Whether this repository, or a branch of it, has moved in before. */
static int is_ours_already(const struct lfs_config *config, bool *out, struct err *err)
{
	const char *url = lfs_config_get(config, "lfs.url");
	struct repo_id id = { .origin = REPO_ID_RANDOM };

	*out = url && store_url_is_ours(url);
	int rc = *out ? 0 : repo_id_find(config, &id, err);
	*out = *out || id.origin == REPO_ID_OF_REF;
	return rc;
}

/* 0 where there is nothing to do, 1 where there is. */
static int is_wanted(const struct lfs_move *m, struct state *s, struct err *err)
{
	bool ours;

	if (m->why == LFS_MOVE_ASKED)
		return 1;
	int rc = is_ours_already(m->config, &ours, err);
	if (rc || ours)
		return rc;
	rc = look(m, s, err);
	if (rc || !s->lacking.count)
		return rc;
	report_note(
		"this repository needs %s moved there first, with all branches and tags",
		COUNT(s->lacking.count, "LFS object that the store lacks: it is",
	              "LFS objects that the store lacks: they are"));
	return 1;
}

/* Commits that are not here cannot tell what they need. */
static int bring_history(const struct state *s, struct err *err)
{
	static const char *const shallow[] = { "git", "rev-parse",
		                               "--is-shallow-repository", NULL };
	static const char *const everything[] = { "--all", NULL };
	static const struct buf no_revisions = BUF_INIT;
	struct absent_objects absent = { 0 };
	struct buf answer = BUF_INIT;
	int status;

	int rc = git_run(shallow, &(struct git_run_io){ .output = &answer }, &status,
	                 err);
	if (!rc && strcmp(buf_text(&answer), "true\n") == 0)
		rc = err_set(err, ERR_INPUT,
		             "this clone is shallow, and what its older commits need has "
		             "to be moved too: run 'git fetch --unshallow', and this "
		             "again");
	buf_wipe(&answer);
	if (!rc)
		rc = old_server_fetch_refs(&s->old, err);
	if (!rc)
		rc = absent_objects_bring(&no_revisions, everything, &absent, err);
	if (!rc && absent.left)
		rc = err_set(err, ERR_IO,
		             "%s not in this partial "
		             "clone and could not be fetched",
		             COUNT(absent.left, "file or folder of history is",
		                   "files and folders of history are"));
	return rc;
}

/* ---------------------------------------------------------------- there and back */

/* `git lfs push --object-id` of a part of `objects`, to the store and nowhere else. */
static int push_some(const struct lfs_move *m, const char *remote,
                     const struct lfs_object *objects, size_t count, struct err *err)
{
	const char *argv[OIDS_A_PUSH + 16];
	char hex[OIDS_A_PUSH][SHA256_HEX + 1];
	struct buf url = BUF_INIT, push_url = BUF_INIT, git_url = BUF_INIT;
	size_t n = 0;
	int status;

	buf_addf(&url, "lfs.url=%s", m->url);
	buf_addf(&push_url, "lfs.pushurl=%s", m->url);
	buf_addf(&git_url, "remote.%s.lfsurl=%s", remote, m->url);
	const char *const front[] = { "git",
		                      "-c",
		                      buf_text(&url),
		                      "-c",
		                      buf_text(&push_url),
		                      "-c",
		                      buf_text(&git_url),
		                      "lfs",
		                      "push",
		                      "--object-id",
		                      remote };
	for (size_t i = 0; i < sizeof(front) / sizeof(front[0]); i++)
		argv[n++] = front[i];
	for (size_t i = 0; i < count; i++) {
		oid_format(&objects[i].oid, hex[i]);
		argv[n++] = hex[i];
	}
	argv[n] = NULL;
	int rc = git_run(argv, NULL, &status, err);
	buf_wipe(&url);
	buf_wipe(&push_url);
	buf_wipe(&git_url);
	return rc;
}

/* What does not get there is seen by what the store lacks afterwards. */
static int push_all(const struct lfs_move *m, struct state *s, struct err *err)
{
	const struct lfs_objects *here = &s->here;
	const char *remote = buf_text(&s->old.remote);
	int rc = 0;

	if (here->count && !agent_install_present(m->config))
		return err_set(err, ERR_CONFIG,
		               "git-lfs does not know this program yet: run 'git zllm "
		               "install' (once per user)");
	for (size_t i = 0, n; !rc && i < here->count; i += n) {
		n = here->count - i < OIDS_A_PUSH ? here->count - i : OIDS_A_PUSH;
		rc = push_some(m, *remote ? remote : ".", here->list + i, n, err);
	}
	return rc ? rc : look_up_store(m, s, err);
}

static int judge(const struct lfs_move *m, const struct state *s, struct err *err)
{
	bool without = incomplete_push_allowed(m->config);

	if (s->here.count)
		return err_set(err, ERR_IO,
		               "%s here and did not reach the store: "
		               "nothing was changed in this repository; run the same "
		               "again to go on",
		               COUNT(s->here.count, "LFS object is", "LFS objects are"));
	int rc = lost_objects_report(m->paths, &s->gone, err);
	if (!rc && s->gone.count && !without)
		rc = err_set(
			err, ERR_INPUT,
			"%zu of %s neither on the old server nor "
			"here: nothing was changed in this repository, and it still "
			"uses the old server. Run the same again to go on, or in a "
			"clone that has them; where nobody has them any more, say so "
			"by: git config lfs.allowincompletepush true",
			s->gone.count,
			COUNT(s->needed.count, "LFS object is", "LFS objects are"));
	else if (!rc && s->gone.count)
		report_note("moved without them, as lfs.allowincompletepush says");
	return rc;
}

static int move(const struct lfs_move *m, struct state *s, struct err *err)
{
	int rc = bring_history(s, err);
	if (!rc)
		rc = look(m, s, err);
	size_t lacked = s->lacking.count;
	if (!rc && s->gone.count)
		rc = old_server_fetch_objects(m->config, &s->old, err);
	if (!rc)
		rc = look_up_store(m, s, err);
	if (!rc)
		rc = push_all(m, s, err);
	if (!rc)
		rc = judge(m, s, err);
	if (!rc)
		report_line("moved:    the store has %zu of the %s that "
		            "any branch or tag needs; %s brought now",
		            s->needed.count - s->lacking.count,
		            COUNT(s->needed.count, "LFS object", "LFS objects"),
		            COUNT(lacked - s->lacking.count, "was", "were"));
	return rc;
}

int lfs_move_run(const struct lfs_move *m, struct err *err)
{
	struct state s = { .old = { BUF_INIT, BUF_INIT },
		           .needed = LFS_OBJECTS_INIT,
		           .lacking = LFS_OBJECTS_INIT,
		           .here = LFS_OBJECTS_INIT,
		           .gone = LFS_OBJECTS_INIT };

	int rc = is_wanted(m, &s, err);
	if (rc > 0)
		rc = old_server_find(m->config, m->old_url, &s.old, err);
	else
		goto out;
	if (!rc)
		rc = move(m, &s, err);
out:
	state_wipe(&s);
	return rc;
}
