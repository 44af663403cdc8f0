/* What every row of the kinds of stores keeps to, whatever kinds there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/where/store_context.h"
#include "agent/where/store_kind.h"
#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "tests/unit/git_sandbox.h"

enum { TEXT = 256 };

static void every_kind_has_a_scheme_of_its_own_and_words(void **state)
{
	const struct store_kind *k;

	(void)state;
	for (size_t i = 0; (k = store_kind_at(i)); i++) {
		size_t n = strlen(k->scheme);
		assert_true(n > 0);
		assert_int_equal(
			strspn(k->scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-."), n);
		assert_ptr_equal(store_kind_find(k->scheme, n), k);
		assert_null(store_kind_find(k->scheme, n - 1));
		assert_non_null(k->noun);
		assert_non_null(k->place);
		assert_non_null(k->example);
		assert_non_null(k->open);
		if (!k->share)
			assert_non_null(k->writers);
	}
	assert_true(store_kind_at(0)->is_path);
	assert_null(store_kind_find("zllm", 4));
}

static void a_kind_has_one_option_at_most_that_leads(void **state)
{
	const struct store_kind *k;

	(void)state;
	for (size_t i = 0; (k = store_kind_at(i)); i++) {
		size_t options = 0, leading = 0;
		for (; k->options[options].name; options++) {
			assert_true(options < STORE_KIND_OPTIONS);
			assert_string_not_equal(k->options[options].name, "repo");
			leading += k->options[options].leads;
		}
		assert_true(leading <= 1);
	}
}

/* The URLs of a place that is not there: zllm::scheme://place, and our host's form. */
enum form { OUR_SCHEME, OUR_HOST, FORMS };

static void url_of(const struct store_kind *k, enum form form, char text[TEXT])
{
	if (form == OUR_SCHEME)
		snprintf(text, TEXT, "zllm::%s://%snowhere/at-all", k->scheme,
		         k->is_path ? "/" : "");
	else
		snprintf(text, TEXT, "https://zllm.invalid/%s/nowhere/at-all", k->scheme);
}

static void each_kind_is_found_by_both_forms_with_its_options(void **state)
{
	const struct store_kind *k;

	(void)state;
	for (size_t i = 0; (k = store_kind_at(i)); i++)
		for (int form = 0; form < FORMS; form++) {
			struct store_url u = { 0 };
			char text[TEXT];
			url_of(k, (enum form)form, text);
			for (size_t o = 0; k->options[o].name; o++) {
				size_t n = strlen(text);
				snprintf(text + n, TEXT - n, "%c%s=v%%20%zu",
				         o ? '&' : '?', k->options[o].name, o);
			}
			assert_int_equal(store_url_parse(text, &u, NULL), 0);
			assert_ptr_equal(u.kind, k);
			assert_string_equal(u.place, k->is_path ? "/nowhere/at-all"
			                                        : "nowhere/at-all");
			for (size_t o = 0; k->options[o].name; o++) {
				char value[TEXT];
				snprintf(value, TEXT, "v %zu", o);
				assert_string_equal(
					store_url_option(&u, k->options[o].name), value);
			}
			assert_null(store_url_option(&u, "repo"));
			store_url_wipe(&u);
		}
}

/* A kind that forgets to ask for trust would push to whatever a repository names. */
static void a_kind_without_a_guard_takes_nothing_on_a_repositorys_word(void **state)
{
	static const struct store_folder_modes modes = { 0444, 0755 };
	struct store_context context = { .modes = &modes,
		                         .use = STORE_TO_WRITE,
		                         .named_by = STORE_NAMED_BY_REPOSITORY };
	const struct store_kind *k;

	(void)state;
	for (size_t i = 0; (k = store_kind_at(i)); i++) {
		struct store_url u = { 0 };
		struct store *s = NULL;
		struct err err = ERR_INIT;
		char text[TEXT];
		url_of(k, OUR_SCHEME, text);
		assert_int_equal(store_url_parse(text, &u, NULL), 0);
		int rc = store_open(&u, &context, &s, &err);
		if (k->guard) {
			assert_int_equal(rc, ERR_MISSING);
		} else {
			assert_int_equal(rc, ERR_CONFIG);
			assert_non_null(strstr(err.text, "git zllm trust"));
		}
		assert_null(s);
		store_url_wipe(&u);
	}
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_scheme_of_its_own_and_words),
		cmocka_unit_test(a_kind_has_one_option_at_most_that_leads),
		cmocka_unit_test(each_kind_is_found_by_both_forms_with_its_options),
		IN_SANDBOX(a_kind_without_a_guard_takes_nothing_on_a_repositorys_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
