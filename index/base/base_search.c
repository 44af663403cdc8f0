#include "index/base/base_search.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/base_marker.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/model/tensor_name.h"
#include "index/model/tensor_sketch.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

enum {
	FIRST_ROUND = 4, /* listings; each round has twice as many */
	SPOTTED_MAX = 3, /* markers kept for one tensor */
	RIVAL = 100      /* steps within which the next nearest may be the better one */
};

/* A marker near the tensor that was asked for. */
struct spotted {
	struct oid object;
	struct oid id;
	struct sketch_gap gap;
};

/* A tensor that is looked for in the store. */
struct sought {
	const struct extent *extent;
	uint64_t rank;
	struct spotted spotted[SPOTTED_MAX]; /* nearest first */
	size_t count;
	size_t listings, markers; /* what it cost */
};

struct base_search {
	const struct transfer *transfer;
	struct relatives *relatives;
	struct sought *sought; /* by rank */
	size_t sought_count;
	size_t next;             /* the first that was not listed yet */
	bool crowded;            /* name-keys have more markers than one reads */
	bool have_all;           /* the store has few markers: they are in `all` */
	struct buf all;          /* of struct key_marker */
	struct base_hints found; /* room for SEARCH_OBJECTS_MAX */
	struct base_search_cost cost;
};

/* ---------------------------------------------------------------- one listing */

struct listing {
	struct sought *sought;
	size_t limit; /* keys */
	size_t keys;
};

static void spot(struct sought *s, const struct spotted *one)
{
	size_t at = s->count;

	for (size_t i = 0; i < s->count; i++)
		if (oid_equal(&s->spotted[i].object, &one->object) &&
		    oid_equal(&s->spotted[i].id, &one->id))
			return;
	while (at > 0 && one->gap.steps < s->spotted[at - 1].gap.steps)
		at--;
	if (at == SPOTTED_MAX)
		return;
	if (s->count < SPOTTED_MAX)
		s->count++;
	memmove(&s->spotted[at + 1], &s->spotted[at],
	        (s->count - at - 1) * sizeof(s->spotted[0]));
	s->spotted[at] = *one;
}

static void compare(struct sought *s, const struct key_marker *marker)
{
	const struct extent *x = s->extent;
	struct tensor_sketch sketch = { .known = true };

	memcpy(sketch.values, marker->sketch, SKETCH_BYTES);
	struct spotted one = { marker->object, marker->id,
		               tensor_sketch_gap(x->dtype, &extent_finding(x)->sketch,
		                                 &sketch) };
	if (sketch_gap_class(x->dtype, &one.gap) <= GAP_NEAR)
		spot(s, &one);
}

static int look_at_marker(void *ctx, const struct store_entry *entry)
{
	struct listing *l = ctx;
	struct key_marker marker;

	if (++l->keys > l->limit)
		return 1;
	if (key_parse_marker(entry->key, &marker))
		compare(l->sought, &marker);
	return 0;
}

/* Lists what begins with `prefix`; true when there was more than the limit. A listing
 * that fails finds nothing. */
static bool list_prefix(struct store *store, const char *prefix, struct sought *s,
                        size_t limit)
{
	struct listing l = { s, limit, 0 };
	struct err ignored = ERR_INIT;
	int rc = store_list(store, prefix, look_at_marker, &l, &ignored);

	s->listings++;
	s->markers += l.keys;
	return rc == 1;
}

/* ---------------------------------------------------------------- a small store */

static int keep_marker(void *ctx, const struct store_entry *entry)
{
	struct base_search *s = ctx;
	struct key_marker marker;

	if (++s->cost.markers > SEARCH_ALL_MAX)
		return 1;
	if (key_parse_marker(entry->key, &marker))
		buf_add(&s->all, &marker, sizeof(marker));
	return s->all.failed ? ERR_NOMEM : 0;
}

/* Lists all markers of the store, where one page holds them: a team's first models
 * then cost one request, and not one for each tensor. */
static void list_all(struct base_search *s)
{
	struct err ignored = ERR_INIT;

	s->cost.listings++;
	s->have_all = !store_list(s->transfer->store, "bases/", keep_marker, s, &ignored);
}

static void compare_all(const struct base_search *s, struct sought *one)
{
	const struct key_marker *marker = (const void *)s->all.data;
	size_t count = s->all.size / sizeof(*marker);
	uint64_t name = tensor_name_key(one->extent);

	for (size_t i = 0; i < count; i++)
		if (marker[i].name == name)
			compare(one, &marker[i]);
}

/* ---------------------------------------------------------------- one tensor */

/* All markers of the tensor's name-key where they are few, else those of its band. Once
 * one name-key had too many, the others are assumed to have too many, too. */
static int list_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct base_search *s = ctx;
	struct sought *one = &s->sought[s->next + i];
	uint64_t name = tensor_name_key(one->extent);
	char prefix[KEY_MAX];

	(void)lane;
	(void)err;
	key_marker_name(name, prefix);
	if (s->have_all)
		compare_all(s, one);
	else if (s->crowded ||
	         list_prefix(s->transfer->store, prefix, one, SEARCH_CROWD)) {
		key_marker_band(name, extent_finding(one->extent)->sketch.band, prefix);
		list_prefix(s->transfer->store, prefix, one, SEARCH_BAND_MAX);
	}
	return 0;
}

/* ---------------------------------------------------------------- rounds */

