/*
 * A folder of this process in $TMPDIR or /tmp, that goes when it is done with; and what
 * killed processes left there goes when the next one is made.
 *
 *     <top>/<prefix>XXXXXX     locked by its maker (flock) as long as he lives
 *
 * Removed are folders of that name that are this user's, older than a minute (their makers
 * have locked them by then), and locked by nobody.
 */
#ifndef ZLLM_TEMP_FOLDER_H
#define ZLLM_TEMP_FOLDER_H

struct buf;
struct err;

/* Makes it, and appends its path to `path`, which is empty; *lock is for
 * temp_folder_remove(). ERR_IO, ERR_NOMEM; then `path` stays empty, and *lock -1. */
int temp_folder_make(const char *prefix, struct buf *path, int *lock, struct err *err);

/* Removes it with all that is in it, and empties `path`. Nothing where that is empty. */
void temp_folder_remove(struct buf *path, int lock);

#endif
