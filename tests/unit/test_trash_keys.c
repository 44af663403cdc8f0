/* What lies in trash/ is known by its key, and by exactly one spelling of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "index/store/store.h"
#include "index/store/store_clock.h"
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"

#define HEX "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
#define HALF "00112233445566778899aabbccddeeff"
#define REPO "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
#define NONCE "0123456789abcdef0123456789abcdef"

static void every_kind_of_key_is_found_again(void **state)
{
	static const struct {
		const char *key;
		enum trash_kind kind;
	} all[] = {
		{ "blobs/ab/cd/" HEX, TRASH_RECORD },
		{ "blobs/ab/cd/" HEX "~" HALF, TRASH_RECORD },
		{ "blobs/ab/cd/" HEX "~" HALF "~" NONCE, TRASH_RECORD },
		{ "objects/ab/" HEX, TRASH_OBJECT },
		{ "owners/" REPO "/" HEX, TRASH_OWNER },
		{ "names/" HALF "/" REPO, TRASH_NAME },
		{ "annexes/" REPO "/ab/" HEX "-" HEX, TRASH_ANNEX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char trash[KEY_MAX];
		struct trash_key t;
		assert_true(key_trash(all[i].key, NONCE, trash));
		assert_true(trash_key_parse(trash, &t));
		assert_int_equal(t.kind, all[i].kind);
		assert_string_equal(t.key, all[i].key);
	}
}

static void a_tombstone_says_who_gave_what_up(void **state)
{
	char trash[KEY_MAX], prefix[KEY_MAX], id[SHA256_HEX + 1];
	struct trash_key t;
	struct oid oid;

	(void)state;
	assert_true(oid_parse(HEX, &oid));
	trash_key_expired(&oid, REPO, NONCE, trash);
	assert_string_equal(trash, "trash/ab/cd/expired-" HEX "-" REPO "@" NONCE);
	trash_key_expired_of(&oid, prefix);
	assert_int_equal(strncmp(trash, prefix, strlen(prefix)), 0);
	assert_true(key_valid(trash));
	assert_true(trash_key_parse(trash, &t));
	assert_int_equal(t.kind, TRASH_EXPIRED);
	assert_string_equal(t.repo, REPO);
	oid_format(&t.id, id);
	assert_string_equal(id, HEX);
	assert_string_equal(t.key, "");
}

/* Each differs in one thing from a key that is one. */
static void what_is_not_spelled_so_is_not_ours(void **state)
{
	static const char *const wrong[] = {
		"",
		"trash/",
		"trash/ab/cd/@" NONCE,
		"trash/ab/cd/" HEX,
		"trash/ab/cd/" HEX "@",
		"trash/ab/cd/" HEX "@0" NONCE,
		"trash/ab/ce/" HEX "@" NONCE,
		"trash/ab/cd/" HEX "~@" NONCE,
		"trash/ab/cd/objects-" HEX "0@" NONCE,
		"trash/cd/ab/objects-" HEX "@" NONCE,
		"trash/ab/cd/owners-" HEX "@" NONCE,
		"trash/ab/cd/owners-" HEX "-" REPO "0@" NONCE,
		"trash/ab/ce/expired-" HEX "-" REPO "@" NONCE,
		"trash/ab/cd/expired-" HEX "_" REPO "@" NONCE,
		"trash/ab/cd/bases-" HEX "@" NONCE,
		"trash/ab/cd/newer-" HEX "@" NONCE,
		"blobs/ab/cd/" HEX "@" NONCE,
	};
	struct trash_key t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (trash_key_parse(wrong[i], &t))
			fail_msg("%s", wrong[i]);
}

static void a_store_says_its_own_time_and_keeps_nothing(void **state)
{
	int64_t clock = 1234567, now = 0;
	struct store *s;
	struct store_reader *r;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), 0);
	store_memory_clock(s, &clock);
	assert_int_equal(store_put_all(s, "probe/a", "x", 1, NULL), 0);
	clock += 100;
	assert_int_equal(store_clock_read(s, &now, NULL), 0);
	assert_int_equal(now, 1234667);
	assert_int_equal(store_remove(s, "probe/a", NULL), 0);
	assert_int_equal(store_get(s, "probe/a", 0, &r, NULL), 1);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key_is_found_again),
		cmocka_unit_test(a_tombstone_says_who_gave_what_up),
		cmocka_unit_test(what_is_not_spelled_so_is_not_ours),
		cmocka_unit_test(a_store_says_its_own_time_and_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
