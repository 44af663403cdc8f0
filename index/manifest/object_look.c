#include "index/manifest/object_look.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/blob_rely.h"
#include "index/blob/record_check.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/manifest_witness.h"
#include "index/work/lanes.h"

/* What a manifest needs, on its way through the lanes. */
struct needs {
	const struct transfer *transfer;
	const struct extents *extents;
	bool recalls; /* a record in trash/ will do, as it does for readers */
	atomic_bool lacking;
	pthread_mutex_t lock; /* guards `why` */
	struct err why;       /* of one that is lacking */
};

static void note_lacking(struct needs *n, const struct err *why)
{
	pthread_mutex_lock(&n->lock);
	n->why = *why;
	pthread_mutex_unlock(&n->lock);
	atomic_store(&n->lacking, true);
}

static int look_for_record(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct needs *n = ctx;
	const struct extent *x = &n->extents->list[i];
	struct blob_memory memory;
	const struct blob_claim claim = { &x->id, x->size, &x->sum, &memory };
	struct blob_place place;
	struct err why = ERR_INIT;

	(void)lane;
	if (x->inlined || atomic_load(&n->lacking))
		return 0;
	extent_recall(x, &memory);
	int rc = blob_sound(n->transfer, &claim, &place, &why, err);
	if (rc == 1 && why.code == ERR_MISSING && n->recalls)
		rc = blob_recall(n->transfer->store, &claim, 0, &place, err);
	if (rc == 1)
		note_lacking(n, &why);
	return rc < 0 ? rc : 0;
}

/* Whether all records are there that the manifest needs; *why says which is not. */
static int has_records(struct needs *needs, bool *all, struct err *why, struct err *err)
{
	const struct transfer *t = needs->transfer;
	const struct extents *extents = needs->extents;
	struct lanes_work work = { .count = extents->count,
		                   .task = look_for_record,
		                   .ctx = needs };
	int rc = 0;

	pthread_mutex_init(&needs->lock, NULL);
	if (t->records && extents->count)
		rc = record_map_expect(t->records, &extents->list[0].id, extents->count,
		                       err);
	if (!rc)
		rc = lanes_run(t->lanes, &work, err);
	pthread_mutex_destroy(&needs->lock);
	*all = !rc && !atomic_load(&needs->lacking);
	if (!rc && !*all)
		*why = needs->why;
	return rc;
}

/* Whether the file is not what the manifest lists. A file that cannot be read proves
 * nothing: it is read where it is needed, and its fault is told there. */
static bool is_contradicted(const struct manifest *m, const char *path)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (fd < 0)
		return false;
	bool contradicted = false;
	if (!fstat(fd, &st)) {
		struct manifest_witness w = { .fd = fd,
			                      .size = (uint64_t)st.st_size,
			                      .budget = WITNESS_GLANCE };
		contradicted = manifest_compare_file(m, &w, &ignored) == 1;
	}
	close(fd);
	return contradicted;
}

int object_look(const struct transfer *t, const struct object_asked *asked, bool *have,
                struct err *why, struct err *err)
{
	struct manifest m;
	struct needs needs = { .transfer = t, .extents = &m.extents };
	/* To compare it with a file takes the sketches; else the places are enough. */
	int rc = manifest_get(t->store, asked->oid,
	                      asked->path ? manifest_parse : manifest_parse_places, &m,
	                      why);

	*have = false;
	if (rc == 1 || rc == ERR_DAMAGED)
		return 0;
	if (rc) {
		*err = *why;
		return rc;
	}
	if (is_contradicted(&m, asked->path))
		err_set(why, ERR_MISMATCH,
		        "its manifest lists other bytes than the file");
	else
		rc = has_records(&needs, have, why, err);
	manifest_wipe(&m);
	return rc;
}

int object_verify(const struct transfer *t, const struct oid *oid, bool *have,
                  struct err *why, struct err *err)
{
	struct manifest m = { .note_count = 0 };
	int rc = manifest_recall(t->store, oid, manifest_parse_places, &m, why);

	*have = false;
	if (rc == 1 || rc == ERR_DAMAGED)
		return 0;
	if (rc) {
		*err = *why;
		return rc;
	}
	rc = object_verify_records(t, &m, have, why, err);
	manifest_wipe(&m);
	return rc;
}

int object_verify_records(const struct transfer *t, const struct manifest *m, bool *have,
                          struct err *why, struct err *err)
{
	struct needs needs = { .transfer = t, .extents = &m->extents, .recalls = true };

	return has_records(&needs, have, why, err);
}

int object_glance(const struct transfer *t, const struct object_asked *asked,
                  enum object_state *state, struct err *err)
{
	struct err why = ERR_INIT;
	bool have;
	int rc = object_look(t, asked, &have, &why, err);

	*state = rc ? OBJECT_UNKNOWN : have ? OBJECT_WHOLE : OBJECT_ABSENT;
	return rc;
}
