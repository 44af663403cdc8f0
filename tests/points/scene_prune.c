/*
 * A prune in which owners have each fate that there is, and an undelete.
 *
 *     a   live, reached               e   live, not reached: moves
 *     b   in trash, reached: returns  f   in trash, not reached: expires
 *     c   both, reached: is cleared   g   both, not reached: moves
 *     d   expired, reached: adopted   h   in trash, not reached: expires; another owns it
 */
#include "tests/points/points.h"

#include "index/gc/prune.h"
#include "tests/unit/gc_store.h"

static const char all[] = "abcdefgh", reached[] = "abcd", kept[] = "abcdh";

static void open_later(struct gc_store *w, struct store *s, int times)
{
	gc_store_over(w, s);
	w->folder = true;
	w->ahead = (int64_t)times * GC_TEST_LONG;
}

enum { LATER_RUNS = 4 }; /* the manifest moves, ages; then its record */

static void with_letter(char letter, char name[2])
{
	name[0] = letter;
	name[1] = 0;
}

static void move_owner(struct gc_store *w, const char *name)
{
	char key[KEY_MAX];

	owner_key(w, name, ours, key);
	move(w, key);
}

/* ---------------------------------------------------------------- prune */

static void make(void *world, struct store *s)
{
	struct gc_store w;
	char name[2];

	(void)world;
	gc_store_over(&w, s);
	for (const char *at = all; *at; at++) {
		with_letter(*at, name);
		push_solo(&w, name);
		if (strchr("bcfgh", *at))
			move_owner(&w, name);
	}
	owner(&w, "c", ours);
	owner(&w, "g", ours);
	owner(&w, "h", theirs);
	give_up(&w, "d");
	transfer_return(&w.transfer);
}

static int by_oid(const void *x, const void *y)
{
	return oid_compare(x, y);
}

static int prune_as(struct store *s, enum prune_way way, struct err *err)
{
	struct prune_request request = { .repo_id = ours,
		                         .way = way,
		                         .expire = GC_TEST_GRACE };
	struct oid list[sizeof(reached) - 1];
	struct prune p = { .count = 0 };
	struct gc_store w;
	struct gc_run run;
	char name[2];

	open_later(&w, s, 1);
	for (size_t i = 0; way == PRUNE_BY_REFS && reached[i]; i++) {
		with_letter(reached[i], name);
		object_oid(&w, name, &list[request.reached_count++]);
		request.reached = list;
	}
	qsort(list, request.reached_count, sizeof(*list), by_oid);
	gc_run_begin(&run, &w.transfer);
	run.listener = (struct gc_listener){ .failed = note_told, .ctx = &w };
	int rc = gc_ages_begin(&run.ages, s, GC_TEST_GRACE, err);
	run.ages.now += w.ahead;
	if (!rc)
		rc = prune_look(&p, &run, &request, err);
	if (!rc)
		rc = prune_act(&p, &run, err);
	if (!rc && w.told.code) {
		*err = w.told;
		rc = w.told.code;
	}
	prune_wipe(&p);
	gc_run_wipe(&run);
	transfer_return(&w.transfer);
	return rc;
}

static int prune(void *world, struct store *s, struct told *told, struct err *err)
{
	(void)world, (void)told;
	return prune_as(s, PRUNE_BY_REFS, err);
}

static void assert_read(struct gc_store *w, const char *letters)
{
	char name[2];

	for (; *letters; letters++) {
		with_letter(*letters, name);
		if (!reads(w, name))
			fail_msg("%s is lost", name);
	}
}

/* Each is owned, live or in trash (J2). */
static void assert_owned(struct gc_store *w, const char *letters)
{
	char name[2], key[KEY_MAX], trash[KEY_MAX];

	for (; *letters; letters++) {
		with_letter(*letters, name);
		owner_key(w, name, ours, key);
		if (!is_live(w, key) && !find_entry(w, key, trash))
			fail_msg("nobody owns %s", name);
	}
}

static void look(void *world, struct store *s, const struct told *told)
{
	struct gc_store w;

	(void)world;
	open_later(&w, s, 1);
	assert_owned(&w, told->again ? "abcd" : "abceg");
	assert_read(&w, all);
	transfer_return(&w.transfer);
	assert_nothing_hurts(s);
}

/* f is gone for good. What the first moved, e and g, is old to the second. */
static void settle(void *world, struct store *s)
{
	struct gc_store w;

	(void)world;
	open_later(&w, s, 1);
	for (int i = 0; i < LATER_RUNS; i++) {
		wait_long(&w);
		collect(&w);
	}
	assert_owned(&w, reached);
	assert_read(&w, kept);
	assert_false(has_object(&w, "f"));
	assert_false(has_object_entry(&w, "f"));
	assert_false(has_record(&w, "f"));
	assert_false(has_record_entry(&w, "f"));
	transfer_return(&w.transfer);
}

const struct scene scene_prune = {
	.name = "prune",
	.make = make,
	.act = prune,
	.look = look,
	.settle = settle,
};

/* ---------------------------------------------------------------- undelete */

static const char dropped[] = "abc"; /* b twice, c for good */

static void make_dropped(void *world, struct store *s)
{
	struct gc_store w;

	(void)world;
	gc_store_over(&w, s);
	push_solo(&w, "a");
	push_solo(&w, "b");
	push_solo(&w, "c");
	move_owner(&w, "a");
	move_owner(&w, "b");
	owner(&w, "b", ours);
	move_owner(&w, "b");
	give_up(&w, "c");
	transfer_return(&w.transfer);
}

static int undelete(void *world, struct store *s, struct told *told, struct err *err)
{
	(void)world, (void)told;
	return prune_as(s, PRUNE_BRING_BACK, err);
}

static void look_at_dropped(void *world, struct store *s, const struct told *told)
{
	struct gc_store w;

	(void)world, (void)told;
	open_later(&w, s, 1);
	assert_owned(&w, "ab");
	assert_read(&w, dropped);
	transfer_return(&w.transfer);
	assert_nothing_hurts(s);
}

static void settle_dropped(void *world, struct store *s)
{
	struct gc_store w;
	char name[2], key[KEY_MAX];

	(void)world;
	open_later(&w, s, 1);
	for (const char *at = dropped; *at; at++) {
		with_letter(*at, name);
		owner_key(&w, name, ours, key);
		assert_true(is_live(&w, key));
	}
	for (int i = 0; i < 2; i++) {
		wait_long(&w);
		collect(&w);
	}
	assert_read(&w, dropped);
	transfer_return(&w.transfer);
}

const struct scene scene_undelete = {
	.name = "undelete",
	.make = make_dropped,
	.act = undelete,
	.look = look_at_dropped,
	.settle = settle_dropped,
};
