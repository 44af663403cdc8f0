/* Open addressing with linear probing, at most half full: ids are hashes. */
#include "index/work/blob_set.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

struct blob_set {
	struct oid *ids;
	bool *used;
	size_t places; /* a power of two */
	size_t count;
};

enum { FIRST_PLACES = 1024 };

static int make_room(struct blob_set *s, size_t places, struct err *err)
{
	s->ids = calloc(places, sizeof(*s->ids));
	s->used = calloc(places, sizeof(*s->used));
	s->places = places;
	if (s->ids && s->used)
		return 0;
	free(s->ids);
	free(s->used);
	return err_nomem(err, "a set of blobs");
}

int blob_set_new(struct blob_set **out, struct err *err)
{
	struct blob_set *s = calloc(1, sizeof(*s));

	if (!s || make_room(s, FIRST_PLACES, err)) {
		free(s);
		return err_nomem(err, "a set of blobs");
	}
	*out = s;
	return 0;
}

void blob_set_free(struct blob_set *s)
{
	if (!s)
		return;
	free(s->ids);
	free(s->used);
	free(s);
}

/* Where `id` is, or the free place where it belongs. */
static size_t place_of(const struct blob_set *s, const struct oid *id)
{
	uint64_t hash;

	memcpy(&hash, id->bytes, sizeof(hash));
	size_t at = (size_t)hash & (s->places - 1);
	while (s->used[at] && !oid_equal(&s->ids[at], id))
		at = (at + 1) & (s->places - 1);
	return at;
}

static int grow(struct blob_set *s, struct err *err)
{
	struct blob_set larger;
	int rc = make_room(&larger, s->places * 2, err);

	if (rc)
		return rc;
	larger.count = s->count;
	for (size_t i = 0; i < s->places; i++) {
		if (!s->used[i])
			continue;
		size_t at = place_of(&larger, &s->ids[i]);
		larger.ids[at] = s->ids[i];
		larger.used[at] = true;
	}
	free(s->ids);
	free(s->used);
	*s = larger;
	return 0;
}

int blob_set_add(struct blob_set *s, const struct oid *id, struct err *err)
{
	size_t at = place_of(s, id);

	if (s->used[at])
		return 1;
	if (s->count * 2 >= s->places) {
		int rc = grow(s, err);
		if (rc)
			return rc;
		at = place_of(s, id);
	}
	s->ids[at] = *id;
	s->used[at] = true;
	s->count++;
	return 0;
}

bool blob_set_has(const struct blob_set *s, const struct oid *id)
{
	return s->used[place_of(s, id)];
}
