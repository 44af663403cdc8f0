/*
 * LFS objects as a history shows them: this object, at this path, in this commit.
 */
#ifndef ZLLM_SIGHTING_H
#define ZLLM_SIGHTING_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/git/git_repo.h"
#include "agent/git/lfs_pointer.h"

enum { SIGHTINGS_MAX = 200000 };

struct sighting {
	struct lfs_pointer pointer;
	char *path; /* owned */
	struct commit_id commit;
};

struct sightings {
	struct sighting *list; /* owned */
	size_t count, cap;
};

#define SIGHTINGS_INIT     \
	{                  \
		NULL, 0, 0 \
	}

void sightings_wipe(struct sightings *s);

/* Appends a copy; false when memory ran out or there are too many. */
bool sightings_add(struct sightings *s, const struct commit_id *commit, const char *path,
                   const struct lfs_pointer *pointer);

#endif
