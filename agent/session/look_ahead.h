/*
 * Look-ahead: git-lfs asks for one object and waits for it before it asks for the
 * next, so over a store that is far away most of the time is waiting. What it is going
 * to ask for is guessed (ahead_plan.h) and fetched before.
 *
 *     git-lfs   asks A .. takes A, asks B: there already, asks C: there already ...
 *     we        A, and meanwhile B C D E F ... at once
 *
 * It is a guess, so it is held back by evidence: how much lies ready that nobody asked
 * for is bounded by how much was asked for, and by the budget; when nothing of it is
 * wanted, it ends. Many small objects (smaller than PARTIAL_MIN) are under way at once;
 * of the large ones one, counting that which git-lfs waits for: it uses all lanes.
 * What fails stays silent, and is tried anew when it is asked for. What nobody asked
 * for is removed at the end; after a kill the next process removes it, or goes on
 * from it (partial_file.h).
 *
 * Thread rule: take, done and free are for one thread, the session's.
 */
#ifndef ZLLM_LOOK_AHEAD_H
#define ZLLM_LOOK_AHEAD_H

#include <stdint.h>

struct err;
struct git_paths;
struct lfs_config;
struct look_ahead;
struct object_fetch;
struct store;
struct transfer;

/* How many bytes may lie ready: zllm.lookahead, else 4 GiB for a remote store and none
 * for others. ERR_CONFIG. */
int look_ahead_budget(const struct lfs_config *config, const struct store *s,
                      uint64_t *bytes, struct err *err);

/* For whom, and how far. What it points to outlives the look-ahead. */
struct look_ahead_options {
	const struct transfer *transfer;
	const struct git_paths *paths;
	const struct lfs_config *config;
	uint64_t budget; /* bytes */
};

/* Nothing is done before the first look_ahead_take(). */
int look_ahead_new(const struct look_ahead_options *options, struct look_ahead **out,
                   struct err *err);

/*
 * git-lfs asks for `wanted`. 0 with the path of a file that it can take (the caller frees
 * the text): it was there, or was on its way and was waited for, telling the progress.
 * 1: fetch it now, and call look_ahead_done() after. Negative: the progress could not
 * be told.
 */
int look_ahead_take(struct look_ahead *a, const struct object_fetch *wanted, char **path,
                    struct err *err);
void look_ahead_done(struct look_ahead *a);

/* Ends it, and removes what lies ready. NULL is fine. */
void look_ahead_free(struct look_ahead *a);

#endif
