#include "index/blob_find.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/store.h"

struct search {
	const struct oid *id;
	struct blob_place best;
	bool found;
};

static bool better(const struct key_record *record, uint64_t stored,
                   const struct blob_place *best)
{
	bool solo = record->base_count == 0;
	bool best_solo = best->record.base_count == 0;

	return solo != best_solo ? solo : stored < best->stored;
}

static int consider(void *ctx, const struct store_entry *entry)
{
	struct search *s = ctx;
	struct key_record record;

	/* What is not exactly a record's key is none of our business. */
	if (!key_parse_record(entry->key, &record) || !oid_equal(&record.id, s->id))
		return 0;
	if (s->found && !better(&record, entry->size, &s->best))
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
