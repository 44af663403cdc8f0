/*
 * Which records a remote store has, learned by listing many at once: a listing
 * tells of a thousand records in one request, and a push asks for hundreds.
 *
 *     few records   all of blobs/ is listed, once
 *     more          blobs/<aa>/, for each <aa> that is asked for
 *     very many     nothing: one listing for each blob, as without a map
 *
 * What the map says was so when the store was listed, some minutes ago at the most:
 * then it is forgotten, and listed again. A record that came since is not seen, and
 * put again for nothing; none is destroyed before a push has ended (docs/store.md, "gc").
 *
 * Thread rule: any thread may ask at any time.
 */
#ifndef ZLLM_RECORD_MAP_H
#define ZLLM_RECORD_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/store/store_keys.h"

struct blob_place;
struct err;
struct oid;
struct record_map;
struct store;

/* An empty map of `store`, which is not owned. */
int record_map_new(struct store *store, struct record_map **out, struct err *err);
void record_map_free(struct record_map *m); /* NULL is fine */

/* About `count` blobs are going to be asked for, `id` among them: decides whether
 * to list in bulk. A few are not worth it. */
int record_map_expect(struct record_map *m, const struct oid *id, size_t count,
                      struct err *err);

enum { RECORD_MAP_UNKNOWN = 2 };

/* The best record of `id`, as blob_find() has it: 0; 1 when there is none; or
 * RECORD_MAP_UNKNOWN when the map does not cover it; or negative. */
int record_map_find(struct record_map *m, const struct oid *id, struct blob_place *out,
                    struct err *err);

/* The same for a blob of which a delta's key names the first bytes. */
int record_map_find_base(struct record_map *m, const uint8_t base[KEY_BASE_PREFIX],
                         struct blob_place *out, struct err *err);

/* Whether this very record was looked at before by this process (record_check.h), or put
 * by it; noting that; and noting that what the map says of a blob is wrong, so that the
 * store is asked for it from now on. */
bool record_map_checked(struct record_map *m, const struct key_record *record);
void record_map_note_checked(struct record_map *m, const struct key_record *record);
void record_map_doubt(struct record_map *m, const struct oid *id);

/* Forgets all of it, as after some minutes. Nobody may be asking meanwhile. */
void record_map_forget(struct record_map *m);

/* A record that was put: `place` is where. */
void record_map_add(struct record_map *m, const struct blob_place *place);

#endif
