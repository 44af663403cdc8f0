#include "index/bundle_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/bundle/store_bundle.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/survey/local_model.h"

/* The object of the bundle; base is all zeros where it had none. */
struct bundled {
	size_t count; /* of objects seen */
	struct oid oid, base;
	uint64_t size;
};

static int note_object(void *ctx, const struct store_entry *entry)
{
	struct bundled *b = ctx;

	if (key_parse_object(entry->key, &b->oid))
		b->count++;
	return 0;
}

static int find_object(struct store *s, struct bundled *out, struct err *err)
{
	struct manifest m;
	int rc = store_list(s, "objects/", note_object, out, err);

	if (!rc && out->count != 1)
		rc = err_set(err, ERR_INPUT, "%s holds %zu objects, not one", s->name,
		             out->count);
	if (!rc)
		rc = manifest_get(s, &out->oid, manifest_parse, &m, err);
	if (rc)
		return rc;
	out->size = m.extents.size;
	for (size_t i = 0; i < m.note_count; i++)
		if (strcmp(m.notes[i].key, "base.oid") == 0)
			oid_parse(m.notes[i].value, &out->base);
	manifest_wipe(&m);
	return 0;
}

/* What is missing from a bundle is the base's. */
static int lacks_base(const struct bundle_source *source, const struct bundled *object,
                      struct err *err)
{
	static const struct oid unknown;
	char text[SHA256_HEX + 1], which[SHA256_HEX + 32] = "";

	oid_format(&object->base, text);
	if (!oid_equal(&object->base, &unknown))
		snprintf(which, sizeof(which), " (the file with SHA-256 %s)", text);
	if (!source->base)
		return err_set(err, ERR_INPUT, "%s needs its base%s; give it with --base",
		               source->name, which);
	return err_set(err, ERR_INPUT, "%s is not the base that %s needs%s",
	               source->base->path, source->name, which);
}

static int restore(const struct bundle_source *source, struct store *bundle, int out_fd,
                   struct err *err)
{
	struct bundled object = { .count = 0 };
	struct transfer t;
	int rc = find_object(bundle, &object, err);

	if (rc)
		return rc;
	rc = transfer_init(&t, bundle, source->threads, err);
	if (rc)
		return rc;
	if (source->base) {
		t.local_blob = local_model_find;
		t.local_ctx = source->base;
	}
	rc = download_object(&t,
	                     &(struct download_request){ .oid = object.oid,
	                                                 .size = object.size,
	                                                 .fd = out_fd },
	                     err);
	transfer_wipe(&t);
	if (rc == ERR_MISSING)
		return lacks_base(source, &object, err);
	if (rc == ERR_MISMATCH)
		return err_set(err, ERR_MISMATCH,
		               "what was decoded does not have the SHA-256 that the "
		               "bundle names it by");
	return rc;
}

int bundle_read(const struct bundle_source *source, int out_fd, struct err *err)
{
	struct store *bundle = NULL;
	int rc = store_bundle_open(source->fd, source->name, &bundle, err);

	if (!rc && source->base)
		rc = local_model_hash(source->base, err);
	if (!rc)
		rc = restore(source, bundle, out_fd, err);
	store_close(bundle);
	return rc;
}
