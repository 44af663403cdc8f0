#include "agent/cmd/status_look.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_objects.h"
#include "codec/common/err.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/object_look.h"
#include "index/survey/object_cost.h"
#include "index/work/lanes.h"

enum {
	BATCH_FIRST = 8,
	BATCH_MAX = 256,
	EXTENTS_MAX = 50000 /* of a batch, about: some MiB */
};

struct looking {
	struct transfer narrow; /* as each look sees it */
	const struct lfs_object *objects;
	struct status_look *looks;
};

static int note_damage(struct status_look *look, const struct err *why, struct err *err)
{
	look->state = LOOK_DAMAGED;
	look->why = strdup(why->text);
	return look->why ? 0 : err_nomem(err, "what is wrong with an object");
}

/* Of an object whose manifest was read. */
static int look_at_records(const struct transfer *t, struct status_look *look,
                           struct err *err)
{
	struct err why = ERR_INIT;
	bool have;
	int rc = object_verify_records(t, &look->manifest, &have, &why, err);

	if (!rc && !have)
		rc = note_damage(look, &why, err);
	else if (!rc)
		rc = object_cost_find(t, &look->manifest, 0, &look->costs, err);
	if (rc || look->state == LOOK_DAMAGED)
		manifest_wipe(&look->manifest);
	else
		look->state = LOOK_WHOLE;
	return rc;
}

static int look_at_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct looking *l = ctx;
	struct status_look *look = &l->looks[i];
	struct err why = ERR_INIT;
	int rc = manifest_recall(l->narrow.store, &l->objects[i].oid, manifest_parse,
	                         &look->manifest, &why);

	(void)lane;
	if (rc == 0)
		return look_at_records(&l->narrow, look, err);
	if (rc == 1)
		return 0;
	if (rc == ERR_DAMAGED)
		return note_damage(look, &why, err);
	*err = why;
	return rc;
}

size_t status_look_batch(size_t last, size_t extents)
{
	if (!last)
		return BATCH_FIRST;
	if (extents > EXTENTS_MAX)
		return last > 2 ? last / 2 : 1;
	if (extents > EXTENTS_MAX / 4)
		return last;
	return 4 * last < BATCH_MAX ? 4 * last : BATCH_MAX;
}

int status_look_run(const struct transfer *t, const struct lfs_object *objects,
                    size_t count, struct status_look *out, struct err *err)
{
	unsigned lanes = count < t->lanes ? (unsigned)count : t->lanes;
	struct looking l = { .objects = objects, .looks = out };
	struct lanes_work work = { .count = count, .task = look_at_one, .ctx = &l };
	struct err ignored = ERR_INIT;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		out[i] = (struct status_look){ .state = LOOK_MISSING };
	l.narrow = transfer_view(t, t->lanes / lanes, NULL);
	if (t->records)
		(void)record_map_expect(t->records, &objects[0].oid, count, &ignored);
	return lanes_run(lanes, &work, err);
}

void status_look_wipe(struct status_look *looks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (looks[i].state == LOOK_WHOLE)
			manifest_wipe(&looks[i].manifest);
		free(looks[i].costs);
		free(looks[i].why);
		looks[i] = (struct status_look){ .state = LOOK_MISSING };
	}
}
