/* What a check found, for people and for programs: whom each finding touches, by which
 * paths and commits, whether it was or can be repaired, and from where. */
#ifndef ZLLM_FSCK_REPORT_H
#define ZLLM_FSCK_REPORT_H

#include <stdbool.h>

#include "index/fsck/fsck_copies.h"
#include "index/fsck/fsck_run.h"
#include "index/work/budget.h"

struct clone_copies;
struct err;
struct fsck_touch;

struct fsck_report {
	const struct fsck_result *result;
	const struct fsck_touch *touch;
	const struct clone_copies *copies;  /* NULL where nothing was found */
	const char *store, *mode;
	bool repair;                      /* whether it was tried */
	size_t mended, left; /* findings; objects that are still not whole */
	size_t whole;        /* objects, at the end */
	struct budget_spent spent;
	int exit_code;
};

/* Prints the findings and the last line. 0 or ERR_NOMEM. */
int fsck_report_text(const struct fsck_report *r, struct err *err);
int fsck_report_json(const struct fsck_report *r, struct err *err);

#endif
