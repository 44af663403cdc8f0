#include "index/gc/gc_listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

enum { PARTS = 16 };

struct listing {
	struct store *store;
	const char *prefix;
	gc_listing_note *note;
	struct gc_listing_part *parts;
};

struct part_of {
	const struct listing *listing;
	struct gc_listing_part *part;
};

static int tell(void *ctx, const struct store_entry *entry)
{
	struct part_of *p = ctx;

	p->listing->note(p->part, entry);
	return p->part->out[0].failed || p->part->out[1].failed ? ERR_NOMEM : 0;
}

static int list_part(void *ctx, unsigned lane, size_t i, struct err *err)
{
	const struct listing *l = ctx;
	struct part_of p = { l, &l->parts[i] };
	char prefix[16];

	(void)lane;
	snprintf(prefix, sizeof(prefix), "%s%x", l->prefix, (unsigned)i);
	int rc = store_list(l->store, prefix, tell, &p, err);
	return rc == ERR_NOMEM ? err_nomem(err, "what a store holds") : rc;
}

/* Each part is let go as soon as it was taken over: they are large. */
static int join(struct gc_listing_part *parts, struct buf *into[GC_LISTING_OUTS],
                size_t *strange, struct err *err)
{
	bool failed = false;

	for (unsigned i = 0; i < PARTS; i++) {
		for (unsigned k = 0; k < GC_LISTING_OUTS; k++) {
			if (into[k])
				buf_add(into[k], parts[i].out[k].data,
				        parts[i].out[k].size);
			failed |= into[k] && into[k]->failed;
			buf_wipe(&parts[i].out[k]);
		}
		*strange += parts[i].strange;
	}
	return failed ? err_nomem(err, "what a store holds") : 0;
}

int gc_listing_take(const struct transfer *t, const char *prefix, gc_listing_note *note,
                    struct buf *into[GC_LISTING_OUTS], size_t *strange, struct err *err)
{
	struct gc_listing_part parts[PARTS] = { { .strange = 0 } };
	struct listing l = { t->store, prefix, note, parts };
	struct lanes_work work = { .count = PARTS, .task = list_part, .ctx = &l };
	int rc = lanes_run(t->lanes, &work, err);

	if (!rc)
		rc = join(parts, into, strange, err);
	for (unsigned i = 0; i < PARTS && rc; i++)
		for (unsigned k = 0; k < GC_LISTING_OUTS; k++)
			buf_wipe(&parts[i].out[k]);
	return rc;
}
