/* A store in a folder when system calls fail, disks are full, and writers are
 * killed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_folder_fixture.h"

/* ---------------------------------------------------------------- failing system calls */

enum { CALLS_MAX = 4 };

/* System calls that fail with an error each. */
struct faults {
	struct {
		int call, error;
	} list[CALLS_MAX];
	unsigned short count;
};

/* From now on they fail in this process. */
static bool forbid(const struct faults *faults)
{
	struct sock_filter rules[2 * CALLS_MAX + 2];
	struct sock_fprog program = { 0, rules };

	rules[program.len++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < faults->count; i++) {
		rules[program.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)faults->list[i].call, 0, 1);
		rules[program.len++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K,
			SECCOMP_RET_ERRNO | (unsigned)faults->list[i].error);
	}
	rules[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	                                                    SECCOMP_RET_ALLOW);
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

enum { CHILD_OK = 0, CHILD_CANNOT = 77 };

/* Puts a value twice where the calls fail; -rc of the first put that failed, and in
 * *lacks what the store found that its file system does not do. */
static int put_with_faults(struct store *s, const struct faults *faults, unsigned *lacks)
{
	int status, ends[2];

	assert_int_equal(pipe(ends), 0);

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		if (!forbid(faults))
			_exit(CHILD_CANNOT);
		int rc = store_put_all(s, "blobs/aa/x", "first", 5, NULL);
		if (!rc)
			rc = store_put_all(s, "blobs/aa/x", "second", 6, NULL);
		unsigned found = store_folder_lacks(s);
		if (write(ends[1], &found, sizeof(found)) != sizeof(found))
			_exit(CHILD_CANNOT);
		_exit(-rc);
	}
	assert_true(pid > 0);
	close(ends[1]);
	*lacks = 0;
	(void)!read(ends[0], lacks, sizeof(*lacks));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT) {
		print_message("skipped: no seccomp here\n");
		skip();
	}
	return -WEXITSTATUS(status);
}

static int put_without(struct store *s, int call1, int call2, int errnum)
{
	const struct faults faults = { { { call1, errnum }, { call2, errnum } }, 2 };
	unsigned lacks;

	return put_with_faults(s, &faults, &lacks);
}

/* The value is there once, whole, and nothing else. */
static void assert_put(struct fixture *f)
{
	assert_value(f->store, "blobs/aa/x", "first");
	assert_listing(f->store, "", "blobs/aa/x ");
	assert_int_equal(count_names(f, "tmp"), 0);
	assert_int_equal(count_names(f, "blobs"), 1);
	assert_int_equal(count_names(f, "blobs/aa"), 1);
	assert_int_equal(store_remove(f->store, "blobs/aa/x", NULL), 0);
}

/* What file systems say when they cannot do something. */
static const int refusals[] = { EPERM, EACCES, EOPNOTSUPP, ENOSYS, EMLINK,
	                        EXDEV, EIO,    EINVAL,     ENOTTY, EINTR };

static void where_links_fail_in_any_way_values_are_renamed(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_int_equal(
			put_without(f->store, SYS_linkat, SYS_linkat, refusals[i]), 0);
		assert_put(f);
	}
}

static void where_renames_cannot_spare_either_values_are_not_replaced(void **state)
{
	struct fixture *f = *state;

#ifndef SYS_renameat
	print_message("skipped: renameat() is renameat2() here\n");
	skip();
#endif
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_int_equal(
			put_without(f->store, SYS_linkat, SYS_renameat2, refusals[i]), 0);
		assert_int_equal(mode_of(f, "blobs/aa"), 0755);
		assert_put(f);
	}
}

