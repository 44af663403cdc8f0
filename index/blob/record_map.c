/*
 * A hash table with open places: ids are SHA-256, so their first bytes are as good
 * a hash as any; and a delta's key names the first half of its base's.
 */
#include "index/blob/record_map.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/store/store.h"
#include "index/work/term.h"

enum {
	SHARDS = 256,           /* by <aa> */
	PAGE = 1000,            /* keys that one request lists */
	EXPECT_MIN = 24,        /* fewer blobs are looked up one by one */
	WHOLE_PAGES = 32,       /* pages come one after the other */
	RECORDS_MAX = 1 << 20,  /* about 90 MiB */
	FRESH_SECONDS = 10 * 60 /* for so long the map is believed */
};

struct known {
	struct key_record record;
	uint64_t stored; /* bytes of the record; UINT64_MAX: no record, a free place */
	bool checked;    /* it was looked at, or is ours */
	bool doubted;    /* it went, or is not sound: the store is asked */
};

enum shard_state { SHARD_UNKNOWN, SHARD_UNDER_WAY, SHARD_LISTED };

struct record_map {
	struct store *store;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t listed;
	struct known *places;
	size_t room, count; /* room: a power of two */
	enum shard_state shards[SHARDS];
	bool bulk; /* shards are listed when they are asked for */
	time_t since;
};

/* A night in which the machine slept counts. */
static time_t now(void)
{
	return (time_t)(term_now() / 1000);
}

/* ---------------------------------------------------------------- the table */

enum { HASH_AT = 4 }; /* the first bytes are alike in one shard */

/* The place of the id that begins with these `n` bytes, at least 16. */
static struct known *place_of_prefix(struct known *places, size_t room, const uint8_t *id,
                                     size_t n)
{
	uint64_t hash;

	memcpy(&hash, id + HASH_AT, sizeof(hash));
	for (size_t at = hash & (room - 1);; at = (at + 1) & (room - 1))
		if (places[at].stored == UINT64_MAX ||
		    memcmp(places[at].record.id.bytes, id, n) == 0)
			return &places[at];
}

static struct known *place_of(struct known *places, size_t room, const struct oid *id)
{
	return place_of_prefix(places, room, id->bytes, SHA256_SIZE);
}

static bool grow(struct record_map *m)
{
	size_t room = m->room ? 2 * m->room : 1024;

	if (m->count >= RECORDS_MAX)
		return false;
	struct known *places = malloc(room * sizeof(*places));
	if (!places)
		return false;
	for (size_t i = 0; i < room; i++)
		places[i].stored = UINT64_MAX;
	for (size_t i = 0; i < m->room; i++)
		if (m->places[i].stored != UINT64_MAX)
			*place_of(places, room, &m->places[i].record.id) = m->places[i];
	free(m->places);
	m->places = places;
	m->room = room;
	return true;
}

/* Of several records of a blob the best is kept. False when there is no room. */
static bool add(struct record_map *m, const struct key_record *record, uint64_t stored)
{
	if (2 * m->count >= m->room && !grow(m))
		return false;
	struct known *k = place_of(m->places, m->room, &record->id);
	if (k->stored == UINT64_MAX)
		m->count++;
	else if (!k->doubted && !record_is_better(record, stored, &k->record, k->stored))
		return true;
	*k = (struct known){ .record = *record, .stored = stored };
	return true;
}

static void forget(struct record_map *m)
{
	free(m->places);
	m->places = NULL;
	m->room = m->count = 0;
	for (size_t i = 0; i < SHARDS; i++)
		if (m->shards[i] == SHARD_LISTED)
			m->shards[i] = SHARD_UNKNOWN;
	m->since = now();
}

/* ---------------------------------------------------------------- listing */

enum { NO_ROOM = 1 };

static int take_entry(void *ctx, const struct store_entry *entry)
{
	struct record_map *m = ctx;
	struct key_record record;

	if (!key_parse_record(entry->key, &record))
		return 0;
	pthread_mutex_lock(&m->lock);
	bool added = add(m, &record, entry->size);
	pthread_mutex_unlock(&m->lock);
	return added ? 0 : NO_ROOM;
}

/* Lists `prefix`, which is shards [first, first + count). With the lock held, which
 * is free meanwhile. 0, NO_ROOM, or negative. */
static int list_shards(struct record_map *m, const char *prefix, unsigned first,
                       unsigned count, struct err *err)
{
	for (unsigned i = 0; i < count; i++)
		m->shards[first + i] = SHARD_UNDER_WAY;
	pthread_mutex_unlock(&m->lock);
	int rc = store_list(m->store, prefix, take_entry, m, err);
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < count; i++)
		m->shards[first + i] = rc ? SHARD_UNKNOWN : SHARD_LISTED;
	if (rc)
		m->bulk = false;
	pthread_cond_broadcast(&m->listed);
	return rc;
}

/* The shard of `id` is listed when this returns 0. */
static int need_shard(struct record_map *m, const struct oid *id, struct err *err)
{
	unsigned shard = id->bytes[0];
	char prefix[KEY_MAX];

	while (m->shards[shard] == SHARD_UNDER_WAY)
		pthread_cond_wait(&m->listed, &m->lock);
	if (m->shards[shard] == SHARD_LISTED)
		return 0;
	if (!m->bulk)
		return RECORD_MAP_UNKNOWN;
	key_blob(id, prefix);
	prefix[strlen("blobs/aa/")] = 0;
	int rc = list_shards(m, prefix, shard, 1, err);
	return rc == NO_ROOM ? RECORD_MAP_UNKNOWN : rc;
}

