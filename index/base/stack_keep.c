#include "index/base/stack_keep.h"

#include <string.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/tensor_names.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/extent.h"
#include "index/model/stack_cut.h"

static int keep_those_of(const struct manifest *m, const struct extents *x, bool *keep,
                         struct err *err)
{
	struct tensor_names *names;
	int rc = tensor_names_new(&m->extents, &names, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < x->count; i++) {
		struct tensor_relation like;
		if (stack_fits(&x->list[i]) &&
		    tensor_names_relate(names, &x->list[i], &like) &&
		    (like.kind == RELATION_SAME || like.kind == RELATION_CAST))
			keep[i] = true;
	}
	tensor_names_free(names);
	return 0;
}

int stacks_keep(const struct transfer *t, const struct base_hints *hints,
                const struct extents *x, bool *keep, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < hints->count && i < STACK_HINTS_MAX && !rc; i++) {
		struct manifest m;
		struct err ignored = ERR_INIT;
		if (manifest_get(t->store, &hints->list[i].oid, manifest_parse_bases, &m,
		                 &ignored))
			continue;
		rc = keep_those_of(&m, x, keep, err);
		manifest_wipe(&m);
	}
	return rc;
}
