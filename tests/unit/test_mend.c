/* Whoever relies on a value that he did not write looks at it, and a push mends what is
 * not sound; whoever mends may meet another who does, and die at any step. */
#include "index/manifest/object_look.h"
#include "index/store/store_memory.h"
#include "tests/unit/memory_copy.h"
#include "tests/unit/pushed_model.h"
#include "tests/unit/store_counted.h"
#include "tests/unit/store_faulty.h"
#include "tests/unit/store_meeting.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SEED = 3 };

/* ---------------------------------------------------------------- words */

/* What verify and the hook say. */
static bool verifies(struct store *s, const struct model_file *f, struct err *why)
{
	struct err err = ERR_INIT;
	struct transfer t;
	bool have;

	assert_int_equal(transfer_borrow(&t, s, 1, &err), 0);
	assert_int_equal(object_verify(&t, &f->oid, &have, why, &err), 0);
	transfer_return(&t);
	return have;
}

static void replace(struct store *s, const char *key, const void *bytes, size_t n)
{
	assert_int_equal(store_remove(s, key, NULL), 0);
	assert_int_equal(store_put_all(s, key, bytes, n, NULL), 0);
}

/* What a value may have become. */
enum damage { EMPTY, CUT, SHORT_BY_ONE, FOREIGN, SWAPPED, DAMAGES };

/* The value at `key` becomes that; where it is swapped, the one at `other`. */
static void damage(struct store *s, const char *key, enum damage how, const char *other)
{
	struct buf b = BUF_INIT;
	static const char foreign[5000] = "not ours";

	assert_int_equal(
		store_get_all(s, how == SWAPPED ? other : key, SIZE_MAX >> 1, &b, NULL),
		0);
	size_t sizes[DAMAGES] = { 0, b.size / 2, b.size - 1, sizeof(foreign), b.size };
	replace(s, key, how == FOREIGN ? foreign : (const char *)b.data, sizes[how]);
	buf_wipe(&b);
}

/* What every world begins with, made once: two files, and a store that has them. */
struct pushed {
	struct store *memory;
	struct model_file base, tune;
};

static int push_both(void **state)
{
	static struct pushed p;

	p.base = model_file_make(SEED, 0, "");
	p.tune = model_file_make(SEED, 1e-5f, "");
	assert_int_equal(store_memory_new(&p.memory, NULL), 0);
	assert_int_equal(push(p.memory, &p.base, NULL), 0);
	assert_int_equal(push(p.memory, &p.tune, &p.base), 0);
	*state = &p;
	return 0;
}

static int remove_both(void **state)
{
	struct pushed *p = *state;

	store_close(p->memory);
	model_file_remove(&p->base);
	model_file_remove(&p->tune);
	return 0;
}

struct world {
	struct store *memory;
	struct store *bucket; /* the same as a remote store: with a map of records */
	struct model_file base, tune;
};

static void world_begin(struct world *w, const struct pushed *p)
{
	w->base = p->base;
	w->tune = p->tune;
	w->memory = store_memory_copy(p->memory);
	assert_int_equal(store_counted_new(w->memory, 8, &w->bucket, NULL), 0);
}

static void world_end(struct world *w)
{
	store_close(w->bucket);
	store_close(w->memory);
}

static const char *first_with(const struct keys *k, bool delta)
{
	for (size_t i = 0; i < k->count; i++)
		if ((strchr(k->list[i], '~') != NULL) == delta)
			return k->list[i];
	fail_msg("no such record");
	return NULL;
}

static const char *another_with(const struct keys *k, bool delta, const char *than)
{
	for (size_t i = 0; i < k->count; i++)
		if ((strchr(k->list[i], '~') != NULL) == delta &&
		    strcmp(k->list[i], than) != 0)
			return k->list[i];
	fail_msg("no such record");
	return NULL;
}

/* A file that is one record, or two. */
static struct model_file a_chunk(void)
{
	struct buf noise = BUF_INIT;
	uint64_t random = 12;

	while (noise.size < 1100 * 1000)
		buf_add_u64(&noise, next_random(&random));
	struct model_file f = model_file_of(noise.data, noise.size);
	buf_wipe(&noise);
	return f;
}

/* ---------------------------------------------------------------- one who mends */

enum what { SOLO, DELTA, MANIFEST, WHATS };

