#include <signal.h>

#include "tests/unit/git_sandbox.h"

static void output_is_appended_and_the_exit_code_told(void **state)
{
	const char *argv[] = { "sh", "-c", "echo there; exit 3", NULL };
	struct buf out = BUF_INIT;
	int status = -1;

	(void)state;
	buf_add_str(&out, "hello ");
	assert_int_equal(
		git_run(argv, &(struct git_run_io){ .output = &out }, &status, NULL), 0);
	assert_int_equal(status, 3);
	assert_string_equal(buf_text(&out), "hello there\n");
	buf_wipe(&out);
}

static void large_input_and_output_do_not_block_each_other(void **state)
{
	enum { SIZE = 4 << 20 };
	const char *argv[] = { "cat", NULL };
	struct buf in = BUF_INIT, out = BUF_INIT;
	int status = -1;

	(void)state;
	for (uint32_t i = 0; i < SIZE / 4; i++)
		buf_add_u32(&in, i * 2654435761u);
	assert_int_equal(git_run(argv,
	                         &(struct git_run_io){ .input = &in, .output = &out },
	                         &status, NULL),
	                 0);
	assert_int_equal(status, 0);
	assert_int_equal(out.size, in.size);
	assert_memory_equal(out.data, in.data, in.size);
	buf_wipe(&in);
	buf_wipe(&out);
}

static void a_program_that_reads_nothing_is_no_error(void **state)
{
	const char *argv[] = { "true", NULL };
	struct buf in = BUF_INIT;
	int status = -1;

	(void)state;
	buf_reserve(&in, 1 << 20);
	memset(in.data, 'x', 1 << 20);
	in.size = 1 << 20;
	assert_int_equal(
		git_run(argv, &(struct git_run_io){ .input = &in }, &status, NULL), 0);
	assert_int_equal(status, 0);
	buf_wipe(&in);
}

static void a_killed_program_gives_128_and_its_signal(void **state)
{
	const char *argv[] = { "sh", "-c", "kill -9 $$", NULL };
	int status = -1;

	(void)state;
	assert_int_equal(git_run(argv, NULL, &status, NULL), 0);
	assert_int_equal(status, 128 + SIGKILL);
}

static void a_missing_program_is_named(void **state)
{
	const char *argv[] = { "zllm-no-such-program", NULL };
	struct err err = ERR_INIT;
	int status = -1;

	(void)state;
	assert_int_equal(git_run(argv, NULL, &status, &err), ERR_IO);
	assert_non_null(strstr(err.text, "zllm-no-such-program"));
}

static void children_start_with_signals_as_usual(void **state)
{
	/* An ignored SIGPIPE would let `yes` run for ever into a closed pipe. */
	const char *argv[] = { "sh", "-c", "yes | head -n 1", NULL };
	struct buf out = BUF_INIT;
	int status = -1;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(git_run(argv,
	                         &(struct git_run_io){ .output = &out, .quiet = true },
	                         &status, NULL),
	                 0);
	signal(SIGPIPE, SIG_DFL);
	assert_string_equal(buf_text(&out), "y\n");
	buf_wipe(&out);
}

static void what_it_says_is_taken_apart_from_what_it_prints(void **state)
{
	const char *argv[] = { "sh", "-c", "echo out; echo why >&2; exit 7", NULL };
	struct buf out = BUF_INIT, errors = BUF_INIT;
	int status = -1;

	(void)state;
	assert_int_equal(
		git_run(argv, &(struct git_run_io){ .output = &out, .errors = &errors },
	                &status, NULL),
		0);
	assert_int_equal(status, 7);
	assert_string_equal(buf_text(&out), "out\n");
	assert_string_equal(buf_text(&errors), "why\n");
	buf_wipe(&errors);
	buf_wipe(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_appended_and_the_exit_code_told),
		cmocka_unit_test(large_input_and_output_do_not_block_each_other),
		cmocka_unit_test(a_program_that_reads_nothing_is_no_error),
		cmocka_unit_test(a_killed_program_gives_128_and_its_signal),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(what_it_says_is_taken_apart_from_what_it_prints),
		cmocka_unit_test(children_start_with_signals_as_usual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
