/*
 * A batch into a store, as it was planned: family by family, bases first; then what is
 * small, several at once; then it is told which models are there.
 *
 * Each file is an upload (index/upload.h), so the store is whole at every moment, and
 * whoever dies is run again: what is there is not stored again. One that cannot be stored
 * is told, and the others go on.
 */
#ifndef ZLLM_BATCH_STORE_H
#define ZLLM_BATCH_STORE_H

#include <stddef.h>
#include <stdint.h>

struct base_hints;
struct batch;
struct batch_plan;
struct batch_scan;
struct err;
struct transfer;

struct batch_store_request {
	const struct batch *batch; /* its files are filled in: oids, what is stored */
	const struct batch_scan *scan;
	const struct batch_plan *plan;
	const uint8_t *shares; /* of units: enum batch_share */
	struct transfer *transfer;
	int64_t grace; /* seconds for which what was seen may be relied upon; 0: for ever */

	/* Adds what else may be a base of a file of that model, which has `size` bytes: what
	 * its card says. Any thread, one at a time. May be NULL. */
	void (*find_hints)(void *ctx, uint32_t model, uint64_t size,
	                   struct base_hints *out);
	/* A file is there, or (`failure`) is not. One at a time. */
	void (*told)(void *ctx, uint32_t file, const struct err *failure);
	/* All files of ours that the model has a name for were stored, or were told of. */
	int (*model_done)(void *ctx, uint32_t model, struct err *err);
	/* `bytes` more are done. Any thread. */
	void (*progress)(void *ctx, uint64_t bytes);
	void *ctx;
};

struct batch_store_result {
	size_t files, failed;
	size_t there;  /* of `files`: the store had them whole */
	uint64_t bytes, stored, known;
	size_t deltas, solos;
};

/* 0 also where files failed; negative when nothing more can be done. */
int batch_store(const struct batch_store_request *request, struct batch_store_result *out,
                struct err *err);

#endif
