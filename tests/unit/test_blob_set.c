#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "index/work/blob_set.h"

static struct oid id_of(unsigned i)
{
	struct oid id;

	sha256_of(&i, sizeof(i), &id);
	return id;
}

static void an_id_is_new_once_and_then_known_for_ever(void **state)
{
	struct blob_set *set;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(blob_set_new(&set, &err), 0);
	for (unsigned i = 0; i < 5000; i++) {
		struct oid id = id_of(i);
		assert_int_equal(blob_set_add(set, &id, &err), 0);
		assert_int_equal(blob_set_add(set, &id, &err), 1);
	}
	for (unsigned i = 0; i < 5000; i++) {
		struct oid id = id_of(i);
		assert_int_equal(blob_set_add(set, &id, &err), 1);
	}
	blob_set_free(set);
}

static void ids_that_begin_alike_are_different_ids(void **state)
{
	struct blob_set *set;
	struct err err = ERR_INIT;
	struct oid id = { { 0 } };

	(void)state;
	assert_int_equal(blob_set_new(&set, &err), 0);
	for (int i = 0; i < 200; i++) {
		id.bytes[31] = (uint8_t)i;
		assert_int_equal(blob_set_add(set, &id, &err), 0);
	}
	id.bytes[31] = 199;
	assert_int_equal(blob_set_add(set, &id, &err), 1);
	blob_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_new_once_and_then_known_for_ever),
		cmocka_unit_test(ids_that_begin_alike_are_different_ids),
	};
	return cmocka_run_group_tests_name("blob_set", tests, NULL, NULL);
}
