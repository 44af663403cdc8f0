#include "index/mirror/object_copy.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_look.h"
#include "index/manifest/object_proof.h"
#include "index/mirror/blob_copy.h"
#include "index/mirror/content_hash.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/lanes.h"
#include "index/work/work_watch.h"

/* A manifest as it lies in one of the stores. */
struct found {
	int rc; /* as manifest_get_bytes() gave it */
	struct buf bytes;
	struct manifest manifest; /* where rc is 0 */
};

/* A reader of the source finds what is out of sight for a moment, too; in the target
 * what counts is what stands at the key. */
static void find_own(const struct object_copy *c, const struct oid *oid,
                     struct found *own, struct err *err)
{
	*own = (struct found){ .bytes = BUF_INIT };
	own->rc = manifest_recall_bytes(c->from->store, oid, &own->manifest, &own->bytes,
	                                err);
}

static void find_there(const struct object_copy *c, const struct oid *oid,
                       struct found *there, struct err *err)
{
	*there = (struct found){ .bytes = BUF_INIT };
	there->rc = manifest_get_bytes(c->to, oid, &there->manifest, &there->bytes, err);
}

static void found_wipe(struct found *f)
{
	if (!f->rc)
		manifest_wipe(&f->manifest);
	buf_wipe(&f->bytes);
}

bool object_copy_is_its_fault(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_MISSING || rc == ERR_MISMATCH ||
	       rc == ERR_FORMAT;
}

/* ---------------------------------------------------------------- the records */

/* The extents of one object, on their way. */
struct work {
	const struct object_copy *copy;
	const struct manifest *manifest;
	const uint8_t **inlined; /* where the bytes of each inline extent are */
	struct content_hash *hash;
};

static int copy_extent(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct work *w = ctx;
	const struct extent *x = &w->manifest->extents.list[i];
	struct content_part part;
	int rc;

	(void)lane;
	content_part_begin(w->hash, i, x->size, &part);
	if (x->inlined)
		rc = content_part_add(&part, NULL, w->inlined[i], (size_t)x->size, err);
	else
		rc = blob_copy_one(w->copy->blobs, x, &part, err);
	content_part_end(&part);
	if (w->copy->pass == COPY_LARGE)
		work_watch_came(w->copy->watch, x->size);
	if (rc && x->name)
		err_context(err, "tensor '%s'", x->name);
	return rc;
}

static int run_work(struct work *w, struct oid *out, struct err *err)
{
	const struct extents *x = &w->manifest->extents;
	struct lanes_work lanes = { .count = x->count, .task = copy_extent, .ctx = w };
	const uint8_t *at = w->manifest->inline_bytes;

	for (size_t i = 0; i < x->count; i++) {
		w->inlined[i] = at;
		at += x->list[i].inlined ? x->list[i].size : 0;
	}
	int rc = lanes_run(w->copy->lanes, &lanes, err);
	if (!rc)
		content_hash_finish(w->hash, out);
	return rc;
}

/* Copies all records, and gives the SHA-256 of what the manifest lists. */
static int copy_records(const struct object_copy *c, const struct manifest *m,
                        struct oid *out, struct err *err)
{
	struct work w = { .copy = c, .manifest = m };
	int rc = content_hash_new(c->from, &w.hash, err);

	w.inlined = calloc(m->extents.count + 1, sizeof(*w.inlined));
	if (!rc && !w.inlined)
		rc = err_nomem(err, "a list of extents");
	if (!rc)
		rc = run_work(&w, out, err);
	content_hash_free(w.hash);
	free(w.inlined);
	return rc;
}

/* All records were proved by their SHA-256, those that the target had already by their
 * sums: what is wrong is what the manifest says. */
static int prove_and_copy(const struct object_copy *c, const struct manifest *m,
                          struct err *err)
{
	struct oid found;
	int rc = copy_records(c, m, &found, err);

	if (rc || oid_equal(&found, &m->oid))
		return rc;
	return err_set(err, ERR_MISMATCH,
	               "store %s: its manifest is false: it lists other bytes than those "
	               "of its name; push the model again from a clone that has it",
	               c->from->store->name);
}

static bool has_records(const struct manifest *m)
{
	for (size_t i = 0; i < m->extents.count; i++)
		if (!m->extents.list[i].inlined)
			return true;
	return false;
}

/* ---------------------------------------------------------------- the target's */

/* Whether both say of the same bytes that they are the object. */
static bool is_same_list(const struct found *a, const struct found *b)
{
	const struct extents *x = &a->manifest.extents, *y = &b->manifest.extents;

	if (a->bytes.size == b->bytes.size &&
	    memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0)
		return true;
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *p = &x->list[i], *q = &y->list[i];
		if (p->size != q->size || p->inlined != q->inlined)
			return false;
		if (!p->inlined &&
		    (!oid_equal(&p->id, &q->id) || !xxh128_equal(&p->sum, &q->sum)))
			return false;
	}
	return a->manifest.inline_size == b->manifest.inline_size &&
	       (!a->manifest.inline_size ||
	        memcmp(a->manifest.inline_bytes, b->manifest.inline_bytes,
	               a->manifest.inline_size) == 0);
}

