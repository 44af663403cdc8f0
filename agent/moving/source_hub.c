/*
 * A hub's cache, as Hugging Face's libraries keep it:
 *
 *     models--org--name/blobs/<etag>                       the bytes; 64 digits: its SHA-256
 *                      /snapshots/<revision>/config.json   a link to one of them
 *                      /refs/main                          a revision
 *
 * Each snapshot is a revision of the model "org/name"; each blob is stored once. What no
 * snapshot has any more comes under its blob's name.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "agent/moving/source.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static const char *const kinds[] = { "models--", "datasets--", "spaces--", NULL };

/* What is left of a folder's name when its kind is cut off; NULL: it is not a hub's. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	for (const char *const *kind = kinds; *kind; kind++)
		if (strncmp(base, *kind, strlen(*kind)) == 0 && base[strlen(*kind)])
			return base;
	return NULL;
}

static bool is_repository(const char *path)
{
	return name_of(path) &&
	       (source_is_folder(path, "snapshots") || source_is_folder(path, "blobs"));
}

/* "models--org--name" is "org/name", "datasets--org--name" is "datasets/org/name". */
static void add_name(const char *base, struct buf *out)
{
	if (strncmp(base, kinds[0], strlen(kinds[0])) == 0)
		base += strlen(kinds[0]);
	while (*base) {
		bool mark = strncmp(base, "--", 2) == 0;
		buf_add_u8(out, mark ? '/' : (uint8_t)*base);
		base += mark ? 2 : 1;
	}
}

struct hub {
	struct source *source;
	const char *name;     /* "org/name" */
	const char *revision; /* of the snapshot, or NULL */
	const char *folder;   /* of the snapshot, or NULL */
};

static int add_blob(const struct hub *h, const struct source_found *found,
                    const char *name, struct err *err)
{
	char *real = realpath(found->path, NULL);
	int64_t model = source_model_add(
		h->source,
		&(struct source_model){ h->name, h->revision, h->folder, false }, err);
	struct oid oid;
	int rc = model < 0 ? (int)model : 0;

	if (!rc && !real)
		rc = err_errno(err, "%s", found->path);
	if (!rc)
		rc = batch_add_file(
			h->source->batch,
			&(struct batch_found){ real, &found->st,
		                               source_named_oid(real, &oid) ? &oid : NULL,
		                               (uint32_t)model, name },
			err);
	free(real);
	return rc;
}

static int add_file(void *ctx, const struct source_found *found, struct err *err)
{
	return add_blob(ctx, found, found->below, err);
}

/* A blob that no snapshot has; what is still being fetched is called otherwise. */
static int add_orphan(void *ctx, const struct source_found *found, struct err *err)
{
	struct hub *h = ctx;
	struct buf name = BUF_INIT;
	struct oid oid;
	int rc = 0;

	if (source_named_oid(found->path, &oid) &&
	    !batch_has(h->source->batch, &found->st)) {
		buf_addf(&name, "blobs/%s", found->below);
		rc = add_blob(h, found, buf_text(&name), err);
	}
	buf_wipe(&name);
	return rc;
}

/* ---------------------------------------------------------------- folders */

/* Calls `each` for the folders in `path`/`in`, in order of their names. */
static int each_folder(const char *path, const char *in, void *ctx,
                       int (*each)(void *ctx, const char *path, struct err *err),
                       struct err *err)
{
	struct dirent **list = NULL;
	struct buf whole = BUF_INIT;
	int rc = 0;

	buf_addf(&whole, "%s%s%s", path, *in ? "/" : "", in);
	int count = scandir(buf_text(&whole), &list, NULL, alphasort);
	size_t length = whole.size;
	for (int i = 0; i < count; i++) {
		if (!rc && list[i]->d_name[0] != '.' &&
		    source_is_folder(buf_text(&whole), list[i]->d_name)) {
			buf_addf(&whole, "/%s", list[i]->d_name);
			rc = whole.failed ? err_nomem(err, "a path")
			                  : each(ctx, buf_text(&whole), err);
			whole.size = length;
		}
		free(list[i]);
	}
	free(list);
	buf_wipe(&whole);
	return rc;
}

static int add_snapshot(void *ctx, const char *path, struct err *err)
{
	struct hub h = *(const struct hub *)ctx;
	struct source_walk walk = { h.source, path, NULL, add_file, &h };

	h.revision = strrchr(path, '/') + 1;
	h.folder = path;
	return source_walk(&walk, err);
}

static int add_repository(void *ctx, const char *path, struct err *err)
{
	struct source *s = ctx;
	struct buf name = BUF_INIT, blobs = BUF_INIT;
	int rc = 0;

	if (!is_repository(path))
		return 0;
	add_name(name_of(path), &name);
	buf_addf(&blobs, "%s/blobs", path);
	struct hub h = { s, buf_text(&name), NULL, NULL };
	struct source_walk orphans = { s, buf_text(&blobs), NULL, add_orphan, &h };
	if (source_is_folder(path, "snapshots"))
		rc = each_folder(path, "snapshots", &h, add_snapshot, err);
	if (!rc && source_is_folder(path, "blobs"))
		rc = source_walk(&orphans, err);
	buf_wipe(&name);
	buf_wipe(&blobs);
	return rc;
}

static int note_repository(void *ctx, const char *path, struct err *err)
{
	(void)err;
	*(bool *)ctx |= is_repository(path);
	return 0;
}

int source_hub_add(struct source *s, const char *path, struct err *err)
{
	bool holds = false;
	int rc;

	if (is_repository(path))
		return add_repository(s, path, err);
	rc = each_folder(path, "", &holds, note_repository, err);
	if (!rc && holds)
		return each_folder(path, "", s, add_repository, err);
	if (!rc && source_is_folder(path, "hub"))
		rc = each_folder(path, "hub", &holds, note_repository, err);
	if (!rc && holds)
		return each_folder(path, "hub", s, add_repository, err);
	return rc ? rc : 1;
}
