#include "index/batch/batch_list.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/batch/batch.h"
#include "index/batch/batch_part.h"
#include "index/batch/batch_scan.h"
#include "index/batch/import_list.h"
#include "index/blob/transfer.h"
#include "index/upload.h"
#include "index/work/file_range.h"

enum { LINE_OVERHEAD = SHA256_HEX + 48 }; /* bytes of a line beside its path */

int batch_lists_make(struct batch_lists *out, const struct batch *b,
                     const struct batch_scan *s, const uint8_t *shares, struct err *err)
{
	size_t models = batch_model_count(b), count = batch_name_count(b);

	*out = (struct batch_lists){ b, s, shares, calloc(count + 1, sizeof(uint32_t)),
		                     calloc(models + 2, sizeof(uint32_t)) };
	if (!out->names || !out->starts)
		return err_nomem(err, "a list of names");
	for (size_t i = 0; i < count; i++)
		out->starts[batch_name(b, i)->model + 2]++;
	for (size_t i = 2; i < models + 2; i++)
		out->starts[i] += out->starts[i - 1];
	for (size_t i = 0; i < count; i++)
		out->names[out->starts[batch_name(b, i)->model + 1]++] = (uint32_t)i;
	return 0;
}

void batch_lists_wipe(struct batch_lists *l)
{
	free(l->names);
	free(l->starts);
	l->names = l->starts = NULL;
}

/* A list is an object, hence a file for as long as it is put. */
static int put_object(const struct transfer *t, const struct buf *bytes, struct err *err)
{
	int fd = memfd_create("git-zllm-list", MFD_CLOEXEC);
	struct upload_request request = { .size = bytes->size };
	struct upload_result ignored;
	char path[64];
	int rc = 0;

	if (fd < 0)
		return err_errno(err, "cannot make a list of names");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	request.path = path;
	if (!sha256_of(bytes->data, bytes->size, &request.oid))
		rc = err_nomem(err, "a list of names");
	if (!rc)
		rc = file_range_write(fd, 0, bytes->data, bytes->size, err);
	if (!rc)
		rc = upload_object(t, &request, &ignored, err);
	close(fd);
	return rc;
}

static int put_list(const struct transfer *t, const struct import_list *list,
                    struct err *err)
{
	struct buf bytes = BUF_INIT;
	int rc = import_list_count(list) ? import_list_format(list, &bytes, err) : 0;

	if (!rc && bytes.size)
		rc = put_object(t, &bytes, err);
	buf_wipe(&bytes);
	return rc;
}

/* A list in the making. */
struct writing {
	const struct transfer *transfer;
	struct import_list list;
	size_t room; /* bytes that it may still take */
};

static int end_list(struct writing *w, struct err *err)
{
	int rc = put_list(w->transfer, &w->list, err);

	import_list_wipe(&w->list);
	w->room = IMPORT_LIST_MAX / 2;
	return rc;
}

/* A list that is full is put, and another is begun. */
static int add_name(const struct batch_lists *l, uint32_t number, struct writing *w,
                    struct err *err)
{
	const struct batch_name *name = batch_name(l->batch, number);
	const struct batch_file *file = batch_file(l->batch, name->file);
	struct import_entry entry = { file->oid, file->size, file->modified.tv_sec,
		                      name->path };
	size_t line = 3 * strlen(name->path) + LINE_OVERHEAD;
	int rc = 0;

	if (file->known != BATCH_STORED ||
	    l->shares[l->scan->unit_of[name->file]] != BATCH_OURS)
		return 0;
	if (entry.seconds < 0)
		entry.seconds = 0;
	if (line > w->room || import_list_count(&w->list) == IMPORT_LIST_FILES)
		rc = end_list(w, err);
	w->room -= line < w->room ? line : w->room;
	if (!rc)
		rc = import_list_add(&w->list, &entry, err);
	return rc > 0 ? 0 : rc;
}

int batch_lists_put(const struct batch_lists *l, const struct transfer *t, uint32_t model,
                    struct err *err)
{
	const struct batch_model *m = batch_model(l->batch, model);
	struct transfer owned = transfer_view(t, t->lanes, NULL);
	struct writing w = { &owned, IMPORT_LIST_INIT, IMPORT_LIST_MAX / 2 };
	int rc = 0;

	if (m->unlisted)
		return 0;
	owned.repo_id = m->repo_id;
	snprintf(w.list.model, sizeof(w.list.model), "%s", m->name);
	snprintf(w.list.revision, sizeof(w.list.revision), "%s", m->revision);
	for (uint32_t i = l->starts[model]; i < l->starts[model + 1] && !rc; i++)
		rc = add_name(l, l->names[i], &w, err);
	if (!rc)
		rc = end_list(&w, err);
	import_list_wipe(&w.list);
	return rc;
}
