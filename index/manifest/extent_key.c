#include "index/manifest/extent_key.h"

#include <string.h>

#include "index/blob/record_check.h"
#include "index/model/extents.h"

void extent_key(const struct extent *x, char key[KEY_MAX])
{
	struct key_record record = { .id = x->id, .base_count = x->base_count };

	memcpy(record.bases, x->bases, sizeof(record.bases));
	key_record(&record, key);
}

void extent_recall(const struct extent *x, struct blob_memory *out)
{
	*out = (struct blob_memory){
		.record = { .id = x->id, .base_count = x->base_count },
		.stored = x->stored,
	};
	memcpy(out->record.bases, x->bases, sizeof(x->bases));
	memcpy(out->base_stored, x->base_stored, sizeof(x->base_stored));
}

void extent_remember(struct extent *x, const struct key_record *record)
{
	x->base_count = record->base_count;
	memcpy(x->bases, record->bases, sizeof(x->bases));
}
