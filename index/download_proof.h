/*
 * The SHA-256 of a file that is being restored in pieces, in any order: a thread hashes
 * right behind what is complete from the beginning on, so that the proof ends about when
 * the last byte is written, and the file is read while it is still in memory.
 *
 *     file   [done done done done|part|    |done|part|    ]
 *                                ^ hashed up to here
 *
 * Thread rule: any thread may tell of its extent; the other calls are one thread's.
 */
#ifndef ZLLM_DOWNLOAD_PROOF_H
#define ZLLM_DOWNLOAD_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct download_proof;
struct err;
struct extents;
struct transfer;

/* A proof of the file `fd`, which may be read and will hold `x`. What is given stays the
 * caller's. */
int download_proof_new(const struct transfer *t, int fd, const struct extents *x,
                       struct download_proof **out, struct err *err);

/* Ends the thread, too. NULL is fine. */
void download_proof_free(struct download_proof *p);

/* The first `bytes` of extent `i` are in the file. Rises with each call. */
void download_proof_written(struct download_proof *p, size_t i, uint64_t bytes);

/* Waits for the rest. All extents were written. */
int download_proof_finish(struct download_proof *p, struct oid *out, struct err *err);

#endif
