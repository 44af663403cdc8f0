/*
 * The file of an upload: opened, taken apart, its stacks cut, and hashed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "codec/common/err.h"
#include "index/base/stack_keep.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "index/model/stack_cut.h"
#include "index/upload_private.h"

int upload_open(struct upload *u, struct err *err)
{
	const struct upload_request *request = u->request;
	struct stat st;

	u->fd = open(request->path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0 || fstat(u->fd, &st))
		return err_errno(err, "cannot open %s", request->path);
	if ((uint64_t)st.st_size != request->size)
		return err_set(err, ERR_MISMATCH,
		               "%s has %lld bytes where git-lfs says %llu", request->path,
		               (long long)st.st_size, (unsigned long long)request->size);
	return 0;
}

/* A progress that cannot be told here is found out at the next tick. */
static void count_hashed(void *ctx, uint64_t bytes)
{
	struct upload *u = ctx;
	struct err ignored = ERR_INIT;

	atomic_store_explicit(&u->meter.done, bytes * UNITS_HASH, memory_order_relaxed);
	work_meter_tell(&u->meter, &ignored);
}

void upload_find_hints(struct upload *u)
{
	const struct upload_request *request = u->request;

	if (!u->hinted && request->find_hints)
		request->find_hints(request->ctx, &request->oid, request->size,
		                    &u->hints);
	u->hinted = true;
}

/* Stacks become slices, unless the model's relatives have them whole. */
static int cut_stacks(struct upload *u, struct err *err)
{
	struct extents *x = &u->manifest.extents;

	if (!stacks_any(x))
		return 0;
	bool *keep = calloc(x->count, sizeof(*keep));
	if (!keep)
		return err_nomem(err, "a list of tensors");
	upload_find_hints(u);
	int rc = stacks_keep(u->transfer, &u->hints, x, keep, err);
	if (!rc)
		rc = stacks_cut(x, keep, err);
	free(keep);
	return rc;
}

int upload_scan(struct upload *u, struct err *err)
{
	struct extents *x = &u->manifest.extents;
	struct oid whole;

	if (u->request->scanned) {
		*x = *u->request->scanned;
		*u->request->scanned = (struct extents){ .model = MODEL_OPAQUE };
		u->manifest.oid = u->request->oid;
		work_meter_add(&u->meter, u->request->size * UNITS_HASH);
		return 0;
	}
	struct extents_progress progress = { count_hashed, u };
	int rc = model_scan(u->fd, u->request->size, x, err);

	if (!rc)
		rc = cut_stacks(u, err);
	if (!rc)
		rc = extents_hash(u->fd, x, &whole, &progress, err);
	if (rc)
		return err_context(err, "%s", u->request->path);
	if (!oid_equal(&whole, &u->request->oid))
		return err_set(
			err, ERR_MISMATCH,
			"%s is damaged: its bytes are not those of its name; remove it "
			"and 'git lfs fetch' it, or 'git add' the file again",
			u->request->path);
	u->manifest.oid = whole;
	return 0;
}
