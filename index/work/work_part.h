/*
 * One of N parts of a work that many do at once: which part something is in is said by
 * its own id, or by its number, alone, so that nobody has to be asked. Pure; any thread.
 */
#ifndef ZLLM_WORK_PART_H
#define ZLLM_WORK_PART_H

#include <stdbool.h>
#include <stdint.h>

enum { WORK_PARTS_MAX = 65536 };

/* Part `nth`, from 0, of `of`. { 0, 1 }, and zeros: all. */
struct work_part {
	uint32_t nth, of;
};

/* Whether the part has what has this id, whose first bytes are evenly spread: a hash. */
bool work_part_has(const struct work_part *p, const uint8_t id[2]);

bool work_part_is_all(const struct work_part *p);

/* "3/16", from 1, and nothing else. False, and *out as it was, where it is not one. */
bool work_part_parse(const char *text, struct work_part *out);

#endif
