#include "index/manifest/extent_key.h"

#include <string.h>

#include "index/blob/record_check.h"
#include "index/model/extent.h"

void extent_key(const struct extent *x, char key[KEY_MAX])
{
	const struct extent_finding *f = extent_finding(x);
	struct key_record record = { .id = x->id, .base_count = f->base_count };

	memcpy(record.bases, f->bases, sizeof(record.bases));
	key_record(&record, key);
}

void extent_recall(const struct extent *x, struct blob_memory *out)
{
	const struct extent_finding *f = extent_finding(x);

	*out = (struct blob_memory){
		.record = { .id = x->id, .base_count = f->base_count },
		.stored = f->stored,
	};
	memcpy(out->record.bases, f->bases, sizeof(f->bases));
	memcpy(out->base_stored, f->base_stored, sizeof(f->base_stored));
}

void extent_remember(struct extent *x, const struct key_record *record)
{
	x->finding->base_count = record->base_count;
	memcpy(x->finding->bases, record->bases, sizeof(x->finding->bases));
}