/* Damages a value that `f` needs; the object that needs it and no other. */
static void damage_one(struct world *w, enum what what, enum damage how)
{
	struct keys records = keys_of(w->memory, "blobs/");
	struct keys manifests = keys_of(w->memory, "objects/");
	char key[KEY_MAX];

	if (what == MANIFEST) {
		key_object(&w->base.oid, key);
		const char *other = strcmp(manifests.list[0], key) ? manifests.list[0]
		                                                   : manifests.list[1];
		damage(w->memory, key, how, other);
	} else {
		const char *one = first_with(&records, what == DELTA);
		damage(w->memory, one, how, another_with(&records, what == DELTA, one));
	}
}

static void a_push_over_what_is_not_sound_mends_it(void **state)
{
	for (int remote = 0; remote < 2; remote++)
		for (enum what what = SOLO; what < WHATS; what++)
			for (enum damage how = EMPTY; how < DAMAGES; how++) {
				struct world w;
				world_begin(&w, *state);
				struct store *s = remote ? w.bucket : w.memory;
				const struct model_file *f = what == DELTA ? &w.tune
				                                           : &w.base;
				struct err why = ERR_INIT;
				damage_one(&w, what, how);
				/* Records of one shape are of one size: that needs a look
				 * at the head, which verify spares a bucket. */
				if (!remote || how != SWAPPED)
					assert_false(verifies(s, f, &why));
				/* Another object of the same bytes, so that its record is
				 * reused and not only found with its manifest. */
				assert_int_equal(push(w.memory, f, &w.base), 0);
				assert_true(clones(s, &w.base));
				assert_true(clones(s, &w.tune));
				assert_true(verifies(s, f, &why));
				assert_true(keys_of(w.memory, "trash/").count > 0);
				world_end(&w);
			}
}

static void what_is_reused_by_another_object_is_looked_at_in_a_bucket_too(void **state)
{
	for (enum damage how = EMPTY; how < DAMAGES; how++) {
		struct world w;
		world_begin(&w, *state);
		struct model_file again = model_file_make(SEED, 0, "another name");
		damage_one(&w, SOLO, how);
		assert_int_equal(push(w.bucket, &again, NULL), 0);
		assert_true(clones(w.memory, &again));
		assert_true(clones(w.memory, &w.base));
		model_file_remove(&again);
		world_end(&w);
	}
}

static void no_delta_is_put_on_a_base_whose_record_is_not_sound(void **state)
{
	for (int remote = 0; remote < 2; remote++)
		for (enum damage how = EMPTY; how < FOREIGN; how++) {
			struct world w;
			world_begin(&w, *state);
			struct model_file next = model_file_make(SEED, 2e-5f, "");
			struct keys records = keys_of(w.memory, "blobs/");
			for (size_t i = 0; i < records.count; i++)
				if (!strchr(records.list[i], '~'))
					damage(w.memory, records.list[i], how, NULL);
			assert_int_equal(
				push(remote ? w.bucket : w.memory, &next, &w.base), 0);
			assert_true(clones(w.memory, &next));
			model_file_remove(&next);
			world_end(&w);
		}
}

static void a_push_over_sound_records_moves_nothing(void **state)
{
	struct world w;

	world_begin(&w, *state);
	struct model_file again = model_file_make(SEED, 0, "another name");
	assert_int_equal(push(w.memory, &again, NULL), 0);
	assert_int_equal(push(w.bucket, &w.tune, &w.base), 0);
	assert_int_equal(keys_of(w.memory, "trash/").count, 0);
	model_file_remove(&again);
	world_end(&w);
}

static void whether_an_object_is_whole_costs_no_look_at_its_records_in_a_bucket(
	void **state)
{
	struct world w;
	struct err why = ERR_INIT;

	world_begin(&w, *state);
	store_counted_reset(w.bucket);
	assert_true(verifies(w.bucket, &w.base, &why));
	/* The manifest, and a listing for each record: too few for a map. */
	assert_int_equal(store_counted_get(w.bucket).gets, 1);
	assert_int_equal(store_counted_get(w.bucket).reads, 0);
	world_end(&w);
}

/* A store with `f`, whose value below `prefix` is cut. */
static struct store *cut_store(const struct model_file *f, const char *prefix)
{
	struct store *s;

	assert_int_equal(store_memory_new(&s, NULL), 0);
	assert_int_equal(push(s, f, NULL), 0);
	damage(s, keys_of(s, prefix).list[0], CUT, NULL);
	return s;
}

/* A push of `f` into `cut`, whose nth request goes wrong. Whether it came so far. */
static bool mend_with_fault(const struct model_file *f, struct store *cut,
                            struct store_fault_plan plan)
{
	struct store *faulty, *memory = store_memory_copy(cut);

