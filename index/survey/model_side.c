#include "index/survey/model_side.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/file_source.h"
#include "index/blob/memory_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest_mend.h"
#include "index/model/stack_cut.h"
#include "index/store/store.h"

static void part_free(struct side_part *p)
{
	local_model_close(&p->local);
	if (p->stored)
		manifest_wipe(&p->manifest);
	free(p->name);
	free(p->file);
	free(p);
}

void model_side_wipe(struct model_side *s)
{
	for (size_t i = 0; i < s->count; i++)
		part_free(s->parts[i]);
	free(s->parts);
	*s = (struct model_side)MODEL_SIDE_INIT;
}

static struct side_part *new_part(const char *name, const struct oid *oid)
{
	struct side_part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->local = (struct local_model)LOCAL_MODEL_INIT;
	p->name = strdup(name);
	p->named = oid != NULL;
	if (oid)
		p->oid = *oid;
	return p;
}

static int keep_part(struct model_side *s, struct side_part *p, struct err *err)
{
	struct side_part **parts = realloc(s->parts, (s->count + 1) * sizeof(*parts));

	if (!parts)
		return err_nomem(err, "the files of a model");
	s->parts = parts;
	s->parts[s->count++] = p;
	return 0;
}

int model_side_add_file(struct model_side *s, const char *name, const char *file,
                        const struct oid *oid, struct err *err)
{
	struct side_part *p = new_part(name, oid);
	int rc = 0;

	if (p)
		p->file = strdup(file);
	if (!p || !p->name || !p->file)
		rc = err_nomem(err, "the files of a model");
	else
		rc = local_model_open(p->file, &p->local, err);
	/* As objects in the store have them. */
	if (!rc)
		rc = stacks_cut(&p->local.extents, NULL, err);
	if (!rc)
		p->extents = &p->local.extents;
	if (!rc)
		rc = keep_part(s, p, err);
	if (rc && p)
		part_free(p);
	return rc;
}

int model_side_add_object(struct model_side *s, const char *name, const struct oid *oid,
                          struct err *err)
{
	struct side_part *p = new_part(name, oid);
	char hex[SHA256_HEX + 1];
	int rc;

	if (!p || !p->name)
		rc = err_nomem(err, "the files of a model");
	else
		rc = manifest_recall(s->transfer->store, oid, manifest_parse,
		                     &p->manifest, err);
	if (rc > 0) {
		oid_format(oid, hex);
		rc = err_set(err, ERR_MISSING,
		             "object %s is neither here nor in store %s", hex,
		             s->transfer->store->name);
	} else if (!rc) {
		p->stored = true;
		p->extents = &p->manifest.extents;
		rc = keep_part(s, p, err);
	}
	if (rc && p)
		part_free(p);
	return rc;
}

int model_side_name(struct model_side *s, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		struct side_part *p = s->parts[i];
		if (p->named)
			continue;
		int rc = local_model_hash(&p->local, err);
		if (rc)
			return rc;
		p->oid = p->local.oid;
		p->named = true;
	}
	return 0;
}

/* ---------------------------------------------------------------- bytes */

/* Where the manifest has the bytes of an inline extent. */
static const uint8_t *find_inline(const struct manifest *m, const struct extent *x)
{
	const uint8_t *at = m->inline_bytes;

	for (const struct extent *one = m->extents.list; one < x; one++)
		at += one->inlined ? one->size : 0;
	return at;
}

int side_part_open(const struct side_part *part, const struct transfer *t,
                   const struct extent *x, struct blob_source **out, struct err *err)
{
	if (part->file) {
		int rc = file_source_open(part->file, x->offset, x->size, out, err);
		return rc > 0 ? err_set(err, ERR_MISSING, "%s is gone", part->file) : rc;
	}
	if (x->inlined)
		return memory_source_open(find_inline(&part->manifest, x),
		                          (size_t)x->size, part->name, out, err);
	return record_source_open_base(t, &x->id, out, err);
}
