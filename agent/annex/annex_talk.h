/*
 * Speaking to git-annex: one line at a time, whichever job speaks, and questions that wait
 * for their answers.
 *
 *     a job's thread        ask ----> [question out] ... wait ... <---- answer
 *     the reading thread                                 deliver -------^
 *
 * With the extension ASYNC every line has its job's number in front; without it there is
 * one job, number 0. Thread rule: any thread, but annex_talk_deliver() and
 * annex_talk_end(), which are the reading thread's.
 */
#ifndef ZLLM_ANNEX_TALK_H
#define ZLLM_ANNEX_TALK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct buf;
struct err;

enum { ANNEX_JOBS_MAX = 128 }; /* that may be under way at once */

/* One job: a request that is being served. */
struct annex_job {
	unsigned number;
	bool busy;     /* guarded by the talk's lock, as all below */
	bool asking;   /* waits for an answer */
	bool answered; /* which is here */
	char *answer;
};

struct annex_talk {
	FILE *out;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct annex_job jobs[ANNEX_JOBS_MAX];
	bool over; /* git-annex went away: nobody answers any more */
	bool can_inform, can_be_unavailable, can_name_remote; /* extensions in use */
};

void annex_talk_init(struct annex_talk *t, FILE *out);
void annex_talk_wipe(struct annex_talk *t);

/* Says one line; a newline in it becomes a blank. ERR_INTERRUPTED when nobody listens. */
int annex_say(struct annex_talk *t, const struct annex_job *job, struct err *err,
              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A remark for the person, where git-annex takes one. What fails is passed over. */
void annex_inform(struct annex_talk *t, const struct annex_job *job, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Asks, and appends the value to `answer`. ERR_INTERRUPTED when git-annex went away. */
int annex_ask(struct annex_talk *t, struct annex_job *job, const char *question,
              struct buf *answer, struct err *err);

/* The job with that number, to serve a request; waits while it is about to end. ERR_INPUT
 * when it waits for an answer, or there are too many. */
int annex_talk_begin(struct annex_talk *t, unsigned number, struct annex_job **out,
                     struct err *err);
void annex_talk_finish(struct annex_talk *t, struct annex_job *job);

/* Hands an answer to the job that waits for it. ERR_INPUT when none does. */
int annex_talk_deliver(struct annex_talk *t, unsigned number, const char *answer,
                       struct err *err);

/* Nothing more will come: who waits for an answer gives up. Returns when no job is busy. */
void annex_talk_end(struct annex_talk *t);

#endif
