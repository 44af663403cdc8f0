#include "index/blob/blob_find.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/record_map.h"
#include "index/store/store.h"
#include "index/blob/transfer.h"

struct search {
	const uint8_t *id; /* the first bytes of it */
	size_t id_size;
	struct blob_place best;
	bool found;
};

bool record_is_better(const struct key_record *record, uint64_t stored,
                      const struct key_record *best, uint64_t best_stored)
{
	bool solo = record->base_count == 0;
	bool best_solo = best->base_count == 0;

	return solo != best_solo ? solo : stored < best_stored;
}

static int consider(void *ctx, const struct store_entry *entry)
{
	struct search *s = ctx;
	struct key_record record;

	/* What is not exactly a record's key is none of our business. */
	if (!key_parse_record(entry->key, &record) ||
	    memcmp(record.id.bytes, s->id, s->id_size) != 0)
		return 0;
	if (s->found &&
	    !record_is_better(&record, entry->size, &s->best.record, s->best.stored))
		return 0;
	s->found = true;
	s->best.record = record;
	s->best.stored = entry->size;
	strcpy(s->best.key, entry->key); /* a key that parses is shorter than KEY_MAX */
	return 0;
}

static int find(struct store *s, const char *prefix, struct search *search,
                struct blob_place *out, struct err *err)
{
	int rc = store_list(s, prefix, consider, search, err);

	if (rc)
		return rc;
	if (!search->found)
		return 1;
	*out = search->best;
	return 0;
}

int blob_find(struct store *s, const struct oid *id, struct blob_place *out,
              struct err *err)
{
	struct search search = { .id = id->bytes, .id_size = SHA256_SIZE };
	char prefix[KEY_MAX];

	key_blob(id, prefix);
	return find(s, prefix, &search, out, err);
}

int blob_look_base(const struct transfer *t, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err)
{
	struct search search = { .id = base, .id_size = KEY_BASE_PREFIX };
	char prefix[KEY_MAX];
	int rc = RECORD_MAP_UNKNOWN;

	if (t->records)
		rc = record_map_find_base(t->records, base, out, err);
	if (rc != RECORD_MAP_UNKNOWN)
		return rc;
	key_blobs_of_base(base, prefix);
	return find(t->store, prefix, &search, out, err);
}

int blob_look(const struct transfer *t, const struct oid *id, struct blob_place *out,
              struct err *err)
{
	int rc = RECORD_MAP_UNKNOWN;

	if (t->records)
		rc = record_map_find(t->records, id, out, err);
	return rc == RECORD_MAP_UNKNOWN ? blob_find(t->store, id, out, err) : rc;
}
