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

/*
 * Writes the object `oid` of `size` bytes into the empty file `fd`, telling the
 * progress. Every byte is checked against the sums in the records, each record against
 * the sum in the manifest, and the whole against `oid`: the file can be read, too.
 * ERR_MISSING when the store has no such object, ERR_DAMAGED with the record
 * that is, ERR_MISMATCH where it is another object. The file is then to be thrown away.
 */
int download_object(const struct transfer *t, const struct oid *oid, uint64_t size,
                    int fd, work_progress_fn *progress, void *ctx, struct err *err);

/* The same with DOWNLOAD_RESUME for a file that an earlier, unfinished download of
 * the same object may have left: what is right in it is not fetched again, whatever
 * else is in it is overwritten. After a failure it may be resumed once more, but for
 * ERR_MISMATCH: what is in it is then another object's. */
enum { DOWNLOAD_RESUME = 1 };
int download_into(const struct transfer *t, const struct oid *oid, uint64_t size, int fd,
                  unsigned flags, work_progress_fn *progress, void *ctx, struct err *err);

#endif
