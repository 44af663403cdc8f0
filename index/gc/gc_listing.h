/*
 * A listing of everything below a prefix that ids follow ("blobs/", "trash/"), as sixteen
 * listings at once, by their first digit: what each tells of goes to a place of its own, and
 * the sixteen together are in byte order.
 */
#ifndef ZLLM_GC_LISTING_H
#define ZLLM_GC_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"

struct err;
struct store_entry;
struct transfer;
struct work_watch;

enum { GC_LISTING_OUTS = 2 };

/* What one of the sixteen has gathered. */
struct gc_listing_part {
	struct buf out[GC_LISTING_OUTS]; /* of whatever note() adds */
	uint64_t strange;                /* what it did not know */
};

/* Adds what a key says to the part. Called for each, in order. */
typedef void gc_listing_note(struct gc_listing_part *part,
                             const struct store_entry *entry);

/* What is listed, and where it goes. */
struct gc_listing {
	const char *prefix;
	gc_listing_note *note;
	struct buf
		*into[GC_LISTING_OUTS]; /* get what was added to out[i], behind what they
	                                    * hold; NULL: there is nothing of that */
	size_t *strange;                /* raised by what was not known; or NULL */
	const struct work_watch *watch; /* told of keys; or NULL */
};

/* 0, or negative. */
int gc_listing_take(const struct transfer *t, const struct gc_listing *what,
                    struct err *err);

#endif
