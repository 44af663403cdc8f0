/* An object gets a manifest again, which is proved by all of its bytes. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_mend.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/mirror/blob_copy.h"
#include "index/mirror/object_copy.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"
#include "index/upload.h"

enum { NONE = 1, FOUND = 2 };

/* An object that is being mended. */
struct mending {
	const struct fsck_mend *mend;
	const struct oid *oid;
	enum fsck_source from;
	struct err why; /* what was wrong with the last copy that was tried */
	struct err *err;
};

static struct store *store_of(const struct mending *g)
{
	return g->mend->to->store;
}

/* 0 when the object is proved by the manifest at `key`; NONE when it is not. */
static int prove_at(const struct mending *g, const char *key, struct err *err)
{
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict;
	struct manifest m;
	const struct manifest_query query = { store_of(g), g->oid, manifest_parse_places,
		                              NULL };
	int rc = manifest_get_at(&query, key, &m, err);

	if (rc)
		return rc == ERR_DAMAGED ? NONE : rc;
	rc = object_prove(g->mend->to, &m, &nobody, &verdict, err);
	manifest_wipe(&m);
	return rc ? rc : verdict == OBJECT_PROVED ? 0 : NONE;
}

static int prove_live(const struct mending *g, struct err *err)
{
	char key[KEY_MAX];

	key_object(g->oid, key);
	return prove_at(g, key, err);
}

/* ---------------------------------------------------------------- out of trash/ */

static int note_entry(void *ctx, const struct store_entry *entry)
{
	struct buf *keys = ctx;

	buf_add(keys, entry->key, strlen(entry->key) + 1);
	return keys->failed ? ERR_NOMEM : 0;
}

static int restore(const struct mending *g, const char *entry, struct err *err)
{
	char key[KEY_MAX];
	int rc = manifest_clear_way(store_of(g), g->oid, err);

	key_object(g->oid, key);
	if (!rc)
		rc = store_restore(store_of(g), entry, key, err);
	return rc ? rc : prove_live(g, err);
}

static int from_trash(struct mending *g, struct err *err)
{
	struct buf keys = BUF_INIT;
	char prefix[KEY_MAX];

	key_trash_objects(g->oid, prefix);
	int rc = store_list(store_of(g), prefix, note_entry, &keys, err);
	if (!rc)
		rc = NONE;
	const char *key = (const char *)keys.data, *end = key + keys.size;
	for (; rc > 0 && key < end; key += strlen(key) + 1) {
		struct err why = ERR_INIT;
		if (prove_at(g, key, &why) == 0)
			rc = restore(g, key, err);
	}
	buf_wipe(&keys);
	if (!rc)
		g->from = FSCK_FROM_TRASH;
	return rc;
}

/* ---------------------------------------------------------------- of another store */

static int copy_from(struct mending *g, const struct fsck_other *other, struct err *err)
{
	struct object_copy copy = { .from = other->transfer,
		                    .to = store_of(g),
		                    .lanes = other->transfer->lanes,
		                    .pass = COPY_LARGE };
	struct object_copied done;
	int rc = blob_copy_new(other->transfer, copy.to, &copy.blobs, err);

	if (rc)
		return rc;
	rc = object_copy(&copy, g->oid, true, &done, &g->why);
	blob_copy_free(copy.blobs);
	if (rc)
		return rc == ERR_NOMEM ? rc : NONE;
	g->from = other->from;
	return prove_live(g, err);
}

static int from_others(struct mending *g, struct err *err)
{
	const struct fsck_copies *copies = g->mend->copies;
	int rc = NONE;

	for (size_t i = 0; i < copies->other_count && rc > 0; i++)
		if (copies->others[i].from == FSCK_FROM_STORE)
			rc = copy_from(g, &copies->others[i], err);
	return rc;
}

/* ---------------------------------------------------------------- of a file */

/* As a push would, but for the owner's marker: who owns it is not ours to say. */
static int push_file(void *ctx, const char *path, enum fsck_source from)
{
	struct mending *g = ctx;
	struct transfer t = *g->mend->to;
	struct upload_request request = { .oid = *g->oid,
		                          .path = path,
		                          .state = OBJECT_ABSENT };
	struct upload_result result;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	t.repo_id = "";
	request.size = (uint64_t)st.st_size;
	int rc = upload_object(&t, &request, &result, &g->why);
	if (rc == ERR_MISMATCH)
		return 0; /* another file */
	if (rc) {
		*g->err = g->why;
		return rc;
	}
	g->from = from;
	return FOUND;
}

static int from_files(struct mending *g, struct err *err)
{
	const struct fsck_copies *copies = g->mend->copies;
	int rc = copies->each_file ? copies->each_file(copies->ctx, g->oid, UINT64_MAX,
	                                               push_file, g)
	                           : 0;

	if (rc == FOUND)
		return prove_live(g, err);
	return rc < 0 ? rc : NONE;
}

int fsck_mend_object(const struct fsck_mend *m, const struct oid *oid,
                     enum fsck_source *from, struct err *err)
{
	struct mending g = { .mend = m, .oid = oid, .err = err };
	int rc = prove_live(&g, err);

	if (!rc)
		g.from = FSCK_FROM_RECORD;
	if (rc > 0)
		rc = from_trash(&g, err);
	if (rc > 0)
		rc = from_others(&g, err);
	if (rc > 0)
		rc = from_files(&g, err);
	*from = g.from;
	return rc;
}
