#include "agent/hints/history_rank.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/hints/sighting.h"

/* Penalties. A file of another kind is never before one of the same kind; a name
 * says less than a size: "model.safetensors" is what most models are called. */
enum {
	OTHER_KIND = 16,
	OTHER_SIZE = 4, /* not within a factor of two */
	NEAR_SIZE = 2,  /* within a factor of two, not within a sixteenth */
	OTHER_NAME = 2, /* not even as a shard of the same set */
	OTHER_SHARD = 1
};

struct rank {
	struct sighting sighting;
	unsigned penalty;
	uint64_t size_gap; /* bytes */
	size_t order;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot : "";
}

/* Equal but for their numbers: "model-00001-of-00004", "model-00002-of-00004". */
static bool same_but_digits(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

static unsigned name_penalty(const char *path, const char *other)
{
	if (!path)
		return 0;

	const char *a = base_name(path), *b = base_name(other);
	unsigned kind = strcasecmp(extension(a), extension(b)) == 0 ? 0 : OTHER_KIND;

	if (strcmp(a, b) == 0)
		return kind;
	return kind + (same_but_digits(a, b) ? OTHER_SHARD : OTHER_NAME);
}

static unsigned size_penalty(uint64_t a, uint64_t b)
{
	uint64_t small = a < b ? a : b, large = a < b ? b : a;

	if (large - small <= large / 16)
		return 0;
	return large - small <= large / 2 ? NEAR_SIZE : OTHER_SIZE;
}

static int compare_ranks(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;

	if (a->penalty != b->penalty)
		return a->penalty < b->penalty ? -1 : 1;
	if (a->size_gap != b->size_gap)
		return a->size_gap < b->size_gap ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void history_rank(struct sightings *s, const char *path, uint64_t size)
{
	struct rank *ranks = calloc(s->count + 1, sizeof(*ranks));

	if (!ranks)
		return; /* unsorted hints are hints */
	for (size_t i = 0; i < s->count; i++) {
		uint64_t other = s->list[i].pointer.size;
		ranks[i].sighting = s->list[i];
		ranks[i].penalty = name_penalty(path, s->list[i].path) +
		                   size_penalty(size, other);
		ranks[i].size_gap = size < other ? other - size : size - other;
		ranks[i].order = i;
	}
	qsort(ranks, s->count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < s->count; i++)
		s->list[i] = ranks[i].sighting;
	free(ranks);
}
