#include "index/manifest/extent_key.h"

#include <string.h>

#include "index/model/extents.h"

void extent_key(const struct extent *x, char key[KEY_MAX])
{
	struct key_record record = { .id = x->id, .base_count = x->base_count };

	memcpy(record.bases, x->bases, sizeof(record.bases));
	key_record(&record, key);
}

void extent_remember(struct extent *x, const struct key_record *record)
{
	x->base_count = record->base_count;
	memcpy(x->bases, record->bases, sizeof(x->bases));
}
