#include "index/blob/blob_recall.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_check.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"

enum { RECALL_MAX = 64 };

struct recall {
	struct blob_place places[RECALL_MAX];
	size_t count;
};

static int note_entry(void *ctx, const struct store_entry *entry)
{
	struct recall *r = ctx;
	struct blob_place *place = &r->places[r->count];
	struct trash_key key;

	if (r->count < RECALL_MAX && trash_key_parse(entry->key, &key) &&
	    key.kind == TRASH_RECORD) {
		place->record = key.record;
		strcpy(place->key, entry->key);
		place->stored = entry->size;
		r->count++;
	}
	return 0;
}

int blob_recall(struct store *s, const struct blob_claim *claim, size_t nth,
                struct blob_place *out, struct err *err)
{
	struct recall *r = calloc(1, sizeof(*r));
	char prefix[KEY_MAX];

	if (!r)
		return err_nomem(err, "a listing");
	key_trash_blobs(claim->id, prefix);
	int rc = store_list(s, prefix, note_entry, r, err);
	if (!rc)
		rc = 1;
	for (size_t i = 0; i < r->count && rc > 0; i++) {
		struct err ignored = ERR_INIT;
		if (record_check(s, &r->places[i], claim, NULL, &ignored) || nth--)
			continue;
		*out = r->places[i];
		rc = 0;
	}
	free(r);
	return rc;
}
