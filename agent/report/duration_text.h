/* Times as people write them: "2s", "10m", "24h", "30d". One place parses them: the
 * options and settings of all commands go by it. */
#ifndef ZLLM_DURATION_TEXT_H
#define ZLLM_DURATION_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { DURATION_TEXT = 56 };

/* A number and one of s, m, h, d, in seconds; at most 100 years. "0" needs no unit. False,
 * and *seconds stays, when `text` is anything else. */
bool duration_parse(const char *text, uint64_t *seconds);

/* The same for people, in two units at most: "47 s", "1 min 5 s", "3 h", "12 d 4 h". */
void duration_format(uint64_t seconds, char text[DURATION_TEXT]);

#endif
