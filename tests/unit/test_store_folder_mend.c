/* A store in a folder while something is set aside and given back: whoever does it is
 * killed between any two of his system calls, or his system calls fail. */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_folder_fixture.h"

#define TWENTY "0123456789abcdef0123"
static const char key[] = "blobs/01/23/" TWENTY TWENTY TWENTY "4567";

/* What a process does to the store until it is killed. */
typedef int work_fn(struct store *s);

static int mend(struct store *s)
{
	char trash[KEY_MAX];
	int rc = store_set_aside(s, key, trash, NULL);

	return rc < 0 ? rc : store_put_all(s, key, "good", 4, NULL);
}

static int move_and_give_back(struct store *s)
{
	char trash[KEY_MAX];
	int rc = store_set_aside(s, key, trash, NULL);

	return rc ? rc : store_restore(s, trash, key, NULL);
}

enum { CHILD_CANNOT = 77, CALLS_MAX = 2000 };

/* Lets a child work up to its nth stop, before or after a system call, and kills it there.
 * Whether it came so far. */
static bool kill_at(struct store *s, work_fn *work, unsigned nth)
{
	int status;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(CHILD_CANNOT);
		raise(SIGSTOP);
		_exit(-work(s));
	}
	assert_true(pid > 0);
	for (unsigned i = 0;; i++) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		if (i == nth)
			assert_int_equal(kill(pid, SIGKILL), 0);
		else
			assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_CANNOT) {
		print_message("skipped: no ptrace here\n");
		skip();
	}
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* ---------------------------------------------------------------- what is there */

struct there {
	struct store *store;
	unsigned live, aside; /* values "good" at the key, and others in trash/ */
	unsigned bad_live, good_aside;
};

static int note(void *ctx, const struct store_entry *entry)
{
	struct there *t = ctx;
	struct buf b = BUF_INIT;
	bool aside = strncmp(entry->key, "trash/", 6) == 0;

	assert_true(aside || strcmp(entry->key, key) == 0);
	assert_int_equal(store_get_all(t->store, entry->key, 100, &b, NULL), 0);
	bool good = strcmp(buf_text(&b), "good") == 0;
	assert_true(good || strcmp(buf_text(&b), "bad") == 0);
	*(aside  ? good ? &t->good_aside : &t->aside
	  : good ? &t->live
	         : &t->bad_live) += 1;
	buf_wipe(&b);
	return 0;
}

static struct there look(struct store *s)
{
	struct there t = { .store = s };

	assert_int_equal(store_list(s, "", note, &t, NULL), 0);
	return t;
}

/* As it was before anybody mended. */
static void begin_anew(struct store *s, const char *value)
{
	struct buf keys = BUF_INIT;

	assert_int_equal(store_list(s, "", collect, &keys, NULL), 0);
	char *rest = NULL, *text = strdup(buf_text(&keys));
	for (char *at = strtok_r(text, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
		assert_int_equal(store_remove(s, at, NULL), 0);
	free(text);
	buf_wipe(&keys);
	put(s, key, value);
}

/* ---------------------------------------------------------------- the rules */

static void a_mender_killed_between_any_two_calls_destroys_nothing(void **state)
{
	struct store *s = store_of(state);
	unsigned states = 0, nth = 0;

	for (; nth < CALLS_MAX; nth++) {
		begin_anew(s, "bad");
		bool killed = kill_at(s, mend, nth);
		struct there t = look(s);
		/* The bad one has one of its two names; the good one comes after that. */
		assert_int_equal(t.bad_live + t.aside, 1);
		assert_true(t.live <= t.aside);
		assert_int_equal(t.good_aside, 0);
		states |= 1u << (2 * t.aside + t.live);
		if (!killed)
			break;
		/* Whoever comes next ends it. */
		if (!t.live)
			assert_int_equal(mend(s), 0);
		assert_value(s, key, "good");
		assert_int_equal(look(s).aside, 1);
	}
	assert_int_equal(states, 1u << 0 | 1u << 2 | 1u << 3);
	assert_in_range(nth, 20, CALLS_MAX - 1);
}

static void what_is_moved_and_given_back_has_a_name_at_every_moment(void **state)
{
	struct store *s = store_of(state);
	unsigned states = 0, nth = 0;

	for (; nth < CALLS_MAX; nth++) {
		begin_anew(s, "good");
		bool killed = kill_at(s, move_and_give_back, nth);
		struct there t = look(s);
		assert_true(t.live + t.good_aside > 0);
		assert_int_equal(t.aside + t.bad_live, 0);
		states |= 1u << (2 * t.good_aside + t.live);
		if (!killed)
			break;
	}
	assert_int_equal(states, 1u << 1 | 1u << 2 | 1u << 3);
	assert_value(s, key, "good");
	assert_in_range(nth, 10, CALLS_MAX - 1);
}

static const struct rule rules[] = {
	RULE(a_mender_killed_between_any_two_calls_destroys_nothing),
	RULE(what_is_moved_and_given_back_has_a_name_at_every_moment),
};

int main(void)
{
	return run_rules(&kinds[KIND_FOLDER], rules, ARRAY_SIZE(rules));
}
