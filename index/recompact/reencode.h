/*
 * One blob coded anew, from the record that the store has of it:
 *
 *     record  --decoded, its SHA-256 proved-->  coded anew  -->  new record
 *     new record  --read back, its SHA-256 proved-->  the old one may go
 *
 * A record of the same key as the old one cannot stand beside it. It is put into trash/
 * under a name of its own, read back there, and given to the key when the old one is away:
 * at any moment one of the two, both proved, is at the key or in trash/, where readers look.
 *
 * Nothing that is read is believed. A pusher, a reader, a gc may be at work beside it.
 * Thread rule: any thread.
 */
#ifndef ZLLM_REENCODE_H
#define ZLLM_REENCODE_H

#include <stdint.h>

#include "codec/record.h"

struct codec;
struct err;
struct extent;
struct low_rank;
struct transfer;

/* How records go out of sight. */
struct retiring {
	/* Moves the record at `key`, of `bytes`, to trash/. 0; 1 when there is none (any
	 * more); or negative, which was told. */
	int (*retire)(void *ctx, const char *key, uint64_t bytes, struct err *err);
	void *ctx;
};

/* The blob: what it should be, and the record that it is read from. */
struct reencode_task {
	const struct transfer *transfer;
	const struct extent *extent;
	const char *from; /* a key */
	const struct retiring *retiring;
};

/* How it is to be stored, and what that would take. */
struct reencode_choice {
	const struct codec *codec;
	struct record_basis basis;
	struct low_rank *low_rank; /* owned */
	uint32_t permille;         /* of its size */
};

/* Bytes of a record that takes so many thousandths of `size`, its head with them. */
uint64_t reencode_bytes(uint64_t size, uint32_t permille);

void reencode_choice_wipe(struct reencode_choice *c);

/* Tries, on samples, what the codecs make of it: without a base where `base` is NULL, else
 * against the tensor `base`. The caller wipes *out. 0; 1 where it cannot be or would not
 * pay; or negative, also where the record is not the blob. */
int reencode_try(const struct reencode_task *task, const struct extent *base,
                 struct reencode_choice *out, struct err *err);

/* Puts the record as it was chosen, and proves it by reading it back. `old`: bytes of a
 * record of the same key, which the new one replaces if it is smaller; 0: there is none.
 * 0 with its bytes in *stored; 1 where the old one is no larger, and stays; or negative:
 * then what was there is still there, or in trash/. */
int reencode_put(const struct reencode_task *task, const struct reencode_choice *choice,
                 uint64_t old, uint64_t *stored, struct err *err);

/* Whether the record at `key` decodes to the blob `id` by what the store has, all of it.
 * 0; 1 when there is no such record (any more); ERR_DAMAGED, ... */
int reencode_prove(const struct transfer *t, const struct extent *x, const char *key,
                   struct err *err);

#endif
