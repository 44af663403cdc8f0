/*
 * The keys of git-annex in a store (docs/store.md, "Annexes" and "Claims"):
 *
 *     annexes/<annex>/<aa>/<key>-<oid>          which object a key's content is
 *     owners/676974616e6e6578<digits>/<oid>     the claim: this key needs that object
 *
 * Each key owns by itself, so that the end of one takes nothing from another with the same
 * content. Thread rule: any thread.
 */
#ifndef ZLLM_ANNEX_CLAIM_H
#define ZLLM_ANNEX_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;
struct store;

/* Objects that one key is told to have as its content; more are passed over. */
enum { ANNEX_CONTENTS_MAX = 8 };

struct annex_contents {
	struct oid list[ANNEX_CONTENTS_MAX];
	size_t count;
};

/* The key whose text is `n` bytes at `text`, of the remote with that uuid. ERR_NOMEM. */
int annex_key_of(const char *uuid, const char *text, size_t n, struct key_annex *out,
                 struct err *err);

/* The id under which the key owns. ERR_NOMEM. */
int annex_claim_owner(const struct key_annex *k, char owner[REPO_ID_HEX + 1],
                      struct err *err);

/* Whether an owner's id is one of those: a key's, no repository's. */
bool annex_claim_is(const char *owner);

/* Says that `oid` is the content of the key. Before its claim. */
int annex_content_put(struct store *s, const struct key_annex *k, const struct oid *oid,
                      struct err *err);

/* What was so said, markers that were set aside included. To find none is not an error. */
int annex_content_find(struct store *s, const struct key_annex *k,
                       struct annex_contents *out, struct err *err);

enum annex_claim {
	ANNEX_CLAIM_NEVER, /* and nobody said that the key goes */
	ANNEX_CLAIM_LIVE,
	ANNEX_CLAIM_GONE /* the key was removed */
};

/* What the store has of the claim of `owner` to `oid`. */
int annex_claim_look(struct store *s, const char *owner, const struct oid *oid,
                     enum annex_claim *out, struct err *err);

/* Claims. The object is looked at before, within the same term (index/work/term.h). */
int annex_claim_put(struct store *s, const char *owner, const struct oid *oid,
                    struct err *err);

/* The key goes: its claim is moved to trash, and it can be seen that it was there. 0 also
 * where there is neither claim nor object. */
int annex_claim_drop(struct store *s, const char *owner, const struct oid *oid,
                     struct err *err);

#endif
