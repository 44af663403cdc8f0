#include "index/batch/batch.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

enum { SLOTS_FIRST = 1024 };

void batch_init(struct batch *b)
{
	*b = (struct batch){ .files = BUF_INIT };
}

void batch_wipe(struct batch *b)
{
	for (size_t i = 0; i < batch_file_count(b); i++)
		free(batch_file(b, i)->path);
	for (size_t i = 0; i < batch_name_count(b); i++)
		free(batch_name(b, i)->path);
	for (size_t i = 0; i < batch_model_count(b); i++) {
		free(batch_model(b, i)->name);
		free(batch_model(b, i)->folder);
		free(batch_model(b, i)->revision);
	}
	buf_wipe(&b->files);
	buf_wipe(&b->models);
	buf_wipe(&b->names);
	free(b->slots);
	batch_init(b);
}

/* ---------------------------------------------------------------- asking */

size_t batch_file_count(const struct batch *b)
{
	return b->files.size / sizeof(struct batch_file);
}

size_t batch_model_count(const struct batch *b)
{
	return b->models.size / sizeof(struct batch_model);
}

size_t batch_name_count(const struct batch *b)
{
	return b->names.size / sizeof(struct batch_name);
}

struct batch_file *batch_file(const struct batch *b, size_t i)
{
	return (struct batch_file *)(void *)b->files.data + i;
}

struct batch_model *batch_model(const struct batch *b, size_t i)
{
	return (struct batch_model *)(void *)b->models.data + i;
}

struct batch_name *batch_name(const struct batch *b, size_t i)
{
	return (struct batch_name *)(void *)b->names.data + i;
}

/* ---------------------------------------------------------------- models */

int64_t batch_add_model(struct batch *b, const struct batch_model *model, struct err *err)
{
	size_t count = batch_model_count(b);
	struct batch_model copy = *model;

	/* Those of one folder come one after another. */
	for (size_t i = count; i-- > 0;)
		if (strcmp(batch_model(b, i)->name, model->name) == 0 &&
		    strcmp(batch_model(b, i)->revision, model->revision) == 0)
			return (int64_t)i;
	copy.name = strdup(model->name);
	copy.revision = strdup(model->revision);
	copy.folder = model->folder ? strdup(model->folder) : NULL;
	if (copy.name && copy.revision && (copy.folder || !model->folder) &&
	    count < BATCH_MAX)
		buf_add(&b->models, &copy, sizeof(copy));
	if (batch_model_count(b) > count)
		return (int64_t)count;
	free(copy.name);
	free(copy.revision);
	free(copy.folder);
	return err_nomem(err, "a list of models");
}

/* ---------------------------------------------------------------- files */

static size_t slot_of(const struct batch *b, dev_t device, ino_t inode)
{
	uint64_t mixed = ((uint64_t)device * 31 + (uint64_t)inode) * 0x9e3779b97f4a7c15u;

	return (size_t)(mixed >> 20) & (b->slot_count - 1);
}

/* The slot where the file is, or where it would be. */
static uint32_t *find_slot(const struct batch *b, dev_t device, ino_t inode)
{
	size_t at = slot_of(b, device, inode);

	for (;; at = (at + 1) & (b->slot_count - 1)) {
		const struct batch_file *file;
		if (b->slots[at] == BATCH_NONE)
			return &b->slots[at];
		file = batch_file(b, b->slots[at]);
		if (file->device == device && file->inode == inode)
			return &b->slots[at];
	}
}

static int grow_slots(struct batch *b, struct err *err)
{
	size_t count = b->slot_count ? 2 * b->slot_count : SLOTS_FIRST;
	uint32_t *slots = malloc(count * sizeof(*slots));

	if (!slots)
		return err_nomem(err, "a list of files");
	memset(slots, 0xff, count * sizeof(*slots));
	free(b->slots);
	b->slots = slots;
	b->slot_count = count;
	for (size_t i = 0; i < batch_file_count(b); i++)
		*find_slot(b, batch_file(b, i)->device,
		           batch_file(b, i)->inode) = (uint32_t)i;
	return 0;
}

static int append_file(struct batch *b, const struct batch_found *found, uint32_t *slot,
                       struct err *err)
{
	const struct stat *st = found->st;
	size_t count = batch_file_count(b);
	struct batch_file file = {
		.path = strdup(found->path),
		.size = (uint64_t)st->st_size,
		.modified = st->st_mtim,
		.changed = st->st_ctim,
		.device = st->st_dev,
		.inode = st->st_ino,
		.known = found->oid ? BATCH_NAMED : BATCH_UNKNOWN,
		.model = found->model,
		.names = BATCH_NONE,
	};

	if (found->oid)
		file.oid = *found->oid;
	if (file.path && count < BATCH_MAX)
		buf_add(&b->files, &file, sizeof(file));
	if (batch_file_count(b) == count) {
		free(file.path);
		return err_nomem(err, "a list of files");
	}
	*slot = (uint32_t)count;
	b->bytes += file.size;
	return 0;
}

static int append_name(struct batch *b, const struct batch_found *found, uint32_t file,
                       struct err *err)
{
	struct batch_name name = { file, found->model, strdup(found->name),
		                   batch_file(b, file)->names };
	size_t count = batch_name_count(b);

	if (name.path)
		buf_add(&b->names, &name, sizeof(name));
	if (batch_name_count(b) > count) {
		batch_file(b, file)->names = (uint32_t)count;
		return 0;
	}
	free(name.path);
	return err_nomem(err, "a list of names");
}

bool batch_has(const struct batch *b, const struct stat *st)
{
	return b->slot_count && *find_slot(b, st->st_dev, st->st_ino) != BATCH_NONE;
}

int batch_add_file(struct batch *b, const struct batch_found *found, struct err *err)
{
	int rc = batch_file_count(b) * 2 >= b->slot_count ? grow_slots(b, err) : 0;
	uint32_t *slot = rc ? NULL : find_slot(b, found->st->st_dev, found->st->st_ino);

	if (!rc && *slot == BATCH_NONE)
		rc = append_file(b, found, slot, err);
	return rc ? rc : append_name(b, found, *slot, err);
}