/* ---------------------------------------------------------------- the calls */

int record_map_new(struct store *store, struct record_map **out, struct err *err)
{
	struct record_map *m = calloc(1, sizeof(*m));

	if (!m)
		return err_nomem(err, "a map of records");
	m->store = store;
	m->since = now();
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->listed, NULL);
	*out = m;
	return 0;
}

void record_map_free(struct record_map *m)
{
	if (!m)
		return;
	pthread_cond_destroy(&m->listed);
	pthread_mutex_destroy(&m->lock);
	free(m->places);
	free(m);
}

/* One shard tells how many records there are: ids are evenly spread. */
static int choose_way(struct record_map *m, const struct oid *id, size_t count,
                      struct err *err)
{
	size_t before = m->count;

	m->bulk = true;
	int rc = need_shard(m, id, err);
	if (rc)
		return rc < 0 ? rc : 0;
	size_t in_shard = m->count - before;
	size_t shards = count < SHARDS ? count : SHARDS;
	size_t pages = in_shard * SHARDS / PAGE + 1;
	if (pages <= WHOLE_PAGES && pages * 4 <= shards) {
		rc = list_shards(m, "blobs/", 0, SHARDS, err);
		return rc < 0 ? rc : 0;
	}
	m->bulk = shards * (in_shard / PAGE + 1) <= count;
	return 0;
}

static bool knows_all(const struct record_map *m)
{
	for (size_t i = 0; i < SHARDS; i++)
		if (m->shards[i] == SHARD_UNKNOWN)
			return false;
	return true;
}

int record_map_expect(struct record_map *m, const struct oid *id, size_t count,
                      struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&m->lock);
	if (now() - m->since > FRESH_SECONDS) {
		forget(m);
		m->bulk = false;
	}
	if (count >= EXPECT_MIN && !m->bulk && !knows_all(m))
		rc = choose_way(m, id, count, err);
	pthread_mutex_unlock(&m->lock);
	return rc;
}

/* The same for an id of which the first `n` bytes are known. */
static int find_prefix(struct record_map *m, const struct oid *id, size_t n,
                       struct blob_place *out, struct err *err)
{
	const struct known *k = NULL;

	pthread_mutex_lock(&m->lock);
	int rc = need_shard(m, id, err);
	if (!rc && m->room)
		k = place_of_prefix(m->places, m->room, id->bytes, n);
	if (!rc && k && k->stored != UINT64_MAX && k->doubted) {
		rc = RECORD_MAP_UNKNOWN;
	} else if (!rc && k && k->stored != UINT64_MAX) {
		out->record = k->record;
		out->stored = k->stored;
		key_record(&k->record, out->key);
	} else if (!rc) {
		rc = 1;
	}
	pthread_mutex_unlock(&m->lock);
	return rc;
}

int record_map_find(struct record_map *m, const struct oid *id, struct blob_place *out,
                    struct err *err)
{
	return find_prefix(m, id, SHA256_SIZE, out, err);
}

int record_map_find_base(struct record_map *m, const uint8_t base[KEY_BASE_PREFIX],
                         struct blob_place *out, struct err *err)
{
	struct oid id = { { 0 } };

	memcpy(id.bytes, base, KEY_BASE_PREFIX);
	return find_prefix(m, &id, KEY_BASE_PREFIX, out, err);
}

/* What the map says of exactly this record; NULL when nothing. With the lock held. */
static struct known *find_record(struct record_map *m, const struct key_record *record)
{
	struct known *k = m->room ? place_of(m->places, m->room, &record->id) : NULL;

	if (!k || k->stored == UINT64_MAX || k->doubted ||
	    k->record.base_count != record->base_count ||
	    memcmp(k->record.bases, record->bases,
	           record->base_count * sizeof(record->bases[0])) != 0)
		return NULL;
	return k;
}

bool record_map_checked(struct record_map *m, const struct key_record *record)
{
	pthread_mutex_lock(&m->lock);
	const struct known *k = find_record(m, record);
	bool checked = k && k->checked;
	pthread_mutex_unlock(&m->lock);
	return checked;
}

void record_map_note_checked(struct record_map *m, const struct key_record *record)
{
	pthread_mutex_lock(&m->lock);
	struct known *k = find_record(m, record);
	if (k)
		k->checked = true;
	pthread_mutex_unlock(&m->lock);
}

void record_map_doubt(struct record_map *m, const struct oid *id)
{
	pthread_mutex_lock(&m->lock);
	struct known *k = m->room ? place_of(m->places, m->room, id) : NULL;
	if (k && k->stored != UINT64_MAX)
		k->doubted = true;
	pthread_mutex_unlock(&m->lock);
}

void record_map_forget(struct record_map *m)
{
	pthread_mutex_lock(&m->lock);
	forget(m);
	m->bulk = false;
	pthread_mutex_unlock(&m->lock);
}

void record_map_add(struct record_map *m, const struct blob_place *place)
{
	pthread_mutex_lock(&m->lock);
	bool added = add(m, &place->record, place->stored);
	struct known *k = added ? find_record(m, &place->record) : NULL;
	if (k)
		k->checked = true;
	pthread_mutex_unlock(&m->lock);
}