static void file_systems_without_modes_will_do(void **state)
{
	static const int errors[] = { EPERM, EACCES, EINVAL, EOPNOTSUPP, ENOSYS, EINTR };
	struct fixture *f = *state;
	mode_t mask = umask(077);

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const struct faults faults = {
			{ { SYS_fchmod, errors[i] }, { SYS_fchmodat, errors[i] } }, 2
		};
		unsigned lacks;
		assert_int_equal(put_with_faults(f->store, &faults, &lacks), 0);
		assert_int_equal(lacks, STORE_FOLDER_HAS_MODES);
		assert_put(f);
	}
	umask(mask);
}

static void a_mode_that_is_right_is_not_given_again(void **state)
{
	const struct faults faults = { { { SYS_fchmod, EIO }, { SYS_fchmodat, EIO } },
		                       2 };
	struct fixture *f = *state;
	unsigned lacks;

	mode_t mask = umask(022);
	assert_int_equal(put_with_faults(f->store, &faults, &lacks), 0);
	umask(mask);
	assert_int_equal(lacks, 0);
	assert_put(f);
}

static void where_fsync_is_not_to_be_had_syncfs_takes_its_place(void **state)
{
	static const int errors[] = { EINVAL, EOPNOTSUPP, ENOSYS, ENOTTY };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct faults faults = { { { SYS_fsync, errors[i] } }, 1 };
		unsigned lacks;
		assert_int_equal(put_with_faults(f->store, &faults, &lacks), 0);
		assert_int_equal(lacks, 0);
		assert_put(f);
		faults.list[faults.count].call = SYS_syncfs;
		faults.list[faults.count++].error = errors[i];
		assert_int_equal(put_with_faults(f->store, &faults, &lacks), 0);
		assert_int_equal(lacks,
		                 STORE_FOLDER_SYNCS_FILES | STORE_FOLDER_SYNCS_NAMES);
		assert_put(f);
		faults.list[1].error = EIO;
		assert_int_equal(put_with_faults(f->store, &faults, &lacks), ERR_IO);
		assert_listing(f->store, "", "");
	}
}

static void a_value_that_cannot_be_made_durable_is_not_there(void **state)
{
	static const struct {
		int call, error;
	} cases[] = {
		{ SYS_fsync, EIO },     { SYS_fsync, ENOSPC },
		{ SYS_fsync, EINTR },   { SYS_fsync, EDQUOT },
		{ SYS_pwrite64, EIO },  { SYS_pwrite64, EDQUOT },
		{ SYS_linkat, ENOSPC }, { SYS_linkat, EDQUOT },
		{ SYS_linkat, EROFS },  { SYS_linkat, ENAMETOOLONG },
	};
	struct fixture *f = *state;

	put(f->store, "blobs/aa/other", "1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc = put_without(f->store, cases[i].call, cases[i].call,
		                     cases[i].error);
		assert_int_equal(rc, cases[i].error == EROFS ? ERR_CONFIG : ERR_IO);
		assert_listing(f->store, "", "blobs/aa/other ");
		assert_int_equal(count_names(f, "tmp"), 0);
	}
}

/* ---------------------------------------------------------------- setting aside */

#define TWENTY "0123456789abcdef0123"
static const char record[] = "blobs/01/23/" TWENTY TWENTY TWENTY "4567";

/* Moves the value where the calls fail, and gives it back; -rc of what failed first. */
static int move_with_faults(struct store *s, const struct faults *faults)
{
	int status;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		char trash[KEY_MAX];
		if (!forbid(faults))
			_exit(CHILD_CANNOT);
		int rc = store_set_aside(s, record, trash, NULL);
		if (!rc)
			rc = store_restore(s, trash, record, NULL);
		_exit(-rc);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT) {
		print_message("skipped: no seccomp here\n");
		skip();
	}
	return -WEXITSTATUS(status);
}

static int count_values(void *ctx, const struct store_entry *entry)
{
	assert_int_equal(entry->size, 5);
	++*(unsigned *)ctx;
	return 0;
}

/* Whichever call fails, and in whichever way: it is an error, or another way was found;
 * the value has one of its names, and is where it was when nothing was moved. */
