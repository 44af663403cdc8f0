/*
 * Downloads of large objects that a crash, a kill or a lost connection cut: kept
 * until the next try, which goes on from there.
 *
 *     <common git dir>/zllm/partial/<oid>
 *
 * (in <lfs storage>/zllm/partial where that is another file system). Not in git-lfs's
 * tmp folder, which it cleans; renamed into there when it is complete. Named by the
 * object's SHA-256, so it can be no other object's. There are no notes of what was
 * done: whoever goes on compares with the sums in the manifest (index/download.h), so
 * that a crash at any point leaves nothing that is believed.
 *
 * One process at a time has it: a lock on the file (flock), which dies with the process.
 * Thread rule: one thread at a time for each.
 */
#ifndef ZLLM_PARTIAL_FILE_H
#define ZLLM_PARTIAL_FILE_H

#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct git_paths;

enum {
	PARTIAL_MIN = 4 * 1024 * 1024,        /* smaller objects are not worth it, bytes */
	PARTIAL_KEPT_SECONDS = 14 * 24 * 3600 /* then nobody goes on with it */
};

struct partial_file {
	int fd;     /* open for reading and writing, and locked; -1 when there is none */
	char *path; /* absolute; owned */
};

#define PARTIAL_FILE_INIT \
	{                 \
		-1, NULL  \
	}

/* Opens the one of `oid`, an empty one where there is none. 0; 1 when another
 * process has it; or negative. */
int partial_file_open(const struct git_paths *paths, const struct oid *oid,
                      struct partial_file *out, struct err *err);

/* The object is complete: moves it into git-lfs's tmp folder, and gives its path to
 * the caller, who frees the text. */
int partial_file_finish(struct partial_file *p, const struct git_paths *paths, char **path,
                        struct err *err);

/*
 * Leaves it for the next try, where that can go on from it; else it is removed. It can
 * where something was written into it, and where what it lacks is free beside it: a disk
 * is not kept full by a file that will not be finished there. (Whoever makes room for the
 * rest makes it for the whole too: what is removed is free.) What was reserved for bytes
 * that did not come is given back in any case. No network; blocks on the disk alone.
 */
void partial_file_leave(struct partial_file *p);

/* Removes it. */
void partial_file_remove(struct partial_file *p);

/* Removes the one of `oid`, unless somebody has it. */
void partial_file_drop(const struct git_paths *paths, const struct oid *oid);

/* Removes those that nobody went on with for `seconds`, or that hold nothing, and takes
 * back what is reserved in the others; those that somebody has are left alone. */
void partial_file_sweep(const struct git_paths *paths, int64_t seconds);

#endif
