#include "index/blob/blob_find.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/store.h"

struct search {
	const struct oid *id;
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
	if (!key_parse_record(entry->key, &record) || !oid_equal(&record.id, s->id))
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

int blob_find(struct store *s, const struct oid *id, struct blob_place *out,
              struct err *err)
{
	struct search search = { .id = id };
	char prefix[KEY_MAX];

	key_blob(id, prefix);
	int rc = store_list(s, prefix, consider, &search, err);
	if (rc)
		return rc;
	if (!search.found)
		return 1;
	*out = search.best;
	return 0;
}
