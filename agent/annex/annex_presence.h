/* Whether keys are in the store, where, and their end (docs/store.md, "Claims"). */
#ifndef ZLLM_ANNEX_PRESENCE_H
#define ZLLM_ANNEX_PRESENCE_H

struct annex_remote;
struct buf;
struct err;

enum annex_presence { ANNEX_ABSENT, ANNEX_PRESENT };

/* 0 with *out, which is sure; or negative: it is not known. May claim what came to the store
 * by another way, and was never removed. */
int annex_presence_look(struct annex_remote *r, const char *key, enum annex_presence *out,
                        struct err *err);

/* 0 when the key is gone, or was never there. What others need stays. */
int annex_presence_remove(struct annex_remote *r, const char *key, struct err *err);

/* Appends where its object lies, for people. 0; 1 when the store does not have it. */
int annex_presence_where(struct annex_remote *r, const char *key, struct buf *out,
                         struct err *err);

#endif