/* The source's pool and shelf, the target's store. */
static struct transfer target(const struct object_copy *c)
{
	struct transfer there = *c->from;

	there.store = c->to;
	there.local_blob = NULL;
	there.cache = NULL;
	there.records = NULL;
	return there;
}

/* Whether the target has the records that its manifest needs, as far as a push would look:
 * a mirror that was interrupted or restored has names whose values are cut, or lacks some. */
static int has_sound_records(const struct object_copy *c, const struct oid *oid,
                             bool *sound, struct err *err)
{
	struct transfer there = target(c);
	const struct object_asked asked = { oid, NULL };
	struct err why = ERR_INIT;

	there.records = c->listed;
	there.lanes = c->lanes;
	return object_look(&there, &asked, sound, &why, err);
}

/* Whether the target can restore the object by the manifest that it has. */
static int is_good_there(const struct object_copy *c, const struct found *there,
                         bool *good, struct err *err)
{
	const struct object_judge nobody = { NULL, NULL };
	const struct transfer t = target(c);
	enum object_verdict verdict;

	*good = false;
	if (there->rc)
		return 0;
	int rc = object_prove(&t, &there->manifest, &nobody, &verdict, err);
	*good = !rc && verdict == OBJECT_PROVED;
	return rc;
}

/* The source's manifest was proved by what the target now has. Another one there stays
 * if it is true, too. */
static int replace(const struct object_copy *c, const struct oid *oid,
                   const struct found *there, struct object_copied *out, struct err *err)
{
	int rc = is_good_there(c, there, &out->there, err);

	if (rc || out->there)
		return rc;
	rc = there->rc == ERR_DAMAGED
	             ? manifest_clear_way(c->to, oid, err)
	             : manifest_set_aside(c->to, oid, &there->bytes, err);
	out->mended = rc == 0;
	return rc < 0 ? err_context(err, "store %s: cannot set a wrong manifest aside",
	                            c->to->name)
	              : 0;
}

/* ---------------------------------------------------------------- the object */

static int put_object(const struct object_copy *c, const struct found *own,
                      const struct found *there, struct object_copied *out,
                      struct err *err)
{
	const struct oid *oid = &own->manifest.oid;
	char key[KEY_MAX];
	int rc = prove_and_copy(c, &own->manifest, err);

	if (!rc && there->rc != 1)
		rc = replace(c, oid, there, out, err);
	if (rc || out->there)
		return rc;
	key_object(oid, key);
	rc = store_put_all(c->to, key, own->bytes.data, own->bytes.size, err);
	out->bytes = rc ? 0 : own->bytes.size;
	return rc;
}

/* With both manifests at hand, the target's being one that may be replaced. */
static int copy_found(const struct object_copy *c, const struct found *own,
                      const struct found *there, struct object_copied *out,
                      struct err *err)
{
	out->size = own->manifest.extents.size;
	int rc = 0;
	out->there = !there->rc && is_same_list(own, there);
	if (out->there && has_records(&own->manifest))
		rc = has_sound_records(c, &own->manifest.oid, &out->there, err);
	if (rc || out->there)
		return rc;
	if (c->pass == COPY_SMALL && has_records(&own->manifest))
		return 1;
	return put_object(c, own, there, out, err);
}

int object_copy(const struct object_copy *c, const struct oid *oid, bool listed,
                struct object_copied *out, struct err *err)
{
	struct err why = ERR_INIT;
	struct found own, there = { .rc = 1, .bytes = BUF_INIT };

	*out = (struct object_copied){ .size = 0 };
	find_own(c, oid, &own, &why);
	int rc = own.rc;
	if (rc > 0)
		rc = err_set(&why, ERR_MISSING, "store %s does not have it",
		             c->from->store->name);
	if (listed)
		find_there(c, oid, &there, rc ? NULL : &why);
	if (rc && object_copy_is_its_fault(rc) && !there.rc) {
		out->there = true; /* and nothing better is at hand */
		rc = 0;
	} else if (!rc && there.rc == ERR_FORMAT) {
		out->there = true; /* a newer git-zllm wrote it */
	} else if (!rc && there.rc < 0 && there.rc != ERR_DAMAGED) {
		rc = there.rc;
	} else if (!rc) {
		rc = copy_found(c, &own, &there, out, &why);
	}
	if (rc < 0)
		*err = why;
	found_wipe(&own);
	found_wipe(&there);
	return rc;
}
