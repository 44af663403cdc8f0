/*
 * What follows from a view: which objects and blobs are needed, which the live records do
 * not decode, and what may so be moved, restored, or destroyed. Pure: no store is asked.
 *
 *     needed object   an owner is live or in trash, or there is no trace of an expired one
 *     needed blob     a manifest, live or in trash, lists it
 *     missed          needed, and not decoded by live records with one delta at most
 *     base            live records of needed blobs stand on it
 *     shielded        missed, or a base of any record, live or in trash, of a missed blob:
 *                     none of its entries is destroyed
 *
 * An edge names the first 16 bytes of a base: it means every blob whose id begins so.
 */
#ifndef ZLLM_GC_MARK_H
#define ZLLM_GC_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/gc/gc_prefixes.h"
#include "index/gc/gc_view.h"

struct gc_ages;

enum gc_mark_way {
	GC_MARK_UNOWNED = 1 /* a manifest without owner and trace counts as not needed */
};

/* What may be done with one thing of the view. */
enum gc_verdict {
	GC_KEEP,    /* live and needed; or in trash, and not to be touched yet */
	GC_MOVE,    /* live, and nothing needs it */
	GC_SPARE,   /* the same, but so young that a push may be about to need it */
	GC_RESTORE, /* in trash, and one of those that may give back what is needed */
	GC_DESTROY, /* in trash, aged, and nothing needs it there */
	GC_FINISH /* the same, but only while the live record that replaces it is sound */
};

struct gc_mark {
	const struct gc_view *view;
	uint8_t *objects, *object_entries; /* an enum gc_verdict for each of the view's */
	uint8_t *records, *record_entries;
	uint8_t *missed;          /* for each of view->needed, whether it is */
	struct gc_prefixes bases; /* kept because records of needed blobs stand on them */
	struct gc_prefixes shield; /* missed, or bases of what is */
	size_t missed_count;       /* needed blobs that are missed */
	size_t unowned; /* live manifests without an owner and without a trace */
};

/* The caller wipes *out, also after an error, and keeps `v` as long. */
int gc_mark_make(struct gc_mark *out, const struct gc_view *v, const struct gc_ages *ages,
                 enum gc_mark_way way, struct err *err);
void gc_mark_wipe(struct gc_mark *m);

/* Whether records may be retired that others replace, or re-encoded (rule 10): all that is
 * needed was seen, and decodes from live records. */
bool gc_mark_is_whole(const struct gc_mark *m);

/* Whether live records decode the blob with one delta at most. */
bool gc_blob_decodes(const struct gc_view *v, const struct oid *id);

/* Whether the object is needed, as above. */
bool gc_object_is_needed(const struct gc_view *v, const struct oid *oid,
                         enum gc_mark_way way);

#endif
