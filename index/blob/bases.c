#include "index/blob/bases.h"

#include "index/blob/blob_source.h"

int bases_open(struct bases *b, const struct record_basis *basis,
               const struct bases_opener *opener, struct err *err)
{
	int rc = 0;

	*b = (struct bases)BASES_INIT;
	while (b->count < basis->base_count && !rc) {
		rc = opener->open(opener->ctx, &basis->bases[b->count],
		                  &b->list[b->count], err);
		b->count += rc ? 0 : 1;
	}
	if (rc)
		bases_close(b);
	return rc;
}

void bases_close(struct bases *b)
{
	for (unsigned i = 0; i < b->count; i++)
		blob_source_close(b->list[i]);
	*b = (struct bases)BASES_INIT;
}

void bases_replace(struct bases *b, unsigned i, struct blob_source *better)
{
	blob_source_close(b->list[i]);
	b->list[i] = better;
}

int bases_prove(const struct bases *b, const struct record_basis *basis, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < b->count && !rc; i++)
		rc = blob_source_prove(b->list[i], &basis->bases[i].id, err);
	return rc;
}
