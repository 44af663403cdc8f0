/* What an import says at its end, and what an estimate says. */
#ifndef ZLLM_IMPORT_REPORT_H
#define ZLLM_IMPORT_REPORT_H

#include "index/batch/batch_estimate.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_store.h"
#include "index/work/work_part.h"

struct batch;
struct err;

struct import_report {
	const struct batch *batch;
	const char *store;
	struct work_part part;
	int exit_code;
};

int import_report_text(const struct import_report *r,
                       const struct batch_store_result *result);
int import_report_json(const struct import_report *r,
                       const struct batch_store_result *result, struct err *err);

int estimate_report_text(const struct batch_look *look, const struct batch_estimate *e);
int estimate_report_json(const struct batch_look *look, const struct batch_estimate *e,
                         struct err *err);

#endif
