/*
 * What git knows about an object that is being pushed: its path, the commit that
 * brings it, and which older objects may hold the bases of its tensors.
 *
 * At pre-push time the remote-tracking refs are still old, so the commits about
 * to be pushed are those of the local branches, tags and HEAD that no ref of the
 * remote reaches. Hints, best first:
 *   1. what the user set (agent/hints/base_setting.h); "none" ends the search;
 *   2. the same path in the parents of the commit that brings the object, and on
 *      along first parents (a few different versions);
 *   3. the same path on the remote's branches, then on ours;
 *   4. where that path is new: what the model's card, there or in a folder above,
 *      names as its base, in whatever repository of the same store;
 *   5. the other model files of those commits: shards, renamed and moved models
 *      (similar size and similar path first);
 *   6. the other model files of the commit itself and of our branches, which this
 *      push or an earlier one may have stored already.
 * Bounded in commits walked and hints given; merges, tags, several branches and
 * `git push --all` included. Nothing found is no error.
 *
 * Thread rule: one thread at a time. The history is scanned once, at the first
 * question, and kept.
 */
#ifndef ZLLM_HISTORY_H
#define ZLLM_HISTORY_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/base/base_hint.h"

struct base_setting;
struct git_paths;
struct history;
struct transfer;

/* `remote` as git-lfs gives it at init (a name or a URL); `paths` must outlive the
 * history. Never fails: without a
 * usable repository it gives no hints. NULL only when memory ran out. */
struct history *history_open(const struct git_paths *paths, const char *remote);
void history_free(struct history *h);

/* Where names of models are looked up: `t` must outlive the history. Without it cards
 * and names are of no use. */
void history_use_store(struct history *h, const struct transfer *t);

/* From now on files of git-annex in the history count as those of git-lfs do. Before the first
 * question. */
void history_know_annex(struct history *h);

/* What `.zllm` says; NULL where it cannot be read. Valid as long as the history. */
const struct base_setting *history_setting(struct history *h);

/* Fills `out` (wiped by the caller) for the object `oid` of `size` bytes. */
void history_hints(struct history *h, const struct oid *oid, uint64_t size,
                   struct base_hints *out);

#endif
