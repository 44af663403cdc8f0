/*
 * Something else in the place of a part of a store's tree: a FIFO, a link that leads out, a
 * folder; at each depth below each prefix. A check, gcs by a clock and a prune neither hang,
 * nor follow it, nor take what is needed: when the part is back all objects are read.
 */
#include "tests/unit/golden_store_copy.h"

#include <dirent.h>

#include "index/fsck/fsck_run.h"
#include "index/gc/gc.h"
#include "index/gc/prune.h"

enum { GRACE = 100, LONG = 2 * GRACE, TURNS = 3, DEPTH_MAX = 6 };
enum { WHOLE = 2 }; /* prefixes with which all is tried */

enum thing { FIFO, LINK_OUT, LINK_NOWHERE, FOLDER, THINGS };

static const char *const thing_names[] = { "a FIFO", "a link out", "a link nowhere",
	                                   "a folder" };

struct hostile {
	struct golden_copy copy;
	char outside[SCRATCH_MAX]; /* where links lead to: a twin of the part */
	char path[1024], saved[1024];
};

/* By a shell, in which $a and $b are these. */
static void run_command(const char *command, const char *a, const char *b)
{
	assert_int_equal(setenv("a", a, 1) | setenv("b", b, 1), 0);
	assert_int_equal(system(command), 0);
}

/* ---------------------------------------------------------------- the part */

/* The first name in a folder, by byte order; false where it is empty or none. */
static bool first_in(const char *folder, char name[256])
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	*name = 0;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (!*name || strcmp(entry->d_name, name) < 0))
			snprintf(name, 256, "%s", entry->d_name);
	if (dir)
		closedir(dir);
	return *name;
}

/* The part of the tree that lies `depth` below `prefix`: 0: that itself. False: too deep. */
static bool part_at(const struct hostile *h, const char *prefix, unsigned depth,
                    char path[1024])
{
	char name[256];

	snprintf(path, 1024, "%s/%s", h->copy.folder, prefix);
	for (unsigned i = 0; i < depth; i++) {
		if (!first_in(path, name))
			return false;
		snprintf(path + strlen(path), 1024 - strlen(path), "/%s", name);
	}
	return true;
}

static void replace(struct hostile *h, enum thing thing)
{
	char twin[1024];

	snprintf(h->saved, sizeof(h->saved), "%s.saved", h->copy.folder);
	snprintf(twin, sizeof(twin), "%s/twin", h->outside);
	run_command("cp -R \"$a\" \"$b\"", h->path, twin);
	assert_int_equal(rename(h->path, h->saved), 0);
	if (thing == FIFO)
		assert_int_equal(mkfifo(h->path, 0644), 0);
	else if (thing == LINK_OUT)
		assert_int_equal(symlink(twin, h->path), 0);
	else if (thing == LINK_NOWHERE)
		assert_int_equal(symlink("/nowhere/at/all", h->path), 0);
	else
		assert_int_equal(mkdir(h->path, 0755), 0);
}

/* What was put there goes, if it is there still, and the part is back. */
static void put_back(struct hostile *h)
{
	run_command("rm -rf \"$a\" && mkdir -p \"$(dirname \"$a\")\"", h->path, "");
	assert_int_equal(rename(h->saved, h->path), 0);
}

/* ---------------------------------------------------------------- what is run */

static void check(const struct golden_copy *c, enum fsck_mode mode)
{
	const struct fsck_request request = { .transfer = &c->transfer,
		                              .mode = mode,
		                              .from = "" };
	struct fsck_result result;
	struct err err = ERR_INIT;
	int rc = fsck_run(&request, &result, &err);

	assert_true(rc == 0 || *err.text);
	fsck_result_wipe(&result);
}

static void collect(const struct golden_copy *c, int64_t ahead)
{
	const struct gc_request request = { .recompact = NULL };
	struct gc_summary summary;
	struct err err = ERR_INIT;
	struct gc_run run;

	gc_run_begin(&run, &c->transfer);
	int rc = gc_ages_begin(&run.ages, c->store, GRACE, &err);
	run.ages.now += ahead;
	if (!rc)
		rc = gc(&run, &request, &summary, &err);
	assert_true(rc == 0 || *err.text);
	gc_run_wipe(&run);
}

/* Nothing of ours is dropped: all is reached. */
static void prune(const struct golden_copy *c)
{
	const struct prune_request request = { .repo_id = GOLDEN_OURS,
		                               .way = PRUNE_BRING_BACK,
		                               .expire = 2 * GRACE };
	struct prune p = { .list = NULL };
	struct err err = ERR_INIT;
	struct gc_run run;

	gc_run_begin(&run, &c->transfer);
	int rc = gc_ages_begin(&run.ages, c->store, GRACE, &err);
	if (!rc)
		rc = prune_look(&p, &run, &request, &err);
	if (!rc)
		rc = prune_act(&p, &run, &err);
	assert_true(rc == 0 || *err.text);
	prune_wipe(&p);
	gc_run_wipe(&run);
}

static void try_all(struct hostile *h, enum thing thing)
{
	check(&h->copy, FSCK_QUICK);
	if (thing == FIFO) /* what could hang */
		check(&h->copy, FSCK_DEEP);
	prune(&h->copy);
	for (int64_t turn = 1; turn <= TURNS; turn++)
		collect(&h->copy, turn * LONG);
}

/* ---------------------------------------------------------------- all places */

static void assert_untouched(const struct hostile *h)
{
	run_command("diff -r --no-dereference \"$a\" \"$b/twin\" >/dev/null", h->saved,
	            h->outside);
}

static void assert_all_read(const struct hostile *h, const char *where, const char *what)
{
	for (size_t i = 0; i < h->copy.count; i++) {
		const struct golden_object *o = &h->copy.objects[i];
		if (o->fate != GOLDEN_GIVEN_UP && !golden_reads(&h->copy, &o->oid))
			fail_msg("object %zu is lost after %s was at %s", i, what, where);
	}
}

/* An empty folder in the place of a folder is nothing odd: its content was removed. */
static bool is_odd(const char *path, enum thing thing)
{
	struct stat st;

	return thing != FOLDER || (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode));
}

/* False when there is no such part. */
static bool try_one(const char *prefix, unsigned depth, enum thing thing)
{
	struct hostile h;

	assert_true(golden_copy_open(&h.copy, 1));
	bool is = part_at(&h, prefix, depth, h.path) && is_odd(h.path, thing);
	if (is) {
		scratch_folder_new(h.outside);
		replace(&h, thing);
		try_all(&h, thing);
		assert_untouched(&h);
		put_back(&h);
		assert_all_read(&h, h.path + strlen(h.copy.folder), thing_names[thing]);
		scratch_folder_remove(h.outside);
	}
	golden_copy_close(&h.copy);
	return is;
}

static void nothing_hangs_or_is_followed_or_lost(void **state)
{
	static const char *const prefixes[] = { "objects", "blobs", "owners", "names",
		                                "bases",   "trash", "remotes" };
	unsigned tried = 0;

	(void)state;
	for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++)
		for (unsigned depth = 0; depth < DEPTH_MAX; depth++)
			for (int thing = 0; thing < THINGS; thing++)
				if (p < WHOLE || thing == FIFO)
					tried += try_one(prefixes[p], depth,
					                 (enum thing)thing);
	print_message("%u places and things\n", tried);
	assert_true(tried > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_hangs_or_is_followed_or_lost),
	};

	return cmocka_run_group_tests_name("hostile trees", tests, NULL, NULL);
}
