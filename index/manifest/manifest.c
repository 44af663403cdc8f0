#include "index/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/err.h"
#include "index/manifest/manifest_layout.h"
#include "index/model/format_table.h"

void manifest_wipe(struct manifest *m)
{
	extents_wipe(&m->extents);
	free(m->memory);
	*m = (struct manifest){ .note_count = 0 };
}

const char *manifest_note(const struct manifest *m, const char *key)
{
	for (size_t i = 0; i < m->note_count; i++)
		if (strcmp(m->notes[i].key, key) == 0)
			return m->notes[i].value;
	return NULL;
}

enum {
	TENSOR_TEXT_MIN = 47, /* bytes: "":{"dtype":"","shape":[],"data_offsets":[0,0]} */
	PIECE_MIN = 128 * 1024 /* bytes: half of the smallest piece that is ever cut */
};

/* What is wrong with one extent by itself, or NULL. */
static const char *extent_fault(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);

	if ((unsigned)x->kind > EXTENT_GAP || (unsigned)x->dtype >= DTYPE_COUNT)
		return "is of an unknown kind or dtype";
	if (x->kind != EXTENT_TENSOR &&
	    (x->name || x->dtype != DTYPE_BYTES || x->dim_count || !x->size))
		return "is empty, or looks like a tensor but is not one";
	if (x->kind == EXTENT_TENSOR && !x->name)
		return "is a tensor without a name";
	if (x->name && strlen(x->name) > TENSOR_NAME_MAX)
		return "has too long a name";
	if (x->dim_count > TENSOR_DIMS_MAX)
		return "has too many dimensions";
	if (f->base_count > EXTENT_BASES_MAX || f->tried_count > EXTENT_TRIED_MAX ||
	    f->candidate_count > EXTENT_CANDIDATES_MAX ||
	    (x->inlined && (f->base_count || f->tried_count || manifest_has_finding(f))))
		return "has bases or trials it cannot have";
	if (!x->size && !x->inlined)
		return "is empty and not inline";
	return NULL;
}

const char *manifest_tally_add(struct manifest_tally *t, const struct extent *x)
{
	const char *fault = extent_fault(x);

	if (!fault && (x->offset != t->end || checked_add(t->end, x->size, &t->end)))
		fault = "is not where the one before it ends";
	if (fault)
		return fault;
	t->inlined += x->inlined ? x->size : 0;
	t->headers += x->kind == EXTENT_HEADER ? x->size : 0;
	if (x->kind == EXTENT_TENSOR)
		t->tensors++;
	else
		t->others++;
	/* The header comes first, so a tensor too many is seen where it stands. */
	uint64_t slices = t->version < MANIFEST_SLICED ? 0 : t->end / MANIFEST_SLICE_MIN;
	if (t->tensors > MANIFEST_SLACK + t->headers / TENSOR_TEXT_MIN + slices)
		return "is a tensor for which the header has no room";
	if (t->others > MANIFEST_SLACK + t->tensors + t->end / PIECE_MIN)
		return "is one too many for the bytes so far";
	return NULL;
}

const char *manifest_tally_end(const struct manifest_tally *t, uint64_t size,
                               uint64_t inline_size)
{
	if (t->end != size)
		return "the extents do not add up to the object";
	if (t->inlined != inline_size)
		return "the inline extents do not add up to the inline bytes";
	return NULL;
}

static int check_extents(const struct manifest *m, int code, struct err *err)
{
	const struct extents *all = &m->extents;
	const struct model_format *format = format_of(all->model);
	struct manifest_tally tally = { .version = MANIFEST_SLICED };

	for (size_t i = 0; i < all->count; i++) {
		const char *fault = manifest_tally_add(&tally, &all->list[i]);
		if (!fault && !(format->may_have & MODEL_MAY_HAVE(all->list[i].kind)))
			fault = "is of a kind that files of its format do not have";
		if (fault)
			return err_set(err, code, "extent %zu %s", i, fault);
	}
	const char *fault = manifest_tally_end(&tally, all->size, m->inline_size);
	return fault ? err_set(err, code, "%s", fault) : 0;
}

unsigned manifest_version(const struct extents *all)
{
	struct manifest_tally tally = { .version = MANIFEST_VERSION };

	for (size_t i = 0; i < all->count; i++)
		if (manifest_tally_add(&tally, &all->list[i]))
			return MANIFEST_SLICED;
	return MANIFEST_VERSION;
}

int manifest_check(const struct manifest *m, int code, struct err *err)
{
	if (m->note_count > MANIFEST_NOTES_MAX ||
	    m->extents.count > MANIFEST_EXTENTS_MAX ||
	    m->extents.count > manifest_extents_limit(m->extents.size))
		return err_set(err, code, "too many notes or extents");
	for (size_t i = 0; i < m->note_count; i++)
		if (!m->notes[i].key[0] || strlen(m->notes[i].key) > UINT16_MAX ||
		    strlen(m->notes[i].value) > UINT32_MAX)
			return err_set(err, code,
			               "a note has no key, or too long a text");
	return check_extents(m, code, err);
}
