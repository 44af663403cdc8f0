#include "agent/annex/annex_session.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/annex/annex_message.h"
#include "agent/annex/annex_remote.h"
#include "agent/annex/annex_serve.h"
#include "agent/report/report.h"

/* A request on its way to a thread, with the line that its message points into. */
struct request {
	struct annex_remote *remote;
	struct annex_job *job;
	struct annex_message message;
	char *line;
};

static void *serve_request(void *ctx)
{
	struct request *q = ctx;
	struct err err = ERR_INIT;

	if (annex_serve(q->remote, q->job, &q->message, &err))
		report_trace("annex: %s", err.text);
	annex_talk_finish(&q->remote->talk, q->job);
	free(q->line);
	free(q);
	return NULL;
}

/* Takes over the line, also where it fails. */
static int begin_request(struct annex_remote *r, const struct annex_message *m,
                         char *line, struct err *err)
{
	struct request *q = malloc(sizeof(*q));
	pthread_t thread;

	if (!q) {
		free(line);
		return err_nomem(err, "a request of git-annex");
	}
	*q = (struct request){ .remote = r, .message = *m, .line = line };
	int rc = annex_talk_begin(&r->talk, m->job, &q->job, err);
	if (!rc && pthread_create(&thread, NULL, serve_request, q)) {
		annex_talk_finish(&r->talk, q->job);
		rc = err_set(err, ERR_NOMEM, "cannot start a thread");
	}
	if (rc) {
		free(q->line);
		free(q);
		return rc;
	}
	pthread_detach(thread);
	return 0;
}

/* One line without its newline. */
static int serve_line(struct annex_remote *r, const char *text, size_t n, struct err *err)
{
	struct annex_message m;
	char *line = malloc(n + 1);

	if (!line)
		return err_nomem(err, "a line of git-annex");
	memcpy(line, text, n);
	line[n] = 0;
	int rc = annex_message_parse(line, n, &m, err);
	if (!rc && m.verb != ANNEX_EXTENSIONS && m.verb != ANNEX_VALUE &&
	    m.verb != ANNEX_ERROR)
		return begin_request(r, &m, line, err);
	if (!rc && m.verb == ANNEX_EXTENSIONS)
		rc = annex_serve_extensions(r, m.rest, err);
	else if (!rc && m.verb == ANNEX_VALUE)
		rc = annex_talk_deliver(&r->talk, m.job, m.rest, err);
	else if (!rc)
		rc = err_set(err, ERR_INPUT, "git-annex says: %.500s", m.rest);
	free(line);
	return rc;
}

static int serve_lines(struct annex_remote *r, FILE *in, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;

	while (!rc && (n = getline(&line, &room, in)) >= 0) {
		if (n && line[n - 1] == '\n')
			n--;
		rc = n > ANNEX_LINE_MAX ? err_set(err, ERR_INPUT,
		                                  "git-annex sent a line of %zd bytes", n)
		                        : serve_line(r, line, (size_t)n, err);
	}
	free(line);
	return rc;
}

int annex_session_run(FILE *in, FILE *out, struct err *err)
{
	struct annex_remote *r = malloc(sizeof(*r));

	if (!r)
		return err_nomem(err, "a session");
	annex_remote_init(r, out);
	int rc = annex_say(&r->talk, NULL, err, "VERSION 2");
	if (!rc)
		rc = serve_lines(r, in, err);
	/* What is under way is given up: nobody waits for it. */
	atomic_store(&r->stop, true);
	annex_talk_end(&r->talk);
	if (rc == ERR_INPUT)
		(void)annex_say(&r->talk, NULL, NULL, "ERROR %s", err->text);
	annex_remote_wipe(r);
	free(r);
	return rc;
}