static void what_cannot_be_set_aside_or_given_back_is_not_lost(void **state)
{
	static const int calls[] = { SYS_renameat2, SYS_renameat,  SYS_fsync,
		                     SYS_linkat,    SYS_mkdirat,   SYS_openat,
		                     SYS_getrandom, SYS_newfstatat };
	static const int errors[] = { EIO,    ENOSPC, EDQUOT, EROFS, EPERM,
		                      EACCES, EINVAL, ENOSYS, EXDEV, EMLINK };
	struct fixture *f = *state;
	struct store *s = f->store;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		for (size_t k = 0; k < ARRAY_SIZE(errors); k++) {
			/* renameat2 is two ways: with a flag, and as a plain rename. */
			const struct faults faults = {
				{ { calls[i], errors[k] },
				  { calls[i] == SYS_renameat2 ? SYS_renameat : calls[i],
				    errors[k] } },
				2
			};
			unsigned live = 0, all = 0;
			put(s, record, "value");
			int rc = move_with_faults(s, &faults);
			assert_int_equal(
				store_list(s, "blobs/", count_values, &live, NULL), 0);
			assert_int_equal(store_list(s, "", count_values, &all, NULL), 0);
			assert_true(all > 0);
			if (rc == 0)
				assert_int_equal(live, 1);
			if (calls[i] == SYS_renameat2 && rc)
				assert_int_equal(live, 1);
		}
}

/* A file system of 1 MiB, mounted for a moment only: the store and `inside` hold
 * it by its folder, and it goes with them. */
static bool open_small_disk(const struct fixture *f, struct fixture *inside, int *fd)
{
	if (mount("tmpfs", f->folder, "tmpfs", 0, "size=1m")) {
		print_message("skipped: no tmpfs can be mounted: %s\n", strerror(errno));
		return false;
	}
	*fd = open(f->folder, O_RDONLY | O_DIRECTORY);
	snprintf(inside->folder, SCRATCH_MAX, "/proc/%ld/fd/%d", (long)getpid(), *fd);
	int rc = store_folder_open(f->folder, &modes, &inside->store, NULL);
	umount2(f->folder, MNT_DETACH);
	return rc == 0 && *fd >= 0;
}

static void a_full_disk_is_an_error_that_leaves_nothing(void **state)
{
	struct fixture inside = { NULL, "" };
	struct err err = ERR_INIT;
	int fd = -1;

	if (!open_small_disk(*state, &inside, &fd))
		skip();
	struct store *s = inside.store;
	uint8_t *bytes = calloc(2, 1 << 20);
	assert_non_null(bytes);
	put(s, "blobs/aa/x", "fits");
	assert_int_equal(store_put_all(s, "blobs/aa/y", bytes, 2 << 20, &err), ERR_IO);
	assert_non_null(strstr(err.text, "No space left"));
	assert_non_null(strstr(err.text, "blobs/aa/y"));
	assert_int_equal(count_names(&inside, "tmp"), 0);
	assert_listing(s, "", "blobs/aa/x ");
	assert_int_equal(store_put_all(s, "blobs/aa/y", bytes, 1 << 19, NULL), 0);
	assert_listing(s, "", "blobs/aa/x blobs/aa/y ");
	free(bytes);
	store_close(s);
	close(fd);
}

/* ---------------------------------------------------------------- killed writers */

enum { KILLS = 100, VALUE_MAX = 90000, PIECE = 30000 };

static size_t value_size(unsigned number)
{
	return (number * 7919u) % VALUE_MAX + 1;
}

static uint8_t value_byte(unsigned number, size_t at)
{
	return (uint8_t)(number * 31 + at * 7 + at / 251);
}

/* Tells the parent that one more step begins. */
static void step(int fd)
{
	if (write(fd, ".", 1) != 1)
		_exit(1);
}