	assert_int_equal(store_faulty_new(memory, plan, FAULT_KEEP_INNER, &faulty, NULL),
	                 0);
	int rc = push(faulty, f, NULL);
	bool came = store_faulty_calls(faulty) >= plan.nth;
	if (rc == 0)
		assert_true(clones(memory, f));
	assert_int_equal(push(memory, f, NULL), 0);
	assert_true(clones(memory, f));
	store_close(faulty);
	store_close(memory);
	return came;
}

static void whatever_request_of_a_mending_push_fails_nothing_is_lost(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_SHORT, FAULT_FLIP, FAULT_CRASH };
	static const char *const prefixes[] = { "objects/", "blobs/" };
	struct model_file files[] = { model_file_of("all in its manifest", 20),
		                      a_chunk() };

	(void)state;
	for (size_t k = 0; k < COUNT(files); k++) {
		struct store *cut = cut_store(&files[k], prefixes[k]);
		for (size_t i = 0; i < COUNT(faults); i++) {
			struct store_fault_plan plan = { faults[i], 1 };
			while (mend_with_fault(&files[k], cut, plan))
				plan.nth++;
			assert_true(plan.nth > 8); /* it did reach into the push */
		}
		store_close(cut);
		model_file_remove(&files[k]);
	}
}

/* ---------------------------------------------------------------- two who mend */

/* The other: mends the same, and is told `complete`. */
struct second {
	struct store *memory;
	const struct model_file *file;
	bool complete;
};

static void mend_too(void *ctx)
{
	struct second *other = ctx;

	assert_int_equal(push(other->memory, other->file, NULL), 0);
	other->complete = true;
}

/* One push of `f` into `cut`. It meets another at its call `at`, and dies at its call
 * `dies`. Whether it came so far. */
static bool two_mend(const struct model_file *f, struct store *cut, uint64_t at,
                     uint64_t dies)
{
	const struct store_fault_plan plan = { FAULT_CRASH, dies };
	struct store *faulty, *memory = store_memory_copy(cut);
	struct second other = { memory, f, false };
	struct meeting m = { { .ops = &meeting_ops, .inflight = 1, .name = "meeting" },
		             memory,
		             0,
		             at,
		             mend_too,
		             &other };
	assert_int_equal(store_faulty_new(&m.base, plan, FAULT_KEEP_INNER, &faulty, NULL),
	                 0);
	int rc = push(faulty, f, NULL);
	bool came = store_faulty_calls(faulty) >= dies;
	if (rc == 0 || other.complete) {
		struct err why = ERR_INIT;
		assert_true(clones(memory, f));
		if (!verifies(memory, f, &why))
			fail_msg("%s", why.text);
	}
	assert_int_equal(push(memory, f, NULL), 0);
	assert_true(clones(memory, f));
	store_close(faulty);
	store_close(memory);
	return came;
}

/* Each moment of the meeting, and from there on each moment of the death. */
static void all_moments(const struct model_file *f, const char *prefix)
{
	struct store *cut = cut_store(f, prefix);
	uint64_t at = 1, dies;

	do {
		dies = at;
		while (two_mend(f, cut, at, dies))
			dies++;
	} while (dies > at++);
	assert_true(at > 8); /* it did go through a push */
	store_close(cut);
}

static void of_two_who_mend_a_manifest_one_may_die_at_any_step(void **state)
{
	struct model_file f = model_file_of("a small file, all in its manifest", 33);

	(void)state;
	all_moments(&f, "objects/");
	model_file_remove(&f);
}

static void of_two_who_mend_a_record_one_may_die_at_any_step(void **state)
{
	struct model_file f = a_chunk();

	(void)state;
	all_moments(&f, "blobs/");
	model_file_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_over_what_is_not_sound_mends_it),
		cmocka_unit_test(
			what_is_reused_by_another_object_is_looked_at_in_a_bucket_too),
		cmocka_unit_test(no_delta_is_put_on_a_base_whose_record_is_not_sound),
		cmocka_unit_test(a_push_over_sound_records_moves_nothing),
		cmocka_unit_test(
			whether_an_object_is_whole_costs_no_look_at_its_records_in_a_bucket),
		cmocka_unit_test(
			whatever_request_of_a_mending_push_fails_nothing_is_lost),
		cmocka_unit_test(of_two_who_mend_a_manifest_one_may_die_at_any_step),
		cmocka_unit_test(of_two_who_mend_a_record_one_may_die_at_any_step),
	};

	return cmocka_run_group_tests(tests, push_both, remove_both);
}
