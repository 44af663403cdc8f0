#include "agent/hints/sighting.h"

#include <stdlib.h>
#include <string.h>

void sightings_wipe(struct sightings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i].path);
	free(s->list);
	*s = (struct sightings)SIGHTINGS_INIT;
}

bool sightings_add(struct sightings *s, const struct commit_id *commit, const char *path,
                   const struct lfs_pointer *pointer)
{
	if (s->count == SIGHTINGS_MAX)
		return false;
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct sighting *list = realloc(s->list, cap * sizeof(*list));
		if (!list)
			return false;
		s->list = list;
		s->cap = cap;
	}
	char *copy = strdup(path);
	if (!copy)
		return false;
	s->list[s->count++] = (struct sighting){ *pointer, copy, *commit };
	return true;
}
