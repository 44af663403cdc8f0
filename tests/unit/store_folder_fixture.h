/* Looking behind a store's back into its folder. */
#ifndef ZLLM_TESTS_STORE_FOLDER_FIXTURE_H
#define ZLLM_TESTS_STORE_FOLDER_FIXTURE_H

#include <sys/stat.h>

#include "tests/unit/store_fixture.h"

enum { PATH_SIZE = SCRATCH_MAX + KEY_MAX };

static inline const char *path_of(const struct fixture *f, const char *name,
                                  char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", f->folder, name);
	return path;
}

static inline mode_t mode_of(const struct fixture *f, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	assert_int_equal(stat(path_of(f, name, path), &st), 0);
	return st.st_mode & 07777;
}

static inline unsigned count_names(const struct fixture *f, const char *folder)
{
	char command[PATH_SIZE + 32];
	unsigned n = 0;

	snprintf(command, sizeof(command), "ls -A '%s/%s' | wc -l", f->folder, folder);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%u", &n), 1);
	pclose(p);
	return n;
}

#endif