static bool known_object(const struct base_search *s, const struct base_hints *hints,
                         const struct oid *object)
{
	for (size_t i = 0; i < hints->count; i++)
		if (oid_equal(&hints->list[i].oid, object))
			return true;
	return hints != &s->found && known_object(s, &s->found, object);
}

/* Reads the manifest of an object that a marker named. */
static int load_object(struct base_search *s, const struct base_hints *hints,
                       const struct oid *object, struct err *err)
{
	if (s->found.count == SEARCH_OBJECTS_MAX || known_object(s, hints, object))
		return 0;
	struct base_hint *hint = &s->found.list[s->found.count++];
	*hint = (struct base_hint){ .oid = *object, .source = BASE_SOURCE_MARKER };
	struct base_hints one = { .list = hint, .count = 1 };
	return relatives_load(s->relatives, s->transfer, &one, err);
}

/* Whether the object of the spotted marker at `place` is to be read. Samples are rough:
 * in the first round those that are nearly as near are read as well, and all together
 * decide for each tensor. */
static bool worth_reading(const struct base_search *s, const struct sought *one,
                          size_t place)
{
	if (place >= one->count)
		return false;
	if (s->next == 0 &&
	    one->spotted[place].gap.steps <= one->spotted[0].gap.steps + RIVAL)
		return true;
	return !relatives_satisfied(s->relatives, one->extent);
}

/* Of the tensors just listed: the nearest of each first, then the next nearest. */
static int load_spotted(struct base_search *s, const struct base_hints *hints,
                        size_t count, struct err *err)
{
	int rc = 0;

	for (size_t place = 0; place < SPOTTED_MAX; place++) {
		for (size_t i = 0; i < count && !rc; i++) {
			const struct sought *one = &s->sought[s->next + i];
			if (worth_reading(s, one, place))
				rc = load_object(s, hints, &one->spotted[place].object,
				                 err);
		}
	}
	return rc;
}

/* Brings the next `count` tensors that need it to the front; returns how many there
 * are. */
static size_t choose_next(struct base_search *s, size_t count)
{
	size_t chosen = 0;

	for (size_t i = s->next; i < s->sought_count && chosen < count; i++) {
		struct sought one = s->sought[i];
		if (relatives_satisfied(s->relatives, one.extent))
			continue;
		s->sought[i] = s->sought[s->next + chosen];
		s->sought[s->next + chosen++] = one;
	}
	return chosen;
}

static int search_markers(struct base_search *s, const struct base_hints *hints,
                          struct err *err)
{
	size_t round = FIRST_ROUND;
	int rc = 0;

	if (s->sought_count && !relatives_suffice(s->relatives))
		list_all(s);
	while (!rc && !relatives_suffice(s->relatives) &&
	       s->cost.listings < SEARCH_LISTINGS_MAX) {
		size_t left = SEARCH_LISTINGS_MAX - s->cost.listings;
		size_t count = choose_next(s, round < left ? round : left);
		if (!count)
			break;
		struct lanes_work work = { .count = count, .task = list_one, .ctx = s };
		rc = lanes_run(s->transfer->lanes, &work, err);
		if (!rc)
			rc = load_spotted(s, hints, count, err);
		for (size_t i = 0; i < count; i++) {
			s->cost.listings += s->sought[s->next + i].listings;
			s->cost.markers += s->sought[s->next + i].markers;
			s->crowded |= s->sought[s->next + i].listings > 1;
		}
		s->next += count;
		round *= 2;
	}
	return rc;
}

/* ---------------------------------------------------------------- the whole */

static int by_rank(const void *a, const void *b)
{
	const struct sought *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int prepare(struct base_search *s, const struct extent *const *wanted,
                   size_t count, struct err *err)
{
	s->sought = calloc(count ? count : 1, sizeof(*s->sought));
	s->found.list = calloc(SEARCH_OBJECTS_MAX, sizeof(*s->found.list));
	if (!s->sought || !s->found.list)
		return err_nomem(err, "a search for bases");
	for (size_t i = 0; i < count; i++)
		if (base_marker_fits(wanted[i]))
			s->sought[s->sought_count++] = (struct sought){
				.extent = wanted[i], .rank = base_marker_rank(wanted[i])
			};
	qsort(s->sought, s->sought_count, sizeof(*s->sought), by_rank);
	return relatives_new(wanted, count, &s->relatives, err);
}

int base_search_run(const struct transfer *t, const struct base_search_request *request,
                    struct base_search **out, struct err *err)
{
	struct base_search *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "a search for bases");
	s->transfer = t;
	int rc = prepare(s, request->wanted, request->count, err);
	if (!rc)
		rc = relatives_load(s->relatives, t, request->hints, err);
	if (!rc)
		rc = search_markers(s, request->hints, err);
	if (rc) {
		base_search_free(s);
		return rc;
	}
	s->cost.manifests = relatives_requests(s->relatives);
	*out = s;
	return 0;
}

void base_search_free(struct base_search *s)
{
	if (!s)
		return;
	relatives_free(s->relatives);
	base_hints_wipe(&s->found);
	buf_wipe(&s->all);
	free(s->sought);
	free(s);
}

const struct relatives *base_search_relatives(const struct base_search *s)
{
	return s->relatives;
}

const struct base_hints *base_search_found(const struct base_search *s)
{
	return &s->found;
}

const struct base_search_cost *base_search_cost(const struct base_search *s)
{
	return &s->cost;
}
