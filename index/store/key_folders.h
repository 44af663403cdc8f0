/*
 * The folders that keys lie in (docs/store.md, "Keys"), where a store has any: objects/<aa>,
 * blobs/<aa>/<bb>, owners/<repo> and so on, and those above them; and what ends a path.
 */
#ifndef ZLLM_KEY_FOLDERS_H
#define ZLLM_KEY_FOLDERS_H

#include <stdbool.h>

/* Whether keys of ours begin with `path` and a slash, for their kind alone. */
bool key_is_folder(const char *path);

/* Whether it is the key of a value that may be set aside: nothing can lie below it. */
bool key_is_value(const char *key);

#endif
