/*
 * A table in which each object has one place, by its name: another one of the same place
 * drives it out. A hand goes round and forgets what it meets until the new one has room.
 */
#include "agent/git/object_cache.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/commit_id.h"
#include "codec/common/buf.h"

enum {
	PLACES = 1 << 14,
	SHARE = 8 /* an object of more than this part of all is not kept */
};

struct place {
	struct commit_id id; /* "" where it is empty */
	void *bytes;         /* owned; NULL: there is no such object */
	size_t size;
};

struct object_cache {
	struct place places[PLACES];
	size_t used, max; /* bytes */
	size_t hand;
};

struct object_cache *object_cache_new(size_t max)
{
	struct object_cache *c = calloc(1, sizeof(*c));

	if (c)
		c->max = max;
	return c;
}

static void forget(struct object_cache *c, struct place *p)
{
	c->used -= p->size;
	free(p->bytes);
	*p = (struct place){ .size = 0 };
}

void object_cache_free(struct object_cache *c)
{
	for (size_t i = 0; c && i < PLACES; i++)
		free(c->places[i].bytes);
	free(c);
}

/* Names are hashes: any of their digits will do. */
static size_t place_of(const char *hex)
{
	uint32_t hash = 0;

	for (const char *p = hex; *p && p < hex + 8; p++)
		hash = hash * 31 + (unsigned char)*p;
	return hash % PLACES;
}

enum cached object_cache_get(const struct object_cache *c, const char *hex,
                             struct buf *out)
{
	const struct place *p = &c->places[place_of(hex)];

	if (strcmp(p->id.hex, hex) != 0)
		return CACHED_NO;
	if (!p->bytes)
		return CACHED_ABSENT;
	buf_add(out, p->bytes, p->size);
	return CACHED_YES;
}

static struct place *empty_place(struct object_cache *c, const char *hex)
{
	struct place *p = &c->places[place_of(hex)];

	forget(c, p);
	memcpy(p->id.hex, hex, strlen(hex) + 1);
	return p;
}

static void make_room(struct object_cache *c, size_t n)
{
	while (c->used + n > c->max) {
		forget(c, &c->places[c->hand]);
		c->hand = (c->hand + 1) % PLACES;
	}
}

void object_cache_put(struct object_cache *c, const char *hex, const void *bytes,
                      size_t n)
{
	void *copy = NULL;

	if (strlen(hex) > COMMIT_HEX || n > c->max / SHARE)
		return;
	copy = malloc(n + 1); /* an empty one is not an absent one */
	if (!copy)
		return;
	if (n)
		memcpy(copy, bytes, n);
	make_room(c, n);
	struct place *p = empty_place(c, hex);
	p->bytes = copy;
	p->size = n;
	c->used += n;
}

void object_cache_put_absent(struct object_cache *c, const char *hex)
{
	if (strlen(hex) <= COMMIT_HEX)
		empty_place(c, hex);
}
