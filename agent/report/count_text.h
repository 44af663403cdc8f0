/* Counts as people read them: "1 object", "7 objects", "0 objects". */
#ifndef ZLLM_COUNT_TEXT_H
#define ZLLM_COUNT_TEXT_H

#include <stdint.h>

enum { COUNT_TEXT = 128 };

/* Writes the number and `one`, or `many` where it is not 1; both may be a noun with its verb
 * ("file is", "files are"). Returns `text`. */
const char *count_format(uint64_t n, const char *one, const char *many,
                         char text[COUNT_TEXT]);

/* The same as an expression, which lives as long as the block around it. */
#define COUNT(n, one, many) count_format((n), (one), (many), (char[COUNT_TEXT]){ 0 })

#endif
