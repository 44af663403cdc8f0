/*
 * Base markers: empty keys by which a store is asked for bases, where neither the user
 * nor git names one (docs/store.md, "Base markers").
 *
 *     bases/<name-key>/<band>/<sketch>-<blob-id>~<oid>
 *
 * Not every solo tensor gets one. A marker names an object; the object's manifest has
 * the other tensors and their sketches. So what a push adds stays far below the number
 * of its records: the first 16 by rank, every large tensor, and of the smaller ones a
 * part that falls with their size. Rank is decided by name and size alone: whoever
 * looks for a base begins with the same tensors. What finds a model under other names is in
 * kin_marker.h.
 */
#ifndef ZLLM_BASE_MARKER_H
#define ZLLM_BASE_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;
struct extent;
struct transfer;

enum {
	MARKERS_ALWAYS = 16,              /* of an object, by rank */
	MARKER_VALUES = 2 * 1024 * 1024   /* a tensor of so many always has one */
};

/* Whether the extent may have a marker: a tensor with a name and a sketch. */
bool base_marker_fits(const struct extent *x);

/* The rank of a tensor among those of its object; the lowest come first. */
uint64_t base_marker_rank(const struct extent *x);

/* The marker of `x`, a tensor of `object`. */
void base_marker_make(const struct extent *x, const struct oid *object,
                      struct key_marker *out);

/* Sorts `solos` by rank, and returns how many of them, from the first, are to have a
 * marker. Those that may not have one are left out. */
size_t base_markers_choose(const struct extent **solos, size_t count);

/*
 * Writes markers of the tensors `chosen`, which have solo records in the store, as those
 * of `object`. A marker that cannot be written is left out: it is only a
 * hint, and can be made later. Returns how many were written, or ERR_NOMEM.
 */
int base_markers_put(const struct transfer *t, const struct oid *object,
                     const struct extent *const *chosen, size_t count, struct err *err);

/* The same of markers that are made, of whichever kind. */
int key_markers_put(const struct transfer *t, const struct key_marker *list, size_t count,
                    struct err *err);

#endif
