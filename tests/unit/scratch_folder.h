/* A folder of a test's own, below $TMPDIR or /tmp. */
#ifndef ZLLM_TESTS_SCRATCH_FOLDER_H
#define ZLLM_TESTS_SCRATCH_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCRATCH_MAX = 512 };

/* Makes a new folder and writes its path to `path`; exits when it cannot. */
static inline void scratch_folder_new(char path[SCRATCH_MAX])
{
	const char *top = getenv("TMPDIR");

	snprintf(path, SCRATCH_MAX, "%s/zllm-test-XXXXXX", top && *top ? top : "/tmp");
	if (!mkdtemp(path)) {
		perror(path);
		exit(1);
	}
}

static inline int scratch_folder_remove_one(const char *path, const struct stat *st,
                                            int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* Removes it with all that is in it. */
static inline void scratch_folder_remove(const char *path)
{
	nftw(path, scratch_folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
