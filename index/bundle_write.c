#include "index/bundle_write.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/store/bundle/store_bundle.h"
#include "index/store/store.h"
#include "index/survey/local_model.h"
#include "index/thin_store.h"

/* The one base that there is: the file that the user named. */
static void hint_at_base(void *ctx, const struct oid *oid, uint64_t size,
                         struct base_hints *out)
{
	const struct local_model *base = ctx;
	struct base_hint *hint = calloc(1, sizeof(*hint));

	(void)oid;
	(void)size;
	if (!hint)
		return; /* a hint is only a hint */
	hint->oid = base->oid;
	hint->source = BASE_SOURCE_USER;
	hint->local_file = strdup(base->path);
	out->list = hint;
	out->count = 1;
}

static int put(const struct bundle_request *request, struct store *store,
               struct upload_result *out, struct err *err)
{
	struct local_model *model = request->model;
	struct transfer t;
	struct upload_request upload = {
		.oid = model->oid,
		.size = model->size,
		.path = model->path,
		.find_hints = request->base ? hint_at_base : NULL,
		.ctx = request->base,
		.scanned = &model->extents,
		.codec = request->codec,
		.flags = UPLOAD_NO_MARKERS,
	};
	int rc = transfer_init(&t, store, request->threads, err);

	if (rc)
		return rc;
	t.in_order = true; /* so that the same files give the same bundle */
	t.unchecked = true;
	rc = upload_object(&t, &upload, out, err);
	transfer_wipe(&t);
	return rc;
}

int bundle_write(const struct bundle_request *request, struct upload_result *out,
                 struct err *err)
{
	struct store *bundle = NULL, *thin = NULL;
	struct upload_result result = { 0 };
	int rc = local_model_hash(request->model, err);

	if (!rc && request->base)
		rc = local_model_hash(request->base, err);
	if (!rc)
		rc = store_bundle_create(request->fd, request->name, &bundle, err);
	if (!rc && request->base)
		rc = thin_store_new(bundle, request->base, &request->model->oid, &thin,
		                    err);
	if (!rc)
		rc = put(request, thin ? thin : bundle, &result, err);
	if (!rc)
		rc = store_bundle_finish(bundle, err);
	if (!rc)
		*out = result;
	store_close(thin);
	store_close(bundle);
	return rc;
}
