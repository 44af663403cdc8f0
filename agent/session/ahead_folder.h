/*
 * A folder of one process's own in git-lfs's tmp folder, for small objects that were
 * fetched before they were asked for:
 *
 *     <lfs storage>/tmp/zllm-ahead-XXXXXX/
 *
 * It is locked (flock) as long as the process lives: what dead ones left is removed by
 * the next.
 */
#ifndef ZLLM_AHEAD_FOLDER_H
#define ZLLM_AHEAD_FOLDER_H

struct err;
struct git_paths;

struct ahead_folder {
	int fd;     /* open and locked; -1 when there is none */
	char *path; /* absolute; owned */
};

#define AHEAD_FOLDER_INIT \
	{                 \
		-1, NULL  \
	}

int ahead_folder_make(const struct git_paths *paths, struct ahead_folder *out,
                      struct err *err);

/* Removes it with all that is in it. */
void ahead_folder_remove(struct ahead_folder *f);

/* Removes those of dead processes. */
void ahead_folder_sweep(const struct git_paths *paths);

#endif
