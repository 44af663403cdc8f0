/*
 * The encoder's choices for a frame: classes of blocks, contexts, and which
 * contexts share a table. None of them matters to a decoder, which is told.
 * Integers only, so that every machine chooses the same.
 * Pure; a room belongs to one thread at a time.
 */
#ifndef ZLLM_ULP_PLAN_H
#define ZLLM_ULP_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct bits_writer;
struct rans_room;
struct ulp_contexts;

/* Chooses the contexts of the `n` values whose tokens are in room->index, adds
 * them there (context * ROOM_STRIDE + token), and counts in room->counts[0].
 * `c` knows shape and kernel before, and refers to room->classes afterwards. */
void ulp_plan_contexts(struct ulp_contexts *c, const uint8_t *base, size_t n,
                       struct rans_room *room);

/* Writes the tables, after a bit for each context that says whether it begins a
 * new one, and makes room->coder from them. */
void ulp_plan_tables(struct ulp_contexts *c, struct rans_room *room,
                     struct bits_writer *to);

#endif
