/*
 * A record that was there before may be relied upon: it is looked at first, with the
 * bases that it needs. One that is not sound is set aside, so that a push can put a good
 * one, and readers find that.
 */
#ifndef ZLLM_BLOB_RELY_H
#define ZLLM_BLOB_RELY_H

struct blob_claim;
struct blob_place;
struct err;
struct transfer;

/* Finds the best sound record of a blob, as blob_look() does, and sets aside what is not
 * sound. A small request for each record that this process has not yet looked at.
 * 0; 1 when there is none (any more); or negative. Any thread. */
int blob_rely(const struct transfer *t, const struct blob_claim *claim,
              struct blob_place *out, struct err *err);

/* Only looks, and moves nothing: what this push could not put again stays where it is. 0
 * with *out when the best record of the blob is sound; 1 when there is none, or it is not
 * sound, with *why saying what; or negative. */
int blob_sound(const struct transfer *t, const struct blob_claim *claim,
               struct blob_place *out, struct err *why, struct err *err);

#endif
