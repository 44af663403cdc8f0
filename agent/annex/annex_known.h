/* Whether a repository's git-annex branches, or what waits to be committed to them, name a
 * remote. */
#ifndef ZLLM_ANNEX_KNOWN_H
#define ZLLM_ANNEX_KNOWN_H

#include <stdbool.h>

struct err;
struct git_paths;

/* Looks at remote.log of every ref that ends in "git-annex", and at git-annex's journals.
 * Negative where that cannot be found out. */
int annex_remote_is_known(const struct git_paths *paths, const char *uuid, bool *known,
                          struct err *err);

#endif
