/*
 * What a push is going to send, as far as git can tell, looked up in the store many at
 * once: git-lfs offers one object and waits until it is stored, and for each we would
 * first ask whether it is there.
 *
 * Small objects are stored ahead, too (push_small.h), where our pre-push hook told which
 * refs are being pushed. Without it nothing is: git tells hooks alone, so what is known
 * here is more than that, and a branch that its owner wants to keep to himself must not
 * find its way into the store.
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_PUSH_AHEAD_H
#define ZLLM_PUSH_AHEAD_H

#include "codec/common/sha256.h"
#include "index/manifest/object_look.h"

struct err;
struct git_paths;
struct push_ahead;
struct transfer;

/* `remote` as git-lfs names it, or NULL. All three outlive it. Nothing is asked yet. */
int push_ahead_new(const struct transfer *t, const struct git_paths *paths,
                   const char *remote, struct push_ahead **out, struct err *err);

/* What is known of the object. The first call runs git; now and then one looks up the
 * next that will be offered, and stores what is small: that is OBJECT_OURS then.
 * OBJECT_UNKNOWN where that failed or nothing was foreseen. */
enum object_state push_ahead_state(struct push_ahead *a, const struct oid *oid);

void push_ahead_free(struct push_ahead *a); /* NULL is fine */

#endif
