/* A push of three files beside a base that is there, and a repair of a store with several
 * kinds of damage, out of these files. */
#include "tests/points/points.h"

#include "tests/unit/fsck_damage.h"

static void make_files(void *world)
{
	world_files(world);
}

static void drop_files(void *world)
{
	struct world *w = world;

	for (int i = 0; i < FILES; i++)
		model_file_remove(&w->files[i]);
}

/* ---------------------------------------------------------------- push */

static void make_pushed(void *world, struct store *s)
{
	push_to(s, world, BASE);
}

static int push(void *world, struct store *s, struct told *told, struct err *err)
{
	struct world *w = world;
	struct upload_result result;
	struct transfer t;
	int rc = transfer_init(&t, s, 1, err);

	t.repo_id = OUR_REPO;
	for (int i = TUNE; i < FILES && !rc; i++) {
		const struct upload_request request = {
			.oid = w->files[i].oid,
			.size = w->files[i].size,
			.path = w->files[i].path,
			.find_hints = i == TUNE ? hint_base : NULL,
			.ctx = &w->files[BASE],
		};
		rc = upload_object(&t, &request, &result, err);
		if (!rc)
			told->complete |= 1u << i;
	}
	transfer_wipe(&t);
	return rc;
}

static void assert_reads(struct world *w, struct store *s, unsigned files)
{
	struct transfer t;

	assert_int_equal(transfer_init(&t, s, 1, NULL), 0);
	for (int i = 0; i < FILES; i++)
		if (files & 1u << i && !reads_whole(&t, &w->files[i]))
			fail_msg("file %d is lost", i);
	transfer_wipe(&t);
}

static void look_at_pushed(void *world, struct store *s, const struct told *told)
{
	assert_reads(world, s, 1u << BASE | told->complete);
	assert_nothing_hurts(s);
}

static void settle_files(void *world, struct store *s)
{
	struct world w = *(struct world *)world;

	w.store = s;
	assert_sound(&w);
}

const struct scene scene_push = {
	.name = "push",
	.world_size = sizeof(struct world),
	.make_files = make_files,
	.drop_files = drop_files,
	.make = make_pushed,
	.act = push,
	.look = look_at_pushed,
	.settle = settle_files,
};

/* ---------------------------------------------------------------- repair */

/* A base is turned, which hurts two objects, a delta is lost; of a third a chunk is in
 * trash alone, and of the fourth the manifest is turned. */
static void make_damaged(void *world, struct store *s)
{
	struct world *w = world;
	char key[KEY_MAX], trash[KEY_MAX];

	w->store = s;
	for (int i = 0; i < FILES; i++)
		push_to(s, w, i);
	struct one chunk = record_of(w, CHUNKS, 0);
	assert_int_equal(store_set_aside(s, chunk.key, trash, NULL), 0);
	damage(w, TURN_BASE);
	damage(w, LOSE_DELTA);
	manifest_key(w, SMALL, key);
	turn(s, key, 20);
}

static int repair(void *world, struct store *s, struct told *told, struct err *err)
{
	struct world w = *(struct world *)world;
	struct transfer t;
	struct run r;

	(void)told;
	w.store = s;
	if (transfer_init(&t, s, 1, err))
		return err->code;
	fsck_with(&w, &t, REPAIR, &r);
	int rc = r.rc;
	*err = r.err;
	for (size_t i = 0; i < r.result.findings.count && !rc; i++) {
		const struct fsck_finding *one = &r.result.findings.list[i];
		if (one->hurts && !one->repaired)
			rc = err_set(err, ERR_DAMAGED, "%s is not repaired: %s", one->key,
			             one->why ? one->why : "no copy");
	}
	run_wipe(&r);
	transfer_wipe(&t);
	return rc;
}

/* Only what was whole can be read; and that some of it is damaged is known. */
static void look_at_damaged(void *world, struct store *s, const struct told *told)
{
	(void)told;
	assert_reads(world, s, 1u << CHUNKS);
}

const struct scene scene_repair = {
	.name = "repair",
	.world_size = sizeof(struct world),
	.make_files = make_files,
	.drop_files = drop_files,
	.make = make_damaged,
	.act = repair,
	.look = look_at_damaged,
	.settle = settle_files,
};
