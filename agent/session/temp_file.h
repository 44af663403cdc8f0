/*
 * A file on its way into git-lfs's storage: made in <lfs storage>/tmp, on the same
 * file system, with the mode that the user's umask and core.sharedRepository ask
 * for. It goes away by itself unless it is kept.
 */
#ifndef ZLLM_TEMP_FILE_H
#define ZLLM_TEMP_FILE_H

#include <sys/types.h>

struct err;
struct git_paths;

struct temp_file {
	int fd;     /* open for writing; -1 when there is none */
	char *path; /* absolute; owned */
};

#define TEMP_FILE_INIT   \
	{                \
		-1, NULL \
	}

/* What a file gets that goes there: as the umask says, and more where the repository
 * is shared. */
mode_t temp_file_mode(const struct git_paths *paths);

int temp_file_create(const struct git_paths *paths, struct temp_file *out,
                     struct err *err);

/* The same in `folder`, which exists and is on the same file system. */
int temp_file_create_in(const struct git_paths *paths, const char *folder,
                        struct temp_file *out, struct err *err);

/* Closes it and gives its path to the caller, who frees the text. */
int temp_file_keep(struct temp_file *t, char **path, struct err *err);

/* Closes and removes it, unless it was kept. */
void temp_file_discard(struct temp_file *t);

#endif
