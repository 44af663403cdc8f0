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

/* What a user asks for what is made: git's core.sharedRepository and the umask in
 * numbers. A store that exists has its own answer, the mode and group of its folder; of
 * these only what makes a folder a shared one (S_ISGID) is added to that. */
struct store_folder_modes {
	mode_t file;   /* e.g. 0444 */
	mode_t folder; /* e.g. 0755, or 02775 for a shared group */
};

/* `path` must be a folder that exists. ERR_MISSING, ERR_IO. */
int store_folder_open(const char *path, const struct store_folder_modes *modes,
                      struct store **out, struct err *err);

/* Makes the folder of a store, or any other, and those above it that are missing, all
 * durable. A folder above that is shared by its group (g+ws), or has an ACL for what is made in
 * it, hands that down, whatever the umask. What exists is left as it is. ERR_IO. */
int store_folder_create(const char *path, const struct store_folder_modes *modes,
                        struct err *err);

/* What a file system may not do. */
enum store_folder_promise {
	STORE_FOLDER_SYNCS_FILES = 1, /* bytes survive a power cut */
	STORE_FOLDER_SYNCS_NAMES = 2, /* names do */
	STORE_FOLDER_HAS_MODES = 4    /* who may read what is said by us */
};

/* The promises that the file system of `s` turned out not to keep so far; 0 for a store
 * of another kind. */
unsigned store_folder_lacks(const struct store *s);

/* Removes temporary files that no process can still be writing: older than
 * `age` seconds by the clock of the file system. Best effort, no error. */
void store_folder_sweep(struct store *s, int64_t age);

#endif
