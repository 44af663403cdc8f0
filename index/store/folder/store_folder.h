/*
 * A store in a folder, local or on NFS: each key is a file.
 *
 *   write   t = tmp/<nonce>, O_EXCL; every write checked; mode; fsync
 *   commit  link(t, key) (rename where links are not to be had), fsync of each
 *           folder on the way that is new, and of the last; unlink t
 *   read    one open file is one version; ESTALE opens once more
 *
 * Safe for many processes, users and machines. Nothing is locked.
 */
#ifndef ZLLM_STORE_FOLDER_H
#define ZLLM_STORE_FOLDER_H

#include <stdint.h>
#include <sys/types.h>

struct err;
struct store;

/* Who may read and write what we make: git's core.sharedRepository in numbers.
 * Modes are given to files and folders as they are, whatever the umask. */
struct store_folder_modes {
	mode_t file;   /* e.g. 0444 */
	mode_t folder; /* e.g. 0755, or 02775 for a shared group */
};

/* `path` must be a folder that exists. ERR_MISSING, ERR_IO. */
int store_folder_open(const char *path, const struct store_folder_modes *modes,
                      struct store **out, struct err *err);

/* Removes temporary files that no process can still be writing: older than
 * `age` seconds by the clock of the file system. Best effort, no error. */
void store_folder_sweep(struct store *s, int64_t age);

#endif
