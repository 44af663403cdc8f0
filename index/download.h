/*
 * Download: an object from the store, bit for bit.
 *
 *     manifest -> inline extents ------------------------------> file
 *              -> records, several at once (lanes) -> frames --> file, in place
 */
#ifndef ZLLM_DOWNLOAD_H
#define ZLLM_DOWNLOAD_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/work/work_meter.h"

struct err;
struct transfer;

/* What is wanted, and where it goes. */
struct download_request {
	struct oid oid;
	uint64_t size; /* bytes, as the pointer has it */
	int fd;        /* read and written; not owned */
	/* DOWNLOAD_RESUME: the file is what an earlier, unfinished download of the same
	 * object may have left. What is right in it is not fetched again, whatever else
	 * is in it is overwritten. DOWNLOAD_NEW: it is empty. */
	enum { DOWNLOAD_NEW, DOWNLOAD_RESUME } into;
	work_progress_fn *progress; /* NULL: nobody is told */
	void *ctx;                  /* for it */
};

/*
 * Writes the object into the file, telling the progress. Every byte is checked against the
 * sums in the records, each record against the sum in the manifest, and the whole against
 * the oid. ERR_MISSING when the store has no such object, ERR_DAMAGED with the record that
 * is, ERR_MISMATCH where it is another object. After a failure the file may be resumed, but
 * for ERR_MISMATCH: what is in it is then another object's, to be thrown away.
 */
int download_object(const struct transfer *t, const struct download_request *request,
                    struct err *err);

#endif
