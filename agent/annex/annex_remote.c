#include "agent/annex/annex_remote.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/hints/history.h"
#include "agent/report/report.h"
#include "agent/session/partial_file.h"
#include "codec/common/buf.h"
#include "index/blob/transfer.h"

/* Seconds after which what was seen is looked at anew, however long the grace period is:
 * git-annex drops copies elsewhere on our word. */
enum { SEEN_SECONDS = 300 };

void annex_remote_init(struct annex_remote *r, FILE *out)
{
	pthread_rwlockattr_t attr;

	memset(r, 0, sizeof(*r));
	annex_talk_init(&r->talk, out);
	atomic_init(&r->stop, false);
	pthread_mutex_init(&r->opening, NULL);
	pthread_mutex_init(&r->large, NULL);
	pthread_mutex_init(&r->hints, NULL);
	/* Who wants to look anew is not kept waiting by those who come after him. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
	                              PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&r->seen, &attr);
	pthread_rwlockattr_destroy(&attr);
}

void annex_remote_wipe(struct annex_remote *r)
{
	history_free(r->history);
	if (r->open)
		connection_close(&r->connection);
	free(r->uuid);
	free(r->name);
	pthread_rwlock_destroy(&r->seen);
	pthread_mutex_destroy(&r->hints);
	pthread_mutex_destroy(&r->large);
	pthread_mutex_destroy(&r->opening);
	annex_talk_wipe(&r->talk);
}

int annex_remote_place(struct annex_remote *r, struct annex_job *job, struct buf *out,
                       struct err *err)
{
	size_t before = out->size;
	int rc = annex_ask(&r->talk, job, "GETCONFIG store", out, err);

	if (!rc && out->size == before)
		rc = err_set(err, ERR_CONFIG,
		             "the remote has no store= (a folder, or "
		             "s3://<bucket>/<prefix>); name one: git annex enableremote "
		             "<name> store=<store>");
	return rc;
}

/* ---------------------------------------------------------------- opening */

static int ask_text(struct annex_remote *r, struct annex_job *job, const char *question,
                    char **out, struct err *err)
{
	struct buf answer = BUF_INIT;
	int rc = annex_ask(&r->talk, job, question, &answer, err);

	if (!rc) {
		free(*out);
		*out = strdup(buf_text(&answer));
		rc = *out ? 0 : err_nomem(err, "an answer of git-annex");
	}
	buf_wipe(&answer);
	return rc;
}

static int ask_who(struct annex_remote *r, struct annex_job *job, struct err *err)
{
	int rc = ask_text(r, job, "GETUUID", &r->uuid, err);

	if (!rc && !*r->uuid)
		rc = err_set(err, ERR_INPUT, "git-annex does not say the remote's uuid");
	if (!rc && r->talk.can_name_remote)
		rc = ask_text(r, job, "GETGITREMOTENAME", &r->name, err);
	return rc;
}

/* Partial contents are ours, beside those of git-lfs, and git-lfs's storage is not made for
 * them. */
static int keep_partials_here(struct git_paths *paths, struct err *err)
{
	char *dir = strdup(paths->common_dir), *tmp = NULL;

	if (!dir || asprintf(&tmp, "%s/zllm", paths->common_dir) < 0) {
		free(dir);
		return err_nomem(err, "a path");
	}
	free(paths->lfs_dir);
	free(paths->lfs_tmp);
	paths->lfs_dir = dir;
	paths->lfs_tmp = tmp;
	return 0;
}

static int open_store(struct annex_remote *r, const char *place, struct err *err)
{
	struct connection *c = &r->connection;
	struct err refused = ERR_INIT;
	int rc = connection_open_named(ENDPOINT_UPLOAD, place, c, &refused);

	r->writable = !rc;
	if (rc == ERR_CONFIG) {
		r->refused = refused;
		rc = connection_open_named(ENDPOINT_DOWNLOAD, place, c, err);
	} else if (rc) {
		*err = refused;
	}
	if (rc)
		return rc;
	r->open = true;
	r->term.seconds = c->grace;
	c->transfer.stop = &r->stop;
	c->transfer.repo_id = ""; /* each key owns by itself */
	rc = keep_partials_here(&c->paths, err);
	if (!rc)
		partial_file_sweep(&c->paths, PARTIAL_KEPT_SECONDS);
	report_trace("annex: remote %s, store %s%s", r->name ? r->name : r->uuid, place,
	             r->writable ? "" : ", which is not written to");
	return rc;
}

int annex_remote_open(struct annex_remote *r, struct annex_job *job, struct err *err)
{
	struct buf place = BUF_INIT;
	int rc = 0;

	pthread_mutex_lock(&r->opening);
	if (!r->open) {
		rc = ask_who(r, job, err);
		if (!rc)
			rc = annex_remote_place(r, job, &place, err);
		if (!rc)
			rc = open_store(r, buf_text(&place), err);
	}
	pthread_mutex_unlock(&r->opening);
	buf_wipe(&place);
	return rc;
}

int annex_remote_may_write(const struct annex_remote *r, struct err *err)
{
	if (r->writable)
		return 0;
	*err = r->refused;
	return r->refused.code;
}

/* ---------------------------------------------------------------- what was seen */

static bool is_old(const struct annex_remote *r)
{
	return !r->term.began || term_half(&r->term) ||
	       term_now() - r->term.began > SEEN_SECONDS * 1000;
}

void annex_remote_enter(struct annex_remote *r)
{
	pthread_rwlock_rdlock(&r->seen);
	if (!is_old(r))
		return;
	pthread_rwlock_unlock(&r->seen);
	pthread_rwlock_wrlock(&r->seen);
	if (is_old(r)) {
		transfer_look_anew(&r->connection.transfer);
		term_begin(&r->term);
	}
	pthread_rwlock_unlock(&r->seen);
	pthread_rwlock_rdlock(&r->seen);
}

bool annex_remote_leave(struct annex_remote *r)
{
	bool over = term_over(&r->term);

	pthread_rwlock_unlock(&r->seen);
	return over;
}
