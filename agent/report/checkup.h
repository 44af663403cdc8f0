/*
 * What an examination found, one finding after another: a person reads each as it is
 * made, a program gets them all at the end.
 */
#ifndef ZLLM_CHECKUP_H
#define ZLLM_CHECKUP_H

#include <stdbool.h>

struct err;
struct json;

enum finding { FINDING_GOOD, FINDING_DOUBTFUL, FINDING_BAD };

struct checkup {
	struct json *json; /* an array, where it is to be JSON; else NULL */
	unsigned doubtful, bad;
};

/* A finding about `area` ("git-lfs", "store"), and what to do about it; `remedy` is NULL
 * where nothing is to be done. */
void checkup_add(struct checkup *c, enum finding finding, const char *area,
                 const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The last line, or the whole JSON, which is then freed. */
int checkup_end(struct checkup *c, struct err *err);

#endif
