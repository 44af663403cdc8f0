/* What the two halves of the cache share: looking and fetching (store_cache.c), and
 * keeping it within its bounds (store_cache_evict.c). */
#ifndef ZLLM_STORE_CACHE_PRIVATE_H
#define ZLLM_STORE_CACHE_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { CACHE_LEFTOVER_SECONDS = 24 * 3600 }; /* no fetch of one record takes a day */

#define CACHE_NEW "new-"

/* Makes the cache in `folder` hold at most `limit` bytes with `more` still to come,
 * and then some less; removes what dead processes left. Returns how many bytes may be
 * added before it is to be asked again; less than `more`: there is no room for them. */
uint64_t store_cache_make_room(const char *folder, uint64_t limit, uint64_t more);

#endif
