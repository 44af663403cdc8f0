#include "agent/annex/annex_talk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

void annex_talk_init(struct annex_talk *t, FILE *out)
{
	*t = (struct annex_talk){ .out = out };
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
}

void annex_talk_wipe(struct annex_talk *t)
{
	for (size_t i = 0; i < ANNEX_JOBS_MAX; i++)
		free(t->jobs[i].answer);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
}

/* ---------------------------------------------------------------- saying */

__attribute__((format(printf, 3, 0))) static int say(struct annex_talk *t,
                                                     const struct annex_job *job,
                                                     const char *fmt, va_list args)
{
	char text[2048], *long_text = NULL, *line = text;
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	if (n >= (int)sizeof(text) && vasprintf(&long_text, fmt, again) >= 0)
		line = long_text;
	va_end(again);
	for (char *at = line; *at; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	pthread_mutex_lock(&t->lock);
	bool good = n >= 0;
	if (job && job->number)
		good = good && fprintf(t->out, "J %u ", job->number) > 0;
	good = good && fputs(line, t->out) >= 0 && fputc('\n', t->out) != EOF &&
	       !fflush(t->out);
	pthread_mutex_unlock(&t->lock);
	free(long_text);
	return good ? 0 : ERR_INTERRUPTED;
}

int annex_say(struct annex_talk *t, const struct annex_job *job, struct err *err,
              const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int rc = say(t, job, fmt, args);
	va_end(args);
	return rc ? err_set(err, ERR_INTERRUPTED, "git-annex closed the connection") : 0;
}

void annex_inform(struct annex_talk *t, const struct annex_job *job, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	char text[1024];
	va_list args;

	if (!t->can_inform)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_addf(&line, "INFO %s", text);
	(void)annex_say(t, job, NULL, "%s", buf_text(&line));
	buf_wipe(&line);
}

/* ---------------------------------------------------------------- asking */

static int wait_for_answer(struct annex_talk *t, struct annex_job *job,
                           struct buf *answer, struct err *err)
{
	while (!job->answered && !t->over)
		pthread_cond_wait(&t->changed, &t->lock);
	job->asking = false;
	if (!job->answered)
		return err_set(err, ERR_INTERRUPTED, "git-annex went away");
	job->answered = false;
	if (!job->answer)
		return err_nomem(err, "an answer of git-annex");
	buf_add_str(answer, job->answer);
	free(job->answer);
	job->answer = NULL;
	return answer->failed ? err_nomem(err, "an answer of git-annex") : 0;
}

int annex_ask(struct annex_talk *t, struct annex_job *job, const char *question,
              struct buf *answer, struct err *err)
{
	pthread_mutex_lock(&t->lock);
	job->asking = true;
	pthread_mutex_unlock(&t->lock);
	int rc = annex_say(t, job, err, "%s", question);
	pthread_mutex_lock(&t->lock);
	if (rc)
		job->asking = false;
	else
		rc = wait_for_answer(t, job, answer, err);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int annex_talk_deliver(struct annex_talk *t, unsigned number, const char *answer,
                       struct err *err)
{
	struct annex_job *job = NULL;

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < ANNEX_JOBS_MAX && !job; i++)
		if (t->jobs[i].busy && t->jobs[i].number == number && t->jobs[i].asking &&
		    !t->jobs[i].answered)
			job = &t->jobs[i];
	if (job) {
		job->answer = strdup(answer);
		job->answered = true;
		pthread_cond_broadcast(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
	return job ? 0 : err_set(err, ERR_INPUT, "git-annex answered what nobody asked");
}

/* ---------------------------------------------------------------- jobs */

/* The one that is busy with that number, or NULL. */
static struct annex_job *find_busy(struct annex_talk *t, unsigned number)
{
	for (size_t i = 0; i < ANNEX_JOBS_MAX; i++)
		if (t->jobs[i].busy && t->jobs[i].number == number)
			return &t->jobs[i];
	return NULL;
}

static struct annex_job *find_free(struct annex_talk *t)
{
	for (size_t i = 0; i < ANNEX_JOBS_MAX; i++)
		if (!t->jobs[i].busy)
			return &t->jobs[i];
	return NULL;
}

/* A job that has said its last word may not have come to its end yet: that is waited for. */
int annex_talk_begin(struct annex_talk *t, unsigned number, struct annex_job **out,
                     struct err *err)
{
	struct annex_job *job;
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	while ((job = find_busy(t, number)) && !job->asking)
		pthread_cond_wait(&t->changed, &t->lock);
	if (job)
		rc = err_set(err, ERR_INPUT,
		             "git-annex sent a request where an answer was due");
	else if (!(job = find_free(t)))
		rc = err_set(err, ERR_INPUT, "git-annex began more than %d jobs at once",
		             ANNEX_JOBS_MAX);
	if (!rc) {
		*job = (struct annex_job){ .number = number, .busy = true };
		*out = job;
	}
	pthread_mutex_unlock(&t->lock);
	return rc;
}

void annex_talk_finish(struct annex_talk *t, struct annex_job *job)
{
	pthread_mutex_lock(&t->lock);
	free(job->answer);
	*job = (struct annex_job){ .busy = false };
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void annex_talk_end(struct annex_talk *t)
{
	pthread_mutex_lock(&t->lock);
	t->over = true;
	pthread_cond_broadcast(&t->changed);
	for (size_t i = 0; i < ANNEX_JOBS_MAX; i++)
		while (t->jobs[i].busy)
			pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}
