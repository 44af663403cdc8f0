/*
 * Whether what lies at a record's key is that record: the proof, by all of its bytes. Only
 * what is in the store counts, no cache and no local file.
 *
 *     its bases proved, its content has the id      ->  right
 *     its bases proved, another content, or none    ->  wrong, whatever its sums say
 *     a base not proved                             ->  nothing can be said of it
 *
 * A record that is wrong may be moved out of sight, for nobody could use it; one that
 * cannot be read (permissions, a disk that fails, a newer format) is never wrong.
 * Thread rule: any thread.
 */
#ifndef ZLLM_RECORD_JUDGE_H
#define ZLLM_RECORD_JUDGE_H

#include <stddef.h>

struct blob_place;
struct buf;
struct err;
struct oid;
struct store;
struct transfer;

enum record_verdict {
	RECORD_RIGHT,
	RECORD_WRONG,
	RECORD_UNSAID, /* a base is not proved */
	RECORD_GONE
};

/* Judges the record at place->key, which may lie in trash/: reads it, and its bases, all of
 * them. 0 with the verdict; or why nothing can be said: ERR_IO, ERR_FORMAT ... */
int record_judge_place(const struct transfer *t, const struct blob_place *place,
                       enum record_verdict *verdict, struct err *err);

/* Judges every record that the store lists of the blob `id`, and of those of its bases that
 * cannot be proved: reads them, all of them. Adds a struct blob_place for each that is wrong
 * to *wrong, which the caller wipes. 0, also when there are none; or why nothing can be
 * said: ERR_IO, ERR_FORMAT ... */
int record_judge_blob(const struct transfer *t, const struct oid *id, struct buf *wrong,
                      struct err *err);

/* The same, passing over blobs that are in `seen`: those that are judged are added. */
struct blob_set;
int record_judge_blob_once(const struct transfer *t, const struct oid *id,
                           struct blob_set *seen, struct buf *wrong, struct err *err);

/* Takes a record that was judged wrong out of the way of a good one; `to` is the
 * transfer's store, opened by whoever may write there. In between another may have put a
 * good one in its place: what was moved is judged, and given back unless it is wrong. 0
 * when the wrong one is away, durably; 1 when another is in its place, or none: that is
 * left alone; or negative. */
int record_judge_set_aside(const struct transfer *t, struct store *to,
                           const struct blob_place *place, struct err *err);

/* Both: *moved is how many were set aside. */
int record_judge_clear(const struct transfer *t, struct store *to, const struct oid *id,
                       size_t *moved, struct err *err);

#endif
