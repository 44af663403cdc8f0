/* What `git zllm diff` prints: a table for people, or one JSON object. */
#ifndef ZLLM_DIFF_REPORT_H
#define ZLLM_DIFF_REPORT_H

#include <stdbool.h>

#include "index/survey/model_diff.h"

struct err;
struct json;

struct diff_report {
	bool files; /* several: a line tells where each file begins */
	bool all;   /* equal tensors have lines, too */
	const struct side_part *part; /* the file of the line before */
	bool begun;                   /* the heading is printed */
	struct json *tensors;         /* with JSON: what was found so far; owned */
};

/* As model_diff.h's tensor_diff_fn; `ctx` is a struct diff_report. */
int diff_report_line(void *ctx, const struct tensor_diff *d);
int diff_report_json_line(void *ctx, const struct tensor_diff *d);

/* The sums, behind the table. */
void diff_report_sum(const struct model_diff_sum *sum);

/* The whole as one JSON object; `old` and `new` are what the user called them. */
int diff_report_json(struct diff_report *r, const struct model_diff_sum *sum,
                     const char *old, const char *new, struct err *err);

#endif
