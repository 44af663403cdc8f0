/*
 * How far a check with a budget came, so that the next one goes on there: a line in a file
 * of this machine's cache folder, one for each store, mode and part. It is a hint: where it
 * cannot be read or written the next check begins at the beginning.
 *
 *     <folder of the cache>/fsck/<store id>-quick, -deep, -deep-3-of-16
 */
#ifndef ZLLM_FSCK_PLACE_H
#define ZLLM_FSCK_PLACE_H

#include "index/store/store_keys.h"

struct fsck_place {
	char *path; /* owned; NULL: there is no place for it */
};

struct work_part;

/* `folder` (base_cache.h) may be NULL; `id` is the store's, `mode` "quick" or "deep". */
void fsck_place_open(struct fsck_place *p, const char *folder, const char *id,
                     const char *mode, const struct work_part *part);
void fsck_place_close(struct fsck_place *p);

/* The last key that was done; "" when a round begins. */
void fsck_place_read(const struct fsck_place *p, char key[KEY_MAX]);
void fsck_place_write(const struct fsck_place *p, const char *key);

/* The round is complete. */
void fsck_place_forget(const struct fsck_place *p);

#endif
