#include "index/manifest/object_look.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_rely.h"
#include "index/blob/record_check.h"
#include "index/work/lanes.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/manifest_witness.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"

/* What a manifest needs, on its way through the lanes. */
struct needs {
	const struct transfer *transfer;
	const struct extents *extents;
	atomic_bool lacking;
};

static int look_for_record(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct needs *n = ctx;
	const struct extent *x = &n->extents->list[i];
	const struct blob_claim claim = { &x->id, x->size, &x->sum };
	struct blob_place place;
	struct err why = ERR_INIT;

	(void)lane;
	if (x->inlined || atomic_load(&n->lacking))
		return 0;
	int rc = blob_sound(n->transfer, &claim, &place, &why, err);
	if (rc == 1)
		atomic_store(&n->lacking, true);
	return rc < 0 ? rc : 0;
}

/* Whether all records are there that the manifest needs. */
static int has_records(const struct transfer *t, const struct extents *extents, bool *all,
                       struct err *err)
{
	struct needs needs = { .transfer = t, .extents = extents };
	struct lanes_work work = { .count = extents->count,
		                   .task = look_for_record,
		                   .ctx = &needs };
	int rc = 0;

	if (t->records && extents->count)
		rc = record_map_expect(t->records, &extents->list[0].id, extents->count,
		                       err);
	if (!rc)
		rc = lanes_run(t->lanes, &work, err);
	*all = !rc && !atomic_load(&needs.lacking);
	return rc;
}

/* Whether the file is not what the manifest lists. What cannot be read says nothing: it
 * will be read where it is needed, and then it is said what is wrong with it. */
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
                bool *damaged, struct err *err)
{
	struct manifest m;
	struct err why = ERR_INIT;
	int rc = manifest_get(t->store, asked->oid, &m, NULL, &why);

	*have = false;
	*damaged = rc == ERR_DAMAGED;
	if (rc == 1 || rc == ERR_DAMAGED)
		return 0;
	if (rc) {
		*err = why;
		return rc;
	}
	*damaged = is_contradicted(&m, asked->path);
	if (!*damaged)
		rc = has_records(t, &m.extents, have, err);
	manifest_wipe(&m);
	return rc;
}

int object_glance(const struct transfer *t, const struct object_asked *asked,
                  enum object_state *state, struct err *err)
{
	bool have, damaged;
	int rc = object_look(t, asked, &have, &damaged, err);

	*state = OBJECT_UNKNOWN;
	if (!rc && have)
		*state = OBJECT_WHOLE;
	else if (!rc && !damaged)
		*state = OBJECT_ABSENT;
	return rc;
}
