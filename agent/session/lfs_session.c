#include "agent/session/lfs_session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/hints/history.h"
#include "agent/hints/model_name.h"
#include "agent/hints/repo_name.h"
#include "agent/git/push_refs.h"
#include "agent/report/report.h"
#include "agent/session/lfs_message.h"
#include "agent/session/look_ahead.h"
#include "agent/session/object_fetch.h"
#include "agent/session/partial_file.h"
#include "agent/session/pass_through.h"
#include "agent/session/push_ahead.h"
#include "agent/session/session_way.h"
#include "agent/where/remote_tell.h"
#include "agent/where/server_remember.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/name_claim.h"
#include "index/upload.h"
#include "index/work/term.h"

/* A line longer than this is no message. */
enum { LINE_MAX_BYTES = 1024 * 1024 };

struct session {
	FILE *in, *out;
	struct session_way way;
	char *remote;
	struct history *history;  /* opened when first asked */
	struct look_ahead *ahead; /* NULL where it is not worth it */
	bool looked;              /* whether that was decided */
	struct push_ahead *push;  /* likewise */
	uint64_t uploads;         /* objects that were offered */
	bool named;               /* the repository's name was told to the store */
	bool told_remote;         /* and the remote that is pushed to */
	bool remembered;          /* that remote's server, or that was not wanted */
	bool refused;             /* the store refused an object, as it would any */
	struct term term;         /* of what was seen of the store */

	/* The transfer under way. */
	const char *oid;
	uint64_t told; /* bytes of progress that git-lfs knows */
};

/* ---------------------------------------------------------------- replies */

/* Sends one line; frees it. */
static int send(struct session *s, char *line, struct err *err)
{
	if (!line)
		return err_nomem(err, "a reply to git-lfs");
	bool sent = fputs(line, s->out) >= 0 && fputc('\n', s->out) != EOF &&
	            !fflush(s->out);
	free(line);
	return sent ? 0 : err_set(err, ERR_INTERRUPTED, "git-lfs closed the connection");
}

static int tell_progress(void *ctx, uint64_t bytes, struct err *err)
{
	struct session *s = ctx;

	if (bytes <= s->told)
		return 0;
	uint64_t since = bytes - s->told;
	s->told = bytes;
	return send(s, lfs_reply_progress(s->oid, bytes, since), err);
}

/* git-lfs starts its other work when the first byte is told. */
static int begin_transfer(struct session *s, const struct lfs_message *m, struct err *err)
{
	s->oid = m->oid_text;
	s->told = 0;
	if (!s->way.open && !s->way.pass)
		return err_set(err, ERR_INPUT, "git-lfs sent a transfer before 'init'");
	return m->size ? tell_progress(s, 1, err) : 0;
}

/* ---------------------------------------------------------------- init */

static void session_disconnect(struct session *s)
{
	look_ahead_free(s->ahead);
	s->ahead = NULL;
	s->looked = false;
	push_ahead_free(s->push);
	s->push = NULL;
	s->uploads = 0;
	s->refused = false;
	s->told_remote = false;
	s->remembered = false;
	s->term = (struct term){ .seconds = 0 };
	history_free(s->history);
	s->history = NULL;
	session_way_close(&s->way);
}

static int serve_init(struct session *s, const struct lfs_message *m, struct err *err)
{
	struct err failure = ERR_INIT;
	enum endpoint_direction direction = m->upload ? ENDPOINT_UPLOAD
	                                              : ENDPOINT_DOWNLOAD;

	session_disconnect(s);
	int rc = session_way_open(&s->way, direction, m->remote, &failure);
	free(s->remote);
	s->remote = m->remote ? strdup(m->remote) : NULL;
	if (rc)
		report_trace("init: %s", failure.text);
	else if (!m->upload && s->way.open)
		partial_file_sweep(&s->way.connection.paths, PARTIAL_KEPT_SECONDS);
	return send(s, lfs_reply_init(rc ? &failure : NULL), err);
}

/* ---------------------------------------------------------------- upload */

static struct history *history_of(struct session *s)
{
	if (!s->history) {
		s->history = history_open(&s->way.connection.paths, s->remote);
		if (s->history)
			history_use_store(s->history, &s->way.connection.transfer);
	}
	return s->history;
}

static void find_hints(void *ctx, const struct oid *oid, uint64_t size,
                       struct base_hints *out)
{
	struct history *history = history_of(ctx);

	if (history)
		history_hints(history, oid, size, out);
}

/* Other repositories may find this one by its name, once it has an object. No push
 * fails for that. */
static void claim_name(struct session *s)
{
	const struct connection *c = &s->way.connection;
	struct history *history = s->named || !*c->url.repo_id ? NULL : history_of(s);
	struct model_name name;
	struct err failure = ERR_INIT;

	s->named = true;
	if (history &&
	    repo_name_find(history_setting(history), c->config, s->remote, &name) &&
	    name_claim_put(c->store, name.text, c->url.repo_id, &failure))
		report_trace("the name %s: %s", name.text, failure.text);
}

