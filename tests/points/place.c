/* Where the stores of points lie: a folder of ours, of which each is a copy by links; or a
 * bucket, below a prefix of its own each, so that what a process sent before it died cannot
 * come into another's. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/lfs_config.h"
#include "agent/where/store_open.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/gc/gc_ages.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "tests/points/points.h"
#include "tests/unit/gc_store.h"

static const struct store_folder_modes modes = { 0444, 0755 };

static void path_in(const struct place *p, const char *name, char path[PLACE_MAX])
{
	snprintf(path, PLACE_MAX, "%.*s/%s", PLACE_MAX - 32, p->top, name);
}

/* ---------------------------------------------------------------- folders */

static void remove_tree(const char *path)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *one;

	while (tree && (one = fts_read(tree)))
		if (one->fts_info == FTS_DP)
			rmdir(one->fts_accpath);
		else if (one->fts_info != FTS_D)
			unlink(one->fts_accpath);
	if (tree)
		fts_close(tree);
}

/* Values are never altered in place, so a link will do. */
static void link_tree(const char *from, const char *to)
{
	char *const paths[] = { (char *)(uintptr_t)from, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	char path[2 * PLACE_MAX];
	FTSENT *one;
	int rc = 0;

	assert_non_null(tree);
	while (!rc && (one = fts_read(tree))) {
		snprintf(path, sizeof(path), "%s%s", to, one->fts_path + strlen(from));
		if (one->fts_info == FTS_D)
			rc = mkdir(path, 0755);
		else if (one->fts_info == FTS_F)
			rc = link(one->fts_path, path);
	}
	fts_close(tree);
	assert_int_equal(rc, 0);
}

/* ---------------------------------------------------------------- buckets */

struct filling {
	struct store *from, *to;
};

static int put_entry(void *ctx, const struct store_entry *entry)
{
	const struct filling *f = ctx;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	if (store_get_all(f->from, entry->key, 1 << 24, &bytes, &err) ||
	    store_put_all(f->to, entry->key, bytes.data, bytes.size, &err))
		fail_msg("%s", err.text);
	buf_wipe(&bytes);
	return 0;
}

static struct store *open_named(const struct place *p, bool make)
{
	struct store_context context = { .modes = &modes,
		                         .config = p->config,
		                         .use = STORE_TO_WRITE };
	struct store_url url;
	struct store *s = NULL;
	struct err err = ERR_INIT;

	int rc = store_url_parse(p->now, &url, &err);
	if (!rc)
		rc = make ? store_open_or_make(&url, &context, &s, &err)
		          : store_open(&url, &context, &s, &err);
	if (rc)
		fail_msg("%s", err.text);
	store_url_wipe(&url);
	s->step_limit = (unsigned)gc_step_limit(GC_TEST_GRACE);
	return s;
}

static void put_tree(const struct place *p)
{
	char start[PLACE_MAX];
	struct filling f;

	path_in(p, "start", start);
	assert_int_equal(store_folder_open(start, &modes, &f.from, NULL), 0);
	f.to = open_named(p, true);
	assert_int_equal(store_list(f.from, "", put_entry, &f, NULL), 0);
	store_close(f.from);
	store_close(f.to);
}

/* ---------------------------------------------------------------- places */

void place_begin(struct place *p, const char *bucket)
{
	const char *top = getenv("TMPDIR");
	struct err err = ERR_INIT;

	*p = (struct place){ .bucket = bucket };
	snprintf(p->top, sizeof(p->top), "%s/zllm-points-XXXXXX", top ? top : "/tmp");
	if (!mkdtemp(p->top) || lfs_config_read(&p->config, &err)) {
		fprintf(stderr, "points: %s: %s\n", p->top, err.text);
		exit(1);
	}
}

void place_end(struct place *p)
{
	remove_tree(p->top);
	lfs_config_free(p->config);
}

void place_next(struct place *p)
{
	if (p->bucket) {
		snprintf(p->now, sizeof(p->now), "%s/%d-%llu", p->bucket, (int)getpid(),
		         (unsigned long long)++p->made);
		return;
	}
	path_in(p, "now", p->now);
	remove_tree(p->now);
}

struct store *place_make_start(struct place *p)
{
	char start[PLACE_MAX];
	struct store *s;

	path_in(p, "start", start);
	assert_int_equal(mkdir(start, 0755), 0);
	assert_int_equal(store_folder_open(start, &modes, &s, NULL), 0);
	assert_int_equal(store_format_create(s, ours, NULL), 0);
	return s;
}

void place_drop_start(struct place *p)
{
	char start[PLACE_MAX];

	path_in(p, "start", start);
	remove_tree(start);
}

void place_fill(struct place *p)
{
	char start[PLACE_MAX];

	path_in(p, "start", start);
	if (p->bucket)
		put_tree(p);
	else
		link_tree(start, p->now);
}

struct store *place_open(const struct place *p)
{
	return open_named(p, false);
}
