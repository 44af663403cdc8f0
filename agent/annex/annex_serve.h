/* A request of git-annex, from the message to the last word of the answer. */
#ifndef ZLLM_ANNEX_SERVE_H
#define ZLLM_ANNEX_SERVE_H

struct annex_job;
struct annex_message;
struct annex_remote;
struct err;

/* What went wrong was said; negative when it could not be: nobody listens. */
int annex_serve(struct annex_remote *r, struct annex_job *job,
                const struct annex_message *m, struct err *err);

/* Answers which extensions are used, of those that the line offers. */
int annex_serve_extensions(struct annex_remote *r, const char *offered, struct err *err);

#endif