/* Before anything is owned: who drops what no ref reaches shall know of this remote's. */
static int tell_remote(struct session *s, struct err *err)
{
	const struct connection *c = &s->way.connection;
	const struct git_paths *paths = &c->paths;
	struct remote_tell tell = { .config = c->config,
		                    .root = paths->worktree ? paths->worktree
		                                            : paths->git_dir,
		                    .store = c->store,
		                    .repo_id = c->url.repo_id };
	int rc = s->told_remote ? 0 : remote_tell(&tell, s->remote, err);

	s->told_remote = !rc;
	return rc;
}

/* What is known of the object already. Only from the second on: a push of one object
 * has nothing to foresee. */
static int foresee(struct session *s, const struct oid *oid, enum object_state *state,
                   struct err *err)
{
	struct connection *c = &s->way.connection;
	int rc = 0;

	if (++s->uploads == 2)
		rc = push_ahead_new(&c->transfer, &c->paths, s->remote, &s->push, err);
	if (!rc && s->push)
		*state = push_ahead_state(s->push, oid);
	return rc;
}

/* What was seen of the store is forgotten, for it may be too old to rely on. */
static void look_anew(struct session *s)
{
	transfer_look_anew(&s->way.connection.transfer);
	push_ahead_free(s->push);
	s->push = NULL;
	s->uploads = 0;
	s->term.seconds = s->way.connection.grace;
	term_begin(&s->term);
}

enum { ROUNDS = 3 };

/* A gc destroys nothing that a push relies on, as long as that ends within the grace
 * period. One that took longer is made once more: what it put is there by now, so it
 * takes the time to read the file. */
static int upload_in_time(struct session *s, struct upload_request *request,
                          struct upload_result *result, struct err *err)
{
	if (!s->term.began || term_half(&s->term))
		look_anew(s);
	for (int round = 0; round < ROUNDS; round++) {
		request->state = OBJECT_UNKNOWN;
		int rc = foresee(s, &request->oid, &request->state, err);
		if (!rc)
			rc = upload_object(&s->way.connection.transfer, request, result,
			                   err);
		if (rc || !term_over(&s->term))
			return rc;
		report_trace("the push took longer than the grace period: looking again");
		look_anew(s);
	}
	return err_set(
		err, ERR_IO,
		"storing it took longer than the grace period (%lld s) three times; "
		"raise zllm.gc.grace, also for whoever runs 'git zllm gc' on the store",
		(long long)s->term.seconds);
}

/* A push by our hook is remembered by that, which can say so. */
static void remember_server(struct session *s)
{
	struct buf told = BUF_INIT, server = BUF_INIT;
	struct err failure = ERR_INIT;
	int rc = 1;

	push_refs_told(&told);
	if (!s->remembered && !told.size)
		rc = server_remember(s->way.connection.config, s->remote, &server,
		                     &failure);
	s->remembered = true;
	if (rc <= 0)
		report_trace("%s is %sremembered: %s", buf_text(&server),
		             rc ? "not " : "", failure.text);
	buf_wipe(&server);
	buf_wipe(&told);
}

static int pass_upload(struct session *s, const struct lfs_message *m,
                       struct err *failure)
{
	int rc = begin_transfer(s, m, failure);

	if (!rc)
		rc = pass_through_upload(s->way.pass, m, failure);
	return rc ? rc : tell_progress(s, m->size, failure);
}

static int upload(struct session *s, const struct lfs_message *m, struct err *failure)
{
	struct upload_request request = {
		.oid = m->oid,
		.size = m->size,
		.path = m->path,
		.find_hints = find_hints,
		.progress = tell_progress,
		.ctx = s,
	};
	struct upload_result result;
	int rc = begin_transfer(s, m, failure);

	if (!rc)
		rc = tell_remote(s, failure);
	if (!rc)
		rc = upload_in_time(s, &request, &result, failure);
	if (rc)
		return rc;
	claim_name(s);
	remember_server(s);
	report_trace(
		"upload %s: %llu bytes, %llu stored, %llu known, %zu deltas, %zu solo",
		m->oid_text, (unsigned long long)m->size,
		(unsigned long long)result.stored, (unsigned long long)result.known,
		result.deltas, result.solos);
	if (result.unmarked)
		report_trace("upload %s: %zu base markers were not taken ('git zllm fsck "
		             "--markers' makes them)",
		             m->oid_text, result.unmarked);
	return tell_progress(s, m->size, failure);
}

/* ---------------------------------------------------------------- download */

/* Begins to look ahead with the first download, where that is worth it. */
static int look_ahead_begin(struct session *s, struct err *err)
{
	struct connection *c = &s->way.connection;
	struct look_ahead_options options = { &c->transfer, &c->paths, c->config, 0 };

	if (s->looked)
		return 0;
	s->looked = true;
	int rc = look_ahead_budget(c->config, c->transfer.store, &options.budget, err);
	if (!rc && options.budget)
		rc = look_ahead_new(&options, &s->ahead, err);
	return rc;
}