/* Byte 0 is the head, the rest comes in pieces; each call is a step. */
static void put_in_steps(struct store *s, int fd, const char *key, unsigned number)
{
	uint8_t bytes[VALUE_MAX];
	struct store_writer *w;
	size_t n = value_size(number);
	int rc;

	for (size_t i = 0; i < n; i++)
		bytes[i] = value_byte(number, i);
	step(fd);
	rc = store_put(s, key, 1, &w, NULL);
	for (size_t at = 1; !rc && at < n; at += PIECE) {
		step(fd);
		rc = store_write(w, bytes + at, n - at < PIECE ? n - at : PIECE, NULL);
	}
	step(fd);
	if (rc || store_commit(w, bytes, NULL))
		_exit(1);
}

static void write_until_killed(struct store *s, int fd, unsigned round)
{
	char key[KEY_MAX];

	for (unsigned number = 0;; number++) {
		snprintf(key, sizeof(key), "blobs/%03u/%02u/%u", round, number % 7,
		         number);
		put_in_steps(s, fd, key, number);
	}
}

/* Every key that is listed must read back whole. */
static int check_whole(void *ctx, const struct store_entry *entry)
{
	struct fixture *f = ((void **)ctx)[0];
	unsigned *count = ((void **)ctx)[1];
	unsigned number = (unsigned)strtoul(strrchr(entry->key, '/') + 1, NULL, 10);
	struct buf b = BUF_INIT;
	int rc = store_get_all(f->store, entry->key, VALUE_MAX, &b, NULL);

	if (!rc && (b.size != value_size(number) || entry->size != b.size))
		rc = ERR_DAMAGED;
	for (size_t i = 0; !rc && i < b.size; i++)
		if (b.data[i] != value_byte(number, i))
			rc = ERR_MISMATCH;
	buf_wipe(&b);
	++*count;
	return rc;
}

/* Lets a child take `steps` steps, or a few more, and kills it. */
static void kill_after(struct fixture *f, unsigned round, unsigned steps)
{
	int ends[2], status;
	char byte;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		write_until_killed(f->store, ends[1], round);
	}
	assert_true(pid > 0);
	close(ends[1]);
	for (unsigned i = 0; i < steps; i++)
		assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(ends[0]);
}

static void a_killed_writer_leaves_whole_values_only(void **state)
{
	struct fixture *f = *state;
	uint32_t random = 20240229;
	unsigned total = 0, all = 0;
	char prefix[KEY_MAX];

	for (unsigned round = 0; round < KILLS; round++) {
		random = random * 1664525 + 1013904223;
		kill_after(f, round, 1 + (random >> 16) % 40);
		unsigned count = 0;
		void *ctx[] = { f, &count };
		snprintf(prefix, sizeof(prefix), "blobs/%03u/", round);
		assert_int_equal(store_list(f->store, prefix, check_whole, ctx, NULL), 0);
		total += count;
	}
	void *ctx[] = { f, &all };
	assert_int_equal(store_list(f->store, "", check_whole, ctx, NULL), 0);
	assert_int_equal(all, total);
	assert_true(total > KILLS);
	print_message("%u values, %u temporary files left\n", all, count_names(f, "tmp"));
	store_folder_sweep(f->store, -3600);
	assert_int_equal(count_names(f, "tmp"), 0);
}

static const struct rule rules[] = {
	RULE(where_links_fail_in_any_way_values_are_renamed),
	RULE(where_renames_cannot_spare_either_values_are_not_replaced),
	RULE(file_systems_without_modes_will_do),
	RULE(a_mode_that_is_right_is_not_given_again),
	RULE(where_fsync_is_not_to_be_had_syncfs_takes_its_place),
	RULE(a_value_that_cannot_be_made_durable_is_not_there),
	RULE(what_cannot_be_set_aside_or_given_back_is_not_lost),
	RULE(a_full_disk_is_an_error_that_leaves_nothing),
	RULE(a_killed_writer_leaves_whole_values_only),
};

int main(void)
{
	return run_rules(&kinds[KIND_FOLDER], rules, ARRAY_SIZE(rules));
}
