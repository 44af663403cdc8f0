/* Sizes as people read them: "31.4 MB" (powers of 1000, as git-lfs prints them). */
#ifndef ZLLM_SIZE_TEXT_H
#define ZLLM_SIZE_TEXT_H

#include <stdint.h>

enum { SIZE_TEXT = 16 };

void size_format(uint64_t bytes, char text[SIZE_TEXT]);

/* What part of `whole` is saved when `part` of it is stored: "67.1 %". A dash when
 * there is nothing to save. */
void saved_format(uint64_t part, uint64_t whole, char text[SIZE_TEXT]);

#endif
