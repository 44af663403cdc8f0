/*
 * Markers by values: base markers (base_marker.h) that have a kin-key (kin_key.h) where
 * others have a name-key, so that a model whose tensors are called otherwise, or lie in
 * other layers, finds its base in the store, too.
 *
 *     bases/<kin-key>/<band>/<sketch>-<blob-id>~<oid>
 *
 * An object gets a few. Which, is decided by size, kin-key and band alone, which a
 * fine-tune mostly shares: who looks for a base begins with the same tensors. Programs
 * that do not know them pass over them, for no name-key of theirs is asked for there.
 */
#ifndef ZLLM_KIN_MARKER_H
#define ZLLM_KIN_MARKER_H

#include <stddef.h>
#include <stdint.h>

#include "index/store/store_keys.h"

struct err;
struct extent;
struct transfer;

enum { KIN_MARKERS = 8 }; /* of an object */

/* The rank of a tensor; the lowest come first, and those with one kin-key and band come
 * together. */
uint64_t kin_marker_rank(const struct extent *x);

/* The marker of `x`, a tensor of `object`. */
void kin_marker_make(const struct extent *x, const struct oid *object,
                     struct key_marker *out);

/* Sorts `solos` by rank, leaves out those that can have none (kin_is_telling()), and
 * returns how many are left: all, of which the first KIN_MARKERS are to have a marker. */
size_t kin_markers_sort(const struct extent **solos, size_t count);

/* Writes the markers of the tensors `chosen`, as base_markers_put() does; returns how many
 * were written, or ERR_NOMEM. */
int kin_markers_put(const struct transfer *t, const struct oid *object,
                    const struct extent *const *chosen, size_t count, struct err *err);

#endif
