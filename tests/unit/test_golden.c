/*
 * Golden records: every record that any version has ever written must decode for
 * ever, and every damaged one be refused (tests/golden/README.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "tests/golden/golden_record.h"

#define GOLDEN "tests/golden/"

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		fail_msg("cannot open %s (tests run in the project's folder)", path);
	for (size_t n = 1; n;) {
		assert_true(buf_reserve(out, 65536));
		n = fread(out->data + out->size, 1, 65536, f);
		out->size += n;
	}
	fclose(f);
}

/* One line of a list: name, the name of its base in good/ or "-", and the SHA-256 or
 * "damaged". */
static void check_line(const char *folder, const char *name, const char *based,
                       const char *expected)
{
	struct buf record = BUF_INIT, base = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	char path[512], hex[SHA256_HEX + 1];
	struct oid id;

	snprintf(path, sizeof(path), "%s%s.rec", folder, name);
	read_file(path, &record);
	snprintf(path, sizeof(path), GOLDEN "good/%s.base", based);
	if (strcmp(based, "-") != 0)
		read_file(path, &base);
	int rc = golden_decode(&record, &base, &out, &err);
	if (strcmp(expected, "damaged") == 0) {
		if (rc != ERR_DAMAGED)
			fail_msg("%s: taken for a good one (%d)", name, rc);
	} else {
		if (rc)
			fail_msg("%s: %s", name, err.text);
		assert_true(sha256_of(out.data, out.size, &id));
		oid_format(&id, hex);
		if (strcmp(hex, expected) != 0)
			fail_msg("%s: decodes to other bytes", name);
	}
	buf_wipe(&record);
	buf_wipe(&base);
	buf_wipe(&out);
}

static unsigned check_list(const char *folder)
{
	char path[256], name[128], based[128], expected[128];
	unsigned count = 0;

	snprintf(path, sizeof(path), "%slist.tsv", folder);
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s (tests run in the project's folder)", path);
	while (fscanf(f, "%127s %127s %127s", name, based, expected) == 3) {
		check_line(folder, name, based, expected);
		count++;
	}
	fclose(f);
	return count;
}

static void every_golden_record_decodes_to_what_it_was_made_of(void **state)
{
	(void)state;
	assert_true(check_list(GOLDEN "good/") >= 25);
}

static void every_damaged_golden_record_is_refused(void **state)
{
	(void)state;
	assert_true(check_list(GOLDEN "bad/") >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_golden_record_decodes_to_what_it_was_made_of),
		cmocka_unit_test(every_damaged_golden_record_is_refused),
	};
	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
