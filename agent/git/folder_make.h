/* mkdir -p with a mode of our choice, whatever the umask. */
#ifndef ZLLM_FOLDER_MAKE_H
#define ZLLM_FOLDER_MAKE_H

#include <sys/types.h>

struct err;

/* Makes `path` and the folders above it that are missing; each gets `mode`, and
 * its name is durable. A folder that exists is left as it is. ERR_IO. */
int folder_make(const char *path, mode_t mode, struct err *err);

#endif
