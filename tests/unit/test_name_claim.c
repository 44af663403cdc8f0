/* Who claims a name, what they pushed, and how little a store is asked for it. */
#include <stdio.h>

#include "index/manifest/name_claim.h"

#include "index/blob/transfer.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/manifest_sample.h"
#include "tests/unit/store_faulty.h"

#define REPO_A "00112233445566778899aabbccddeeff"
#define REPO_B "ffeeddccbbaa99887766554433221100"

/* A store in memory behind one that counts calls. */
struct fixture {
	struct store *store;
	struct transfer transfer;
};

static int setup(void **state)
{
	struct store_fault_plan none = { FAULT_NONE, 0 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct store *memory = NULL;

	assert_non_null(f);
	assert_int_equal(store_memory_new(&memory, NULL), 0);
	assert_int_equal(store_faulty_new(memory, none, 0, &f->store, NULL), 0);
	assert_int_equal(transfer_borrow(&f->transfer, f->store, 1, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	transfer_return(&f->transfer);
	store_close(f->store);
	free(f);
	return 0;
}

static struct oid made_up(unsigned i)
{
	struct oid oid;

	assert_true(sha256_of(&i, sizeof(i), &oid));
	return oid;
}

/* An object of REPO with a manifest that says `size`; the bytes are not asked for. */
static void own(struct fixture *f, const char *repo, struct oid oid,
                enum model_kind model, uint64_t size)
{
	struct sample s;
	char key[KEY_MAX];

	key_owner(repo, &oid, key);
	assert_int_equal(store_put_all(f->store, key, NULL, 0, NULL), 0);
	if (!size)
		return;
	sample_init(&s);
	struct buf bytes = formatted(&s.manifest);
	bytes.data[10] = (uint8_t)model;
	memcpy(bytes.data + 16, oid.bytes, SHA256_SIZE);
	le64_store(bytes.data + 48, size);
	seal(&bytes);
	key_object(&oid, key);
	assert_int_equal(store_put_all(f->store, key, bytes.data, bytes.size, NULL), 0);
	buf_wipe(&bytes);
}

/* The sizes of what is found by `name`, added up. */
static void assert_found(struct fixture *f, const char *name, size_t expected,
                         uint64_t sizes)
{
	struct named_object *list = NULL;
	struct err err = ERR_INIT;
	uint64_t sum = 0;
	size_t count = 99;

	if (name_claim_objects(&f->transfer, name, &list, &count, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++)
		sum += list[i].size;
	assert_int_equal(sum, sizes);
	free(list);
}

static void models_are_found_by_the_name_of_their_repository(void **state)
{
	struct fixture *f = *state;

	assert_found(f, "org/a", 0, 0);
	assert_int_equal(name_claim_put(f->store, "org/a", REPO_A, NULL), 0);
	assert_found(f, "org/a", 0, 0);
	own(f, REPO_A, made_up(1), MODEL_SAFETENSORS, 1000);
	own(f, REPO_A, made_up(2), MODEL_SAFETENSORS, 200);
	own(f, REPO_A, made_up(3), MODEL_OPAQUE, 30);     /* a tokenizer, say */
	own(f, REPO_A, made_up(4), MODEL_SAFETENSORS, 0); /* its push died */
	own(f, REPO_B, made_up(5), MODEL_SAFETENSORS, 5);
	assert_found(f, "org/a", 2, 1200);
	assert_found(f, "org/b", 0, 0);
}

static void several_may_claim_a_name(void **state)
{
	struct fixture *f = *state;

	own(f, REPO_A, made_up(1), MODEL_SAFETENSORS, 1000);
	own(f, REPO_B, made_up(1), MODEL_SAFETENSORS, 1000); /* the same object */
	own(f, REPO_B, made_up(2), MODEL_SAFETENSORS, 200);
	assert_int_equal(name_claim_put(f->store, "org/a", REPO_A, NULL), 0);
	assert_int_equal(name_claim_count(f->store, "org/a", NULL), 1);
	assert_int_equal(name_claim_put(f->store, "org/a", REPO_B, NULL), 0);
	assert_int_equal(name_claim_put(f->store, "org/a", REPO_B, NULL), 0);
	assert_int_equal(name_claim_count(f->store, "org/a", NULL), 2);
	assert_found(f, "org/a", 2, 1200);
}

static void a_damaged_manifest_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct oid oid = made_up(2);
	char key[KEY_MAX];

	assert_int_equal(name_claim_put(f->store, "org/a", REPO_A, NULL), 0);
	own(f, REPO_A, made_up(1), MODEL_SAFETENSORS, 1000);
	own(f, REPO_A, oid, MODEL_SAFETENSORS, 0);
	key_object(&oid, key);
	assert_int_equal(store_put_all(f->store, key, "short", 5, NULL), 0);
	assert_found(f, "org/a", 1, 1000);
}

static void however_much_was_pushed_few_requests_are_made(void **state)
{
	struct fixture *f = *state;
	char repo[REPO_ID_HEX + 1], key[KEY_MAX];
	struct named_object *list = NULL;
	size_t count = 0;

	for (unsigned r = 0; r < 2 * NAME_REPOS_MAX; r++) {
		snprintf(repo, sizeof(repo), "%032x", r);
		assert_int_equal(name_claim_put(f->store, "org/a", repo, NULL), 0);
		for (unsigned i = 0; i < NAME_OBJECTS_MAX; i++)
			own(f, repo, made_up(1000 * r + i), MODEL_SAFETENSORS, 1);
	}
	for (unsigned i = 0; i < NAME_OWNED_MAX + 100; i++) {
		struct oid oid = made_up(1000000 + i);
		snprintf(repo, sizeof(repo), "%032x", 0);
		key_owner(repo, &oid, key);
		assert_int_equal(store_put_all(f->store, key, NULL, 0, NULL), 0);
	}
	uint64_t before = store_faulty_calls(f->store);
	assert_int_equal(name_claim_objects(&f->transfer, "org/a", &list, &count, NULL),
	                 0);
	assert_true(count <= NAME_OBJECTS_MAX);
	/* the name, each repository, and for each object a get and its read */
	assert_true(store_faulty_calls(f->store) - before <=
	            1 + NAME_REPOS_MAX + 2 * NAME_OBJECTS_MAX);
	free(list);
}

static void a_name_that_is_claimed_is_not_written_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(name_claim_put(f->store, "org/a", REPO_A, NULL), 0);
	uint64_t before = store_faulty_calls(f->store);
	assert_int_equal(name_claim_put(f->store, "org/a", REPO_A, NULL), 0);
	assert_int_equal(store_faulty_calls(f->store) - before, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(models_are_found_by_the_name_of_their_repository),
		T(several_may_claim_a_name),
		T(a_damaged_manifest_is_passed_over),
		T(however_much_was_pushed_few_requests_are_made),
		T(a_name_that_is_claimed_is_not_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
