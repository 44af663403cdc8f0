#include "index/gc/gc_listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/work/lanes.h"
#include "index/work/work_watch.h"

enum { PARTS = 16, TELL_KEYS = 1000 /* as a bucket lists them */ };

struct listing {
	struct store *store;
	const struct gc_listing *what;
	struct gc_listing_part *parts;
};

struct part_of {
	const struct gc_listing *what;
	struct gc_listing_part *part;
	uint64_t keys;
};

static int tell(void *ctx, const struct store_entry *entry)
{
	struct part_of *p = ctx;

	p->what->note(p->part, entry);
	if (++p->keys % TELL_KEYS == 0)
		work_watch_came(p->what->watch, TELL_KEYS);
	return p->part->out[0].failed || p->part->out[1].failed ? ERR_NOMEM : 0;
}

static int list_part(void *ctx, unsigned lane, size_t i, struct err *err)
{
	const struct listing *l = ctx;
	struct part_of p = { l->what, &l->parts[i], 0 };
	char prefix[16];

	(void)lane;
	snprintf(prefix, sizeof(prefix), "%s%x", l->what->prefix, (unsigned)i);
	int rc = store_list(l->store, prefix, tell, &p, err);
	return rc == ERR_NOMEM ? err_nomem(err, "what a store holds") : rc;
}

/* Each part is let go as soon as it was taken over: they are large. */
static int join(const struct gc_listing *what, struct gc_listing_part *parts,
                struct err *err)
{
	bool failed = false;

	for (unsigned i = 0; i < PARTS; i++) {
		for (unsigned k = 0; k < GC_LISTING_OUTS; k++) {
			struct buf *into = what->into[k];
			if (into)
				buf_add(into, parts[i].out[k].data, parts[i].out[k].size);
			failed |= into && into->failed;
			buf_wipe(&parts[i].out[k]);
		}
		if (what->strange)
			*what->strange += parts[i].strange;
	}
	return failed ? err_nomem(err, "what a store holds") : 0;
}

int gc_listing_take(const struct transfer *t, const struct gc_listing *what,
                    struct err *err)
{
	struct gc_listing_part parts[PARTS] = { { .strange = 0 } };
	struct listing l = { t->store, what, parts };
	struct lanes_work work = { .count = PARTS, .task = list_part, .ctx = &l };
	int rc = lanes_run(t->lanes, &work, err);

	if (!rc)
		rc = join(what, parts, err);
	for (unsigned i = 0; i < PARTS && rc; i++)
		for (unsigned k = 0; k < GC_LISTING_OUTS; k++)
			buf_wipe(&parts[i].out[k]);
	return rc;
}
