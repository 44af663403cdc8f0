/* Contents of keys, into the store and out of it. */
#ifndef ZLLM_ANNEX_CONTENT_H
#define ZLLM_ANNEX_CONTENT_H

struct annex_job;
struct annex_remote;
struct err;

/* Stores the file as the content of the key: 0 when it is durable, and claimed. */
int annex_content_store(struct annex_remote *r, struct annex_job *job, const char *key,
                        const char *file, struct err *err);

/* Writes the content of the key to the file. What an earlier try that was cut had got is
 * not fetched again; the file itself only ever gets the whole (agent/session/partial_file.h). */
int annex_content_retrieve(struct annex_remote *r, struct annex_job *job, const char *key,
                           const char *file, struct err *err);

#endif
