/* Lists of names: what is written is read again, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/moving/source_name.h"
#include "codec/common/err.h"
#include "index/batch/import_list.h"

static void add(struct import_list *l, const char *path, uint8_t first)
{
	char copy[64];
	struct err err = ERR_INIT;
	struct import_entry e = { .size = 5, .seconds = 1700000000, .path = copy };

	snprintf(copy, sizeof(copy), "%s", path);
	memset(e.oid.bytes, first, sizeof(e.oid.bytes));
	assert_int_equal(import_list_add(l, &e, &err), 0);
}

static void what_is_written_is_read_again(void **state)
{
	struct import_list l = IMPORT_LIST_INIT, back;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	strcpy(l.model, "org/model");
	add(&l, "a b/%41\n\x7f\xc3\xa9.bin", 1);
	add(&l, "...", 2);
	add(&l, "x/..y", 3);
	assert_int_equal(import_list_format(&l, &bytes, &err), 0);
	assert_int_equal(import_list_parse(bytes.data, bytes.size, &back, &err), 0);
	assert_string_equal(back.model, "org/model");
	assert_string_equal(back.revision, "");
	assert_int_equal(import_list_count(&back), 3);
	for (size_t i = 0; i < 3; i++) {
		const struct import_entry *a = import_list_at(&l, i);
		const struct import_entry *b = import_list_at(&back, i);
		assert_string_equal(a->path, b->path);
		assert_true(oid_equal(&a->oid, &b->oid));
		assert_true(a->size == b->size && a->seconds == b->seconds);
	}
	/* Cut anywhere it is no list, but where a line ends behind the head. */
	size_t lists = 0;
	for (size_t n = 0; n < bytes.size; n++) {
		struct import_list cut;
		int rc = import_list_parse(bytes.data, n, &cut, &err);
		lists += rc == 0;
		assert_true(rc >= 0);
		import_list_wipe(&cut);
	}
	assert_int_equal(lists, 3);
	import_list_wipe(&back);
	import_list_wipe(&l);
	buf_wipe(&bytes);
}

#define HEAD "git-zllm import 1\nmodel m\nrevision -\n"
#define OID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_no_list_is_not_read(void **state)
{
	static const char *const bad[] = {
		"",
		"git-zllm import 2\nmodel m\nrevision -\n",
		"git-zllm import 1\nmodel m n\nrevision -\n",
		"git-zllm import 1\nmodel m\n",
		HEAD OID " 1 2 ../x\n",
		HEAD OID " 1 2 /etc/passwd\n",
		HEAD OID " 1 2 a//b\n",
		HEAD OID " 1 2 a/./b\n",
		HEAD OID " 1 2 a/..\n",
		HEAD OID " 1 2 a/%2E%2E/b\n",
		HEAD OID " 1 2 a%00b\n",
		HEAD OID " 1 2 a%2\n",
		HEAD OID " 1 2 a b\n",
		HEAD OID " 1 2 \n",
		HEAD OID " 1 2\n",
		HEAD OID " -1 2 a\n",
		HEAD OID " 99999999999999999999999 2 a\n",
		HEAD "0123 1 2 a\n",
		HEAD OID " 1 2 a",
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct import_list l;
		int rc = import_list_parse((const uint8_t *)bad[i], strlen(bad[i]), &l,
		                           &err);
		if (rc != 1)
			fail_msg("taken for a list: %s", bad[i]);
		import_list_wipe(&l);
	}
}

static void a_full_list_takes_no_more(void **state)
{
	struct import_list l = IMPORT_LIST_INIT;
	struct err err = ERR_INIT;
	char path[] = "x";
	struct import_entry e = { .path = path };

	(void)state;
	for (int i = 0; i < IMPORT_LIST_FILES; i++)
		assert_int_equal(import_list_add(&l, &e, &err), 0);
	assert_int_equal(import_list_add(&l, &e, &err), 1);
	import_list_wipe(&l);
}

static void any_text_becomes_a_name(void **state)
{
	static const struct {
		const char *text, *name;
	} all[] = {
		{ "Org/Model", "org/model" },
		{ "/data/zoo/Llama-3", "zoo/llama-3" },
		{ "/x", "x" },
		{ "/", "import" },
		{ "", "import" },
		{ "/data/my models/a b(1)", "my-models/a-b-1-" },
		{ "/srv/.hidden/m", "-hidden/m" },
		{ "/srv/zoo/m/", "zoo/m" },
		{ "datasets/org/name", "datasets/org/name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct model_name name;
		source_name_make(all[i].text, &name);
		assert_string_equal(name.text, all[i].name);
	}
}

static void an_owner_is_an_id_and_each_name_has_its_own(void **state)
{
	char a[REPO_ID_HEX + 1], b[REPO_ID_HEX + 1];

	(void)state;
	source_owner_id("org/a", a);
	source_owner_id("org/b", b);
	assert_true(key_repo_id_valid(a) && key_repo_id_valid(b));
	assert_string_not_equal(a, b);
	/* SHA-256 of "git-zllm import org/a": written into stores, so it never changes. */
	assert_string_equal(a, "bf09b82ad0836127255685c9e3419187");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(what_is_no_list_is_not_read),
		cmocka_unit_test(a_full_list_takes_no_more),
		cmocka_unit_test(any_text_becomes_a_name),
		cmocka_unit_test(an_owner_is_an_id_and_each_name_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
