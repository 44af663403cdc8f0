/*
 * One group recompacted: planned, tried, coded anew, the old records retired.
 * Thread rule: groups may be worked on at once; who is told is told one at a time.
 */
#ifndef ZLLM_GROUP_WORK_H
#define ZLLM_GROUP_WORK_H

#include <stddef.h>

#include "index/recompact/recompact_request.h"

struct err;
struct stock;

/* What was done in it is added to *sum. 0; or negative when nothing further can be done in
 * any group. */
int group_work(const struct recompact_request *r, const struct stock *s, size_t group,
               struct recompact_result *sum, struct err *err);

#endif
