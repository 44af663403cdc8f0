#include "index/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/err.h"
#include "index/manifest/manifest_layout.h"

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

/* What is wrong with one extent by itself, or NULL. */
static const char *extent_fault(const struct extent *x)
{
	if ((unsigned)x->kind > EXTENT_GAP || (unsigned)x->dtype >= DTYPE_COUNT)
		return "is of an unknown kind or dtype";
	if (x->kind != EXTENT_TENSOR &&
	    (x->name || x->dtype != DTYPE_BYTES || x->dim_count || !x->size))
		return "is empty or looks like a tensor, and is none";
	if (x->kind == EXTENT_TENSOR && !x->name)
		return "is a tensor without a name";
	if (x->name && strlen(x->name) > TENSOR_NAME_MAX)
		return "has too long a name";
	if (x->dim_count > TENSOR_DIMS_MAX)
		return "has too many dimensions";
	if (x->base_count > EXTENT_BASES_MAX || x->tried_count > EXTENT_TRIED_MAX ||
	    x->candidate_count > EXTENT_CANDIDATES_MAX ||
	    (x->inlined && (x->base_count || x->tried_count || manifest_has_finding(x))))
		return "has bases or trials it cannot have";
	if (!x->size && !x->inlined)
		return "is empty and not inline";
	return NULL;
}

static int check_extents(const struct manifest *m, int code, struct err *err)
{
	const struct extents *all = &m->extents;
	uint64_t end = 0, inlined = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct extent *x = &all->list[i];
		const char *fault = extent_fault(x);
		if (!fault && (x->offset != end || checked_add(end, x->size, &end)))
			fault = "is not where the one before it ends";
		if (fault)
			return err_set(err, code, "extent %zu %s", i, fault);
		inlined += x->inlined ? x->size : 0;
	}
	if (end != all->size)
		return err_set(err, code, "the extents cover %llu bytes of %llu",
		               (unsigned long long)end, (unsigned long long)all->size);
	if (inlined != m->inline_size)
		return err_set(err, code, "%llu inline bytes are %llu",
		               (unsigned long long)inlined,
		               (unsigned long long)m->inline_size);
	return 0;
}

int manifest_check(const struct manifest *m, int code, struct err *err)
{
	if ((unsigned)m->extents.model > MODEL_SAFETENSORS)
		return err_set(err, code, "an unknown kind of model");
	if (m->note_count > MANIFEST_NOTES_MAX || m->extents.count > MANIFEST_EXTENTS_MAX)
		return err_set(err, code, "too many notes or extents");
	for (size_t i = 0; i < m->note_count; i++)
		if (!m->notes[i].key[0] || strlen(m->notes[i].key) > UINT16_MAX ||
		    strlen(m->notes[i].value) > UINT32_MAX)
			return err_set(err, code,
			               "a note has no key, or too long a text");
	return check_extents(m, code, err);
}
