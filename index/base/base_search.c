#include "index/base/base_search.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/base_marker.h"
#include "index/base/kin_key.h"
#include "index/base/kin_marker.h"
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

/* A tensor that is looked for in the store: by its name; or, with those of its kin-key and
 * band, which one listing serves, by its values. */
struct sought {
	const struct extent *const *extents; /* the first of `mates` */
	size_t mates;
	uint64_t key;                        /* name-key, or kin-key */
	struct spotted spotted[SPOTTED_MAX]; /* nearest first */
	size_t count;
	size_t listings, markers; /* what it cost */
};

/* What is looked for by one kind of marker, in the order in which it is asked for. */
struct hunt {
	const struct extent **extents; /* owned; sorted by rank */
	size_t extent_count;
	struct sought *sought; /* owned */
	size_t count;
	size_t next; /* the first that was not listed yet */
	bool by_values;
	bool only_bands; /* keys have more markers than one reads */
};

struct base_search {
	const struct transfer *transfer;
	struct relatives *relatives;
	struct hunt by_name, by_values;
	struct hunt *round;      /* the one that is being listed */
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

static void compare_one(struct sought *s, const struct extent *x,
                        const struct key_marker *marker)
{
	struct tensor_sketch sketch = { .known = true };

	memcpy(sketch.values, marker->sketch, SKETCH_BYTES);
	struct spotted one = { marker->object, marker->id,
		               tensor_sketch_gap(x->dtype, &extent_finding(x)->sketch,
		                                 &sketch) };
	if (sketch_gap_class(x->dtype, &one.gap) <= GAP_NEAR)
		spot(s, &one);
}

static void compare(struct sought *s, const struct key_marker *marker)
{
	for (size_t i = 0; i < s->mates; i++)
		compare_one(s, s->extents[i], marker);
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

/* By values every marker may be the one, whoever wrote it and under whatever name: one of
 * another shape is as far as any stranger. */
static void compare_all(const struct base_search *s, struct sought *one)
{
	const struct key_marker *marker = (const void *)s->all.data;
	size_t count = s->all.size / sizeof(*marker);

	for (size_t i = 0; i < count; i++)
		if (s->round->by_values || marker[i].name == one->key)
			compare(one, &marker[i]);
}

/* ---------------------------------------------------------------- one tensor */

/* All markers of the tensor's key where they are few, else those of its band. Once
 * one name-key had too many, the others are assumed to have too many, too; kin-keys, which
 * many tensors share, always have. */
static int list_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct base_search *s = ctx;
	struct sought *one = &s->round->sought[s->round->next + i];
	uint8_t band = extent_finding(one->extents[0])->sketch.band;
	char prefix[KEY_MAX];

	(void)lane;
	(void)err;
	key_marker_name(one->key, prefix);
	if (s->have_all)
		compare_all(s, one);
	else if (s->round->only_bands ||
	         list_prefix(s->transfer->store, prefix, one, SEARCH_CROWD)) {
		key_marker_band(one->key, band, prefix);
		list_prefix(s->transfer->store, prefix, one, SEARCH_BAND_MAX);
	}
	return 0;
}

/* ---------------------------------------------------------------- order */

static int by_rank(const void *a, const void *b)
{
	uint64_t x = base_marker_rank(*(const struct extent *const *)a);
	uint64_t y = base_marker_rank(*(const struct extent *const *)b);

	return x < y ? -1 : x > y;
}

static void seek_names(struct hunt *h)
{
	if (h->extent_count)
		qsort(h->extents, h->extent_count, sizeof(const struct extent *),
		      by_rank);
	for (h->count = 0; h->count < h->extent_count; h->count++)
		h->sought[h->count] = (struct sought){
			.extents = &h->extents[h->count],
			.mates = 1,
			.key = tensor_name_key(h->extents[h->count]),
		};
}

/* Tensors of one kin-key and band lie together. */
static void seek_values(struct hunt *h)
{
	struct sought *last = NULL;

	kin_markers_sort(h->extents, h->extent_count);
	for (size_t i = 0; i < h->extent_count; i++) {
		const struct extent *x = h->extents[i];
		if (last && last->key == kin_key(x) &&
		    extent_finding(last->extents[0])->sketch.band ==
		            extent_finding(x)->sketch.band) {
			last->mates++;
			continue;
		}
		last = &h->sought[h->count++];
		*last = (struct sought){ .extents = &h->extents[i],
			                 .mates = 1,
			                 .key = kin_key(x) };
	}
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
	if (s->round->next == 0 &&
	    one->spotted[place].gap.steps <= one->spotted[0].gap.steps + RIVAL)
		return true;
	return !relatives_satisfied(s->relatives, one->extents[0]);
}

/* Of the tensors just listed: the nearest of each first, then the next nearest. */
static int load_spotted(struct base_search *s, const struct base_hints *hints,
                        size_t count, struct err *err)
{
	int rc = 0;

	for (size_t place = 0; place < SPOTTED_MAX; place++) {
		for (size_t i = 0; i < count && !rc; i++) {
			const struct sought *one = &s->round->sought[s->round->next + i];
			if (worth_reading(s, one, place))
				rc = load_object(s, hints, &one->spotted[place].object,
				                 err);
		}
	}
	return rc;
}

/* Brings the next `count` tensors that need it to the front; returns how many there
 * are. */
static size_t choose_next(const struct base_search *s, struct hunt *h, size_t count)
{
	size_t chosen = 0;

	for (size_t i = h->next; i < h->count && chosen < count; i++) {
		struct sought one = h->sought[i];
		if (relatives_satisfied(s->relatives, one.extents[0]))
			continue;
		h->sought[i] = h->sought[h->next + chosen];
		h->sought[h->next + chosen++] = one;
	}
	return chosen;
}

/* Lists for up to `most` of what the hunt looks for, and reads the objects that it leads
 * to; returns for how many it listed, or negative. */
static int hunt_round(struct base_search *s, struct hunt *h,
                      const struct base_hints *hints, size_t most, struct err *err)
{
	size_t count = choose_next(s, h, most);
	struct lanes_work work = { .count = count, .task = list_one, .ctx = s };

	s->round = h;
	int rc = count ? lanes_run(s->transfer->lanes, &work, err) : 0;
	if (!rc)
		rc = load_spotted(s, hints, count, err);
	for (size_t i = h->next; i < h->next + count; i++) {
		s->cost.listings += h->sought[i].listings;
		s->cost.markers += h->sought[i].markers;
		h->only_bands |= h->sought[i].listings > 1;
	}
	h->next += count;
	return rc ? rc : (int)count;
}

/* How many listings are left. */
static size_t listings_left(const struct base_search *s)
{
	size_t most = relatives_found(s->relatives) ? SEARCH_BETTER_MAX
	                                            : SEARCH_LISTINGS_MAX;

	return relatives_suffice(s->relatives) || s->cost.listings > most
	               ? 0
	               : most - s->cost.listings;
}

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int search_markers(struct base_search *s, const struct base_hints *hints,
                          struct err *err)
{
	int names = s->by_name.extent_count > 0, values = s->by_values.extent_count > 0;

