/*
 * The content of a blob, out of any copy of it: a range of a local file that holds an
 * object which has it, or a record of another store, decoded into a file without a name.
 * Proved by its SHA-256 before it is given out.
 */
#ifndef ZLLM_FSCK_CONTENT_H
#define ZLLM_FSCK_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/xxh128.h"
#include "index/fsck/fsck_copies.h"

struct err;
struct fsck_touch;

struct fsck_content {
	int fd;                /* closed by fsck_content_close() */
	uint64_t offset, size; /* bytes */
	struct xxh128 sum;
	enum fsck_source from;
};

/* Looks in local files, by the objects of `touch` that hold it, then in the other stores.
 * 0; 1 when there is no copy; ERR_NOMEM, or ERR_IO where scratch has no room. */
int fsck_content_find(const struct fsck_copies *copies, const struct fsck_touch *touch,
                      const struct oid *id, struct fsck_content *out, struct err *err);

/* Decodes the best record that `other` has of it. The same answers. */
int fsck_content_decode(const struct fsck_copies *copies, const struct fsck_other *other,
                        const struct oid *id, struct fsck_content *out, struct err *err);
void fsck_content_close(struct fsck_content *c);

/* Whether there is likely to be a copy, by names and sizes alone: FSCK_FROM_NOWHERE where
 * there is none. */
enum fsck_source fsck_content_look(const struct fsck_copies *copies,
                                   const struct fsck_touch *touch, const struct oid *id);

#endif
