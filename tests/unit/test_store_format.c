/* zllm.json: made once, and read with care. */
#include "index/store/store_format.h"
#include "tests/unit/store_fixture.h"

#define ID "0123456789abcdef0123456789abcdef"
#define ID2 "ffffffffffffffffffffffffffffffff"

static void a_store_is_made_once(void **state)
{
	struct store *s = store_of(state);
	char id[STORE_ID_HEX + 1] = "";
	struct err err = ERR_INIT;

	assert_int_equal(store_format_create(s, ID, &err), 0);
	assert_value(s, KEY_STORE_FILE, "{\"format\":1,\"id\":\"" ID "\"}\n");
	assert_int_equal(store_format_check(s, id, &err), 0);
	assert_string_equal(id, ID);
	assert_int_equal(store_format_create(s, ID2, &err), 0);
	assert_int_equal(store_format_check(s, id, &err), 0);
	assert_string_equal(id, ID);
	assert_int_equal(err.code, 0);
}

static void what_has_no_store_file_is_no_store(void **state)
{
	struct store *s = store_of(state);
	char id[STORE_ID_HEX + 1] = "untouched", words[SCRATCH_MAX + 128];
	struct err err = ERR_INIT;

	put(s, "objects/aa/x", "1");
	assert_int_equal(store_format_check(s, id, &err), ERR_MISSING);
	snprintf(
		words, sizeof(words),
		"no store at %s: is its disk mounted? (where there has never been one, 'git zllm init' makes it)",
		s->name);
	assert_string_equal(err.text, words);
	assert_string_equal(id, "untouched");
}

static void an_id_is_32_small_digits(void **state)
{
	static const char *const bad[] = { "", "0123", ID "0",
		                           "0123456789ABCDEF0123456789ABCDEF" };
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(store_format_create(s, bad[i], NULL), ERR_INPUT);
	assert_absent(s, KEY_STORE_FILE);
}

static const struct {
	const char *text;
	int rc;
} files[] = {
	{ "{\"format\":1,\"id\":\"" ID "\"}", 0 },
	{ " \n{ \"id\" : \"" ID "\" ,\t\"format\" : 1 } \r\n", 0 },
	{ "{\"a\":{\"format\":2,\"b\":[1,{}]},\"format\":1,\"id\":\"" ID "\"}", 0 },
	{ "{\"format\":1,\"id\":\"" ID "\",\"x\":null,\"y\":-1.5e+3,\"z\":\"\\\"}\"}",
	  0 },
	{ "{\"format\":2,\"id\":\"" ID "\"}", ERR_FORMAT },
	{ "{\"format\":2}", ERR_FORMAT },
	{ "{\"format\":999999999,\"id\":{\"new\":[\"kind\"]}}", ERR_FORMAT },
	{ "{\"id\":7,\"format\":2}", ERR_FORMAT },
	{ "{\"id\":\"short\",\"format\":2}", ERR_FORMAT },
	{ "", ERR_DAMAGED },
	{ "{", ERR_DAMAGED },
	{ "{}", ERR_DAMAGED },
	{ "[]", ERR_DAMAGED },
	{ "null", ERR_DAMAGED },
	{ "{\"format\":1}", ERR_DAMAGED },
	{ "{\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":0,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":-1,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":01,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":1.0,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":1e0,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":9999999999,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":\"1\",\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":1,\"format\":1,\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "\",\"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "0\"}", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"0123456789ABCDEF0123456789ABCDEF\"}", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "\"", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID, ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "\"}}", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "\"} x", ERR_DAMAGED },
	{ "{\"format\":1,\"id\":\"" ID "\",}", ERR_DAMAGED },
	{ "{\"format\":1 \"id\":\"" ID "\"}", ERR_DAMAGED },
	{ "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]", ERR_DAMAGED },
	{ "{\"x\":\"\\", ERR_DAMAGED },
	{ "{\"x\":\"a\nb\",\"format\":1,\"id\":\"" ID "\"}", ERR_DAMAGED },
};

static void store_files_are_read_with_care(void **state)
{
	struct store *s = store_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char id[STORE_ID_HEX + 1] = "untouched";
		struct err err = ERR_INIT;
		put(s, KEY_STORE_FILE, files[i].text);
		int rc = store_format_check(s, id, &err);
		if (rc != files[i].rc)
			fail_msg("%d for %s", rc, files[i].text);
		assert_int_equal(err.code, rc);
		assert_string_equal(id, rc ? "untouched" : ID);
		assert_int_equal(store_format_create(s, ID2, NULL), rc);
		assert_value(s, KEY_STORE_FILE, files[i].text);
		assert_int_equal(store_remove(s, KEY_STORE_FILE, NULL), 0);
	}
}

static void a_newer_store_says_what_to_do(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	char id[STORE_ID_HEX + 1], words[SCRATCH_MAX + 128];

	put(s, KEY_STORE_FILE, "{\"format\":3}");
	assert_int_equal(store_format_check(s, id, &err), ERR_FORMAT);
	snprintf(words, sizeof(words),
	         "store %s was made by a newer git-zllm (format 3, this one reads up to "
	         "1): "
	         "upgrade git-zllm",
	         s->name);
	assert_string_equal(err.text, words);
}

static void a_store_file_that_is_too_long_is_damage(void **state)
{
	enum { LONG = 64 * 1024 + 1 };
	struct store *s = store_of(state);
	char id[STORE_ID_HEX + 1];
	char *text = malloc(LONG);

	assert_non_null(text);
	memset(text, ' ', LONG);
	memcpy(text, "{\"format\":1,\"id\":\"" ID "\"}", 52);
	assert_int_equal(store_put_all(s, KEY_STORE_FILE, text, LONG, NULL), 0);
	assert_int_equal(store_format_check(s, id, NULL), ERR_DAMAGED);
	assert_int_equal(store_remove(s, KEY_STORE_FILE, NULL), 0);
	assert_int_equal(store_put_all(s, KEY_STORE_FILE, text, LONG - 1, NULL), 0);
	assert_int_equal(store_format_check(s, id, NULL), 0);
	free(text);
}

static const struct rule rules[] = {
	RULE(a_store_is_made_once),
	RULE(what_has_no_store_file_is_no_store),
	RULE(an_id_is_32_small_digits),
	RULE(store_files_are_read_with_care),
	RULE(a_newer_store_says_what_to_do),
	RULE(a_store_file_that_is_too_long_is_damage),
};

int main(void)
{
	return run_rules_on_all(rules, ARRAY_SIZE(rules));
}
