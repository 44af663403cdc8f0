/* Which object a key of git-annex means, and under which id it owns. */
#ifndef ZLLM_ANNEX_WHICH_H
#define ZLLM_ANNEX_WHICH_H

#include "agent/git/annex_key.h"
#include "index/manifest/annex_claim.h"

struct annex_remote;
struct err;

struct annex_which {
	struct annex_key parsed; /* zeros where the text is no key as we know them */
	struct key_annex key;
	char owner[REPO_ID_HEX + 1];
};

/* Of the key's text alone. ERR_NOMEM. */
int annex_which(const struct annex_remote *r, const char *key, struct annex_which *out,
                struct err *err);

/* The objects that are its content: the one that the key says, or those that the store was
 * told; none where it was not. */
int annex_which_contents(const struct annex_remote *r, const struct annex_which *w,
                         struct annex_contents *out, struct err *err);

#endif
