/*
 * A file on its way into git-lfs's storage: made in <lfs storage>/tmp, on the same
 * file system, with the mode that the user's umask and core.sharedRepository ask
 * for. It goes away by itself unless it is kept.
 */
#ifndef ZLLM_TEMP_FILE_H
#define ZLLM_TEMP_FILE_H

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

int temp_file_create(const struct git_paths *paths, struct temp_file *out,
                     struct err *err);

/* Closes it and gives its path to the caller, who frees the text. */
int temp_file_keep(struct temp_file *t, char **path, struct err *err);

/* Closes and removes it, unless it was kept. */
void temp_file_discard(struct temp_file *t);

#endif
