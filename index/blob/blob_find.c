#include "index/blob/blob_find.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/store.h"

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

	/* What is not exactly a record's key is passed over. */
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

enum { ALL_MAX = 16 };

struct all {
	const struct oid *id;
	struct blob_place places[ALL_MAX]; /* the best first */
	size_t count;
};

static int take_its_place(void *ctx, const struct store_entry *entry)
{
	struct all *all = ctx;
	struct blob_place one = { .stored = entry->size };

	if (!key_parse_record(entry->key, &one.record) ||
	    !oid_equal(&one.record.id, all->id))
		return 0;
	strcpy(one.key, entry->key);
	size_t at = all->count < ALL_MAX ? all->count++ : ALL_MAX - 1;
	while (at &&
	       record_is_better(&one.record, one.stored, &all->places[at - 1].record,
	                        all->places[at - 1].stored)) {
		all->places[at] = all->places[at - 1];
		at--;
	}
	all->places[at] = one;
	return 0;
}

int blob_find_nth(struct store *s, const struct oid *id, size_t nth,
                  struct blob_place *out, struct err *err)
{
	struct all *all = calloc(1, sizeof(*all));
	char prefix[KEY_MAX];

	if (!all)
		return err_nomem(err, "a listing");
	all->id = id;
	key_blob(id, prefix);
	int rc = store_list(s, prefix, take_its_place, all, err);
	if (!rc && nth < all->count)
		*out = all->places[nth];
	else if (!rc)
		rc = 1;
	free(all);
	return rc;
}

int blob_find_base(struct store *s, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err)
{
	struct search search = { .id = base, .id_size = KEY_BASE_PREFIX };
	char prefix[KEY_MAX];

	key_blobs_of_base(base, prefix);
	return find(s, prefix, &search, out, err);
}
