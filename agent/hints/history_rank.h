/*
 * Which of many files is most like one: by extension, name and size. A rough
 * order only; the upload looks at the bytes of the first few.
 */
#ifndef ZLLM_HISTORY_RANK_H
#define ZLLM_HISTORY_RANK_H

#include <stdint.h>

struct sightings;

/* Sorts `s`, the likest to a file of `size` bytes at `path` (NULL: not known)
 * first; equals keep their order. */
void history_rank(struct sightings *s, const char *path, uint64_t size);

#endif
