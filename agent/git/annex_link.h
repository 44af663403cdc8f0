/*
 * Files of git-annex as git has them: a symbolic link that leads to
 * .git/annex/objects/<aa>/<bb>/KEY/KEY, or, where they are unlocked, a file that begins with
 * a line /annex/objects/KEY.
 */
#ifndef ZLLM_ANNEX_LINK_H
#define ZLLM_ANNEX_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct lfs_pointer;

/* Which object it is: as a pointer of git-lfs says it. False when `n` bytes of `text` are
 * neither, or the key does not say it. */
bool annex_link_parse(const char *text, size_t n, struct lfs_pointer *out);

#endif
