/*
 * An object out of a store into a file of its own, anywhere: it appears whole under its
 * name or not at all. What was cut is kept beside and gone on with:
 *
 *     <folder>/.zllm-export/<oid>   --proved, durable-->   <folder>/<path>
 *
 * Thread rule: any thread, for different objects.
 */
#ifndef ZLLM_OBJECT_EXPORT_H
#define ZLLM_OBJECT_EXPORT_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/work/work_meter.h"

struct err;
struct transfer;

struct object_export {
	struct oid oid;
	uint64_t size; /* bytes; UINT64_MAX: asked of the store */
	const char *folder;
	const char *path; /* below it; safe (import_list.h) */
	/* What is there already: a file that is called by its oid, and has its size, is it;
	 * one with another name is read. */
	enum { EXPORT_BY_OID, EXPORT_BY_NAME } called;
	work_progress_fn *progress; /* or NULL */
	void *ctx;
};

/* 0; 1 where it was there already; ERR_INPUT where something else is at its path; or what
 * a download says (index/download.h). *size (may be NULL) is what it has. */
int object_export(const struct transfer *t, const struct object_export *what,
                  uint64_t *size, struct err *err);

/* When all are there: takes away the folder of what was cut, where that is empty. */
void object_export_end(const char *folder);

#endif
