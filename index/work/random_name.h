/* Names that nobody can guess and nothing else has: random bytes of the kernel's. */
#ifndef ZLLM_RANDOM_NAME_H
#define ZLLM_RANDOM_NAME_H

struct err;

enum { RANDOM_NAME_HEX = 32 }; /* digits */

/* Fills `name` with random hexadecimal digits and a NUL. 0, or ERR_IO with errno as the
 * kernel set it, and `name` is as it was; `err` may be NULL. */
int random_name(char name[RANDOM_NAME_HEX + 1], struct err *err);

#endif