	if ((!names && !values) || relatives_suffice(s->relatives))
		return 0;
	seek_names(&s->by_name);
	seek_values(&s->by_values);
	list_all(s);
	for (size_t round = FIRST_ROUND; names > 0 || values > 0; round *= 2) {
		names = hunt_round(s, &s->by_name, hints,
		                   least_of(round, listings_left(s)), err);
		if (names < 0)
			return names;
		size_t kin_left = s->have_all ? s->by_values.count
		                              : SEARCH_KIN_MAX - s->by_values.next;
		values = hunt_round(s, &s->by_values, hints,
		                    least_of(least_of(round, kin_left), listings_left(s)),
		                    err);
		if (values < 0)
			return values;
	}
	return 0;
}

/* ---------------------------------------------------------------- the whole */

static int hunt_begin(struct hunt *h, const struct base_search_request *request,
                      struct err *err)
{
	h->extents = calloc(request->count + 1, sizeof(const struct extent *));
	h->sought = calloc(request->count + 1, sizeof(*h->sought));
	if (!h->extents || !h->sought)
		return err_nomem(err, "a search for bases");
	for (size_t i = 0; i < request->count; i++)
		if (h->by_values ? kin_is_telling(request->wanted[i])
		                 : base_marker_fits(request->wanted[i]))
			h->extents[h->extent_count++] = request->wanted[i];
	return 0;
}

static int prepare(struct base_search *s, const struct base_search_request *request,
                   struct err *err)
{
	s->by_values.by_values = s->by_values.only_bands = true;
	s->found.list = calloc(SEARCH_OBJECTS_MAX, sizeof(*s->found.list));
	if (!s->found.list)
		return err_nomem(err, "a search for bases");
	int rc = hunt_begin(&s->by_name, request, err);
	if (!rc)
		rc = hunt_begin(&s->by_values, request, err);
	return rc ? rc
	          : relatives_new(request->wanted, request->count, &s->relatives, err);
}

int base_search_run(const struct transfer *t, const struct base_search_request *request,
                    struct base_search **out, struct err *err)
{
	struct base_search *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "a search for bases");
	s->transfer = t;
	int rc = prepare(s, request, err);
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

static void hunt_end(struct hunt *h)
{
	free(h->extents);
	free(h->sought);
}

void base_search_free(struct base_search *s)
{
	if (!s)
		return;
	relatives_free(s->relatives);
	base_hints_wipe(&s->found);
	buf_wipe(&s->all);
	hunt_end(&s->by_name);
	hunt_end(&s->by_values);
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
