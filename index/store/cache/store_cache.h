/*
 * A cache on the local disk in front of a remote store: solo records, which are what
 * deltas refer to, are fetched once and then read from here.
 *
 *     <folder>/<store id>/<aa>/<blob id>      the record, byte for byte
 *     <folder>/<store id>/new-XXXXXX          one on its way in
 *
 * - Shared by repositories and by processes at once; safe to delete at any time, in
 *   part or whole: who has an entry open keeps it.
 * - Nothing in it is trusted. A record's head and frames carry sums, which its reader
 *   checks as it does the store's; who finds one damaged calls store_cache_drop() and
 *   reads the store's.
 * - An entry appears whole, by rename. It is not made durable: what a power cut leaves
 *   of it fails its checks.
 * - At most `limit` bytes, roughly: what was not used for longest goes first. Use is
 *   the file's mtime; there are no locks between processes, and no index.
 * - A cache that cannot be written (a full disk, a folder of somebody else) is passed
 *   by: nothing fails for it.
 * - It says nothing about what the store has: absence and presence are asked there.
 *
 * Thread rule: as every store. One that is being fetched is waited for by the other
 * threads that want it.
 */
#ifndef ZLLM_STORE_CACHE_H
#define ZLLM_STORE_CACHE_H

#include <stdint.h>

struct err;
struct store;

/* A cache of `limit` bytes in `folder` (made when it is first needed, for the owner
 * only) before `inner`, which is not owned and outlives it. Keys other than those of
 * solo records go straight through, as do all verbs but get. */
int store_cache_new(struct store *inner, const char *folder, uint64_t limit,
                    struct store **out, struct err *err);

/* The entry of `key` turned out bad: it is removed. */
void store_cache_drop(struct store *s, const char *key);

#endif