static int fetch(struct session *s, const struct object_fetch *wanted, char **path,
                 struct err *err)
{
	struct connection *c = &s->way.connection;
	struct fetched fetched;
	int rc = object_fetch(&c->transfer, &c->paths, wanted, &fetched, err);

	return rc ? rc : fetched_keep(&fetched, &c->paths, path, err);
}

static int download(struct session *s, const struct lfs_message *m, char **path,
                    struct err *failure)
{
	struct object_fetch wanted = {
		.oid = m->oid, .size = m->size, .progress = tell_progress, .ctx = s
	};
	int rc = begin_transfer(s, m, failure);
	int answer = 1;

	if (!rc)
		rc = look_ahead_begin(s, failure);
	if (!rc && s->ahead)
		answer = look_ahead_take(s->ahead, &wanted, path, failure);
	if (!rc && answer > 0)
		rc = fetch(s, &wanted, path, failure);
	if (s->ahead && answer > 0)
		look_ahead_done(s->ahead);
	if (!rc && answer < 0)
		rc = answer;
	if (rc == ERR_MISSING && s->way.pass &&
	    pass_through_download(s->way.pass, &s->way.pass_paths, m, path,
	                          &(struct err)ERR_INIT) == 0)
		rc = 0;
	report_trace("download %s: %s", m->oid_text,
	             rc       ? "failed"
	             : answer ? "fetched"
	                      : "was ahead");
	return rc ? rc : tell_progress(s, m->size, failure);
}

static int pass_download(struct session *s, const struct lfs_message *m, char **path,
                         struct err *failure)
{
	int rc = begin_transfer(s, m, failure);

	if (!rc)
		rc = pass_through_download(s->way.pass, &s->way.pass_paths, m, path,
		                           failure);
	return rc ? rc : tell_progress(s, m->size, failure);
}

/* ---------------------------------------------------------------- the loop */

/* An upload, unless the store refused one before in such a way that it would refuse all:
 * then the reason is not said again for each of perhaps thousands. */
static int upload_unless_refused(struct session *s, const struct lfs_message *m,
                                 struct err *failure)
{
	if (s->refused)
		return err_set(failure, ERR_CONFIG, "not tried, for the reason above");
	int rc = upload(s, m, failure);
	s->refused = rc == ERR_CONFIG;
	return rc;
}

/* Uploads go where others will look for them: to the store, if any is named. */
static int carry(struct session *s, const struct lfs_message *m, char **path,
                 struct err *failure)
{
	bool passes = !s->way.open && s->way.pass;

	if (m->event == LFS_UPLOAD)
		return passes ? pass_upload(s, m, failure)
		              : upload_unless_refused(s, m, failure);
	return passes ? pass_download(s, m, path, failure)
	              : download(s, m, path, failure);
}

static int serve_transfer(struct session *s, const struct lfs_message *m, struct err *err)
{
	struct err failure = ERR_INIT;
	char *path = NULL;
	int rc = carry(s, m, &path, &failure);

	if (rc == ERR_INTERRUPTED) {
		*err = failure;
	} else {
		if (rc)
			report_trace("%s: %s", m->oid_text, failure.text);
		rc = send(s, lfs_reply_complete(m->oid_text, path, rc ? &failure : NULL),
		          err);
	}
	free(path);
	return rc;
}

/* A line that cannot be understood: told where the protocol has room for it. */
static int serve_nonsense(struct session *s, const struct lfs_message *m,
                          const struct err *failure, struct err *err)
{
	if (m->oid_text)
		return send(s, lfs_reply_complete(m->oid_text, NULL, failure), err);
	if (!s->way.open)
		return send(s, lfs_reply_init(failure), err);
	*err = *failure;
	return failure->code;
}

/* 0; 1 when the session is over. */
static int serve_line(struct session *s, const char *line, size_t n, struct err *err)
{
	struct lfs_message m;
	struct err failure = ERR_INIT;
	int rc = lfs_message_parse(line, n, &m, &failure);

	if (rc)
		rc = serve_nonsense(s, &m, &failure, err);
	else if (m.event == LFS_TERMINATE)
		rc = 1;
	else if (m.event == LFS_INIT)
		rc = serve_init(s, &m, err);
	else
		rc = serve_transfer(s, &m, err);
	lfs_message_wipe(&m);
	return rc;
}

static int serve_lines(struct session *s, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	while (!rc) {
		ssize_t n = getline(&line, &room, s->in);
		if (n < 0)
			rc = err_set(err, ERR_INTERRUPTED, "git-lfs went away");
		else if (n > LINE_MAX_BYTES)
			rc = err_set(err, ERR_INPUT, "git-lfs sent a line of %zd bytes",
			             n);
		else
			rc = serve_line(s, line, (size_t)n, err);
	}
	free(line);
	return rc > 0 ? 0 : rc;
}

int lfs_session_run(FILE *in, FILE *out, struct err *err)
{
	struct session s = { .in = in, .out = out };
	int rc = serve_lines(&s, err);

	session_disconnect(&s);
	free(s.remote);
	return rc;
}
