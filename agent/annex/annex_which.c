#include "agent/annex/annex_which.h"

#include <string.h>

#include "agent/annex/annex_remote.h"
#include "codec/common/err.h"

int annex_which(const struct annex_remote *r, const char *key, struct annex_which *out,
                struct err *err)
{
	struct annex_which w = { .owner = "" };
	size_t n = strlen(key);

	if (!annex_key_parse(key, n, &w.parsed))
		w.parsed = (struct annex_key){ .has_oid = false };
	int rc = annex_key_of(r->uuid, key, n, &w.key, err);
	if (!rc)
		rc = annex_claim_owner(&w.key, w.owner, err);
	if (!rc)
		*out = w;
	return rc;
}

int annex_which_contents(const struct annex_remote *r, const struct annex_which *w,
                         struct annex_contents *out, struct err *err)
{
	if (!w->parsed.has_oid)
		return annex_content_find(r->connection.store, &w->key, out, err);
	out->list[0] = w->parsed.oid;
	out->count = 1;
	return 0;
}
