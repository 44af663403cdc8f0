/*
 * Who may read and write what is made in a shared folder. The folder says so, not
 * the user who makes something in it: what is made gets the folder's group and bits,
 * whatever the user's umask.
 *
 * What the file system hands down by itself is left alone: a default ACL has decided
 * already, and chmod() would narrow its mask; chmod() by somebody who is not of the
 * group would drop the bit that hands the group down. So a mode is given only where
 * a bit is missing.
 */
#ifndef ZLLM_STORE_FOLDER_MODE_H
#define ZLLM_STORE_FOLDER_MODE_H

#include <stdbool.h>
#include <sys/types.h>

/* What something new gets. */
struct access {
	mode_t file;   /* e.g. 0444 */
	mode_t folder; /* e.g. 02775 */
	gid_t group;   /* (gid_t)-1: whatever the file system gives */
};

/* Whether the folder `in` has an ACL for what will be made in it. */
bool store_folder_mode_by_acl(int in);

/* mkdir() of `name` in the folder `in`. 0, or -1 and errno; then it is not there. */
int store_folder_mode_mkdir(int in, const char *name, const struct access *access);

/* Gives the new file `fd`, made in the folder `in` with a->file, what it lacks. 0, or
 * -1 and errno; *modeless when the file system has no modes, which is not an error. */
int store_folder_mode_file(int in, int fd, const struct access *access, bool *modeless);

/* Makes the folder `name` in `in`, which appears with its mode. 0, also when it was
 * there or somebody else was first; or -1 and errno. */
int store_folder_mode_make(int in, const char *name, const struct access *access);

#endif
