/*
 * What trials have measured, kept from one run to the next: a run that was stopped goes on
 * where it was, and what did not pay is not tried again. It is about contents, hence true of
 * any store; and only a memory: without it trials are made again.
 *
 * The file holds, in little-endian:
 *
 *     8 bytes   "ZLLMTRI" and NUL
 *     16 bytes  XXH3-128 of the program's version: another one measures anew
 *     36 bytes  for each trial: the first 16 bytes of the blob's id and of the base's (of the
 *               blob's: without a base), u32 thousandths of its size (all ones: no use)
 *     16 bytes  XXH3-128 of all before
 *
 * Thread rule: any thread.
 */
#ifndef ZLLM_TRIAL_MEMORY_H
#define ZLLM_TRIAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct trial_memory;

enum { TRIAL_MEMORY_MAX = 1 << 19 }; /* trials; further ones are not remembered */

int trial_memory_new(struct trial_memory **out, struct err *err);
void trial_memory_free(struct trial_memory *m); /* NULL is fine */

/* Whether the blob was tried against the base; the blob itself: without one. A NULL `m`
 * remembers nothing. */
bool trial_memory_find(struct trial_memory *m, const struct oid *blob,
                       const struct oid *base, uint32_t *permille);
void trial_memory_add(struct trial_memory *m, const struct oid *blob,
                      const struct oid *base, uint32_t permille);

size_t trial_memory_count(struct trial_memory *m);

/* Adds what `bytes` say, which may be anything: what is not a whole file of this version
 * adds nothing. */
void trial_memory_parse(struct trial_memory *m, const uint8_t *bytes, size_t n);

/* The same of the file at `path`; and writes it, whole or not at all. */
void trial_memory_load(struct trial_memory *m, const char *path);
int trial_memory_save(struct trial_memory *m, const char *path, struct err *err);

#endif
