#include "agent/cmd/clone_copies.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/where/base_cache.h"
#include "agent/where/connection.h"
#include "agent/where/store_open.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_memory.h"

enum { FOLDER_FILES_MAX = 1000000 };

/* ---------------------------------------------------------------- the history */

static int by_oid(const void *a, const void *b)
{
	const struct lfs_object *x = a, *y = b;
	int order = oid_compare(&x->oid, &y->oid);

	return order ? order : strcmp(x->path, y->path);
}

static void sort_objects(struct lfs_objects *o)
{
	if (o->count)
		qsort(o->list, o->count, sizeof(*o->list), by_oid);
}

/* What git cannot tell is not known: a repository without commits, or a shallow one. */
static void read_history(struct clone_copies *c)
{
	static const char *const all[] = { "--all", NULL };
	static const char *const remotes[] = { "--remotes", NULL };
	const struct buf none = BUF_INIT;
	struct err ignored = ERR_INIT;

	lfs_objects_add(&c->history, &none, all, &ignored);
	lfs_objects_add(&c->pushed, &none, remotes, &ignored);
	sort_objects(&c->history);
	sort_objects(&c->pushed);
}

static const struct lfs_object *objects_of(const struct lfs_objects *o,
                                           const struct oid *oid, size_t *count)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (oid_compare(&o->list[middle].oid, oid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < o->count && oid_equal(&o->list[high].oid, oid))
		high++;
	*count = high - low;
	return *count ? &o->list[low] : NULL;
}

const struct lfs_object *clone_copies_paths(const struct clone_copies *c,
                                            const struct oid *oid, size_t *count)
{
	return objects_of(&c->history, oid, count);
}

bool clone_copies_is_pushed(const struct clone_copies *c, const struct oid *oid)
{
	size_t count;

	return objects_of(&c->pushed, oid, &count) != NULL;
}

/* ---------------------------------------------------------------- files */

/* Who looks for a file, and for which object. */
struct seeking {
	struct clone_copies *copies;
	const struct oid *oid;
	uint64_t size;
	fsck_file_fn *each;
	void *ctx;
};

static int try_lfs(const struct seeking *s)
{
	char *path = git_paths_lfs_object(&s->copies->connection->paths, s->oid);
	int rc = path ? s->each(s->ctx, path, FSCK_FROM_LFS) : 0;

	free(path);
	return rc;
}

static int try_worktree(const struct seeking *s)
{
	const char *worktree = s->copies->connection->paths.worktree;
	size_t count;
	const struct lfs_object *all = objects_of(&s->copies->history, s->oid, &count);
	int rc = 0;

	for (size_t i = 0; worktree && i < count && !rc; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", worktree, all[i].path) < 0)
			break;
		rc = s->each(s->ctx, path, FSCK_FROM_WORKTREE);
		free(path);
	}
	return rc;
}

/* The SHA-256 of a file of the folder, which is asked for once. */
static void hash_file(struct lfs_object *file)
{
	enum { PIECE = 1 << 20 };
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	uint8_t *bytes = malloc(PIECE);
	struct sha256 *hash = sha256_new();
	ssize_t n = 0;

	while (fd >= 0 && bytes && hash && (n = read(fd, bytes, PIECE)) > 0)
		sha256_add(hash, bytes, (size_t)n);
	if (fd >= 0 && bytes && hash && n == 0)
		sha256_finish(hash, &file->oid);
	sha256_free(hash);
	free(bytes);
	if (fd >= 0)
		close(fd);
}

/* By the size alone where a range of the file is to be proved; the whole object's file is
 * known by its hash. */
static int try_folder(const struct seeking *s)
{
	struct lfs_objects *files = &s->copies->folder;
	bool *hashed = (bool *)(void *)s->copies->hashed.data;
	size_t count;
	const struct lfs_object *known = objects_of(&s->copies->history, s->oid, &count);
	uint64_t size = known ? known->size : s->size;
	int rc = 0;

	for (size_t i = 0; i < files->count && !rc; i++) {
		if (size != UINT64_MAX && files->list[i].size != size)
			continue;
		if (s->size == UINT64_MAX) {
			if (!hashed[i])
				hash_file(&files->list[i]);
			hashed[i] = true;
			if (!oid_equal(&files->list[i].oid, s->oid))
				continue;
		}
		rc = s->each(s->ctx, files->list[i].path, FSCK_FROM_FOLDER);
	}
	return rc;
}

static int each_file(void *ctx, const struct oid *oid, uint64_t size, fsck_file_fn *each,
                     void *each_ctx)
{
	const struct seeking s = { ctx, oid, size, each, each_ctx };
	int rc = try_lfs(&s);

	if (!rc)
		rc = try_worktree(&s);
	return rc ? rc : try_folder(&s);
}

/* ---------------------------------------------------------------- a folder of models */

static int add_file(struct clone_copies *c, const FTSENT *e, struct err *err)
{
	struct lfs_object file = { .size = (uint64_t)e->fts_statp->st_size,
		                   .path = e->fts_path };
	bool hashed = false;

	if (e->fts_info != FTS_F || c->folder.count == FOLDER_FILES_MAX || !file.size)
		return 0;
	buf_add(&c->hashed, &hashed, sizeof(hashed));
	if (c->hashed.failed)
		return err_nomem(err, "a list of files");
	return lfs_objects_append(&c->folder, &file, err);
}

/* No link is followed, and what cannot be read is passed over. */
static int read_folder(struct clone_copies *c, const char *from, struct err *err)
{
	char *path = realpath(from, NULL);
	char *const roots[] = { path, NULL };
	FTS *tree = path ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	int rc = tree ? 0 : err_errno(err, "%s", from);
	FTSENT *e;

	while (!rc && (e = fts_read(tree)))
		rc = add_file(c, e, err);
	if (tree)
		fts_close(tree);
	free(path);
	return rc;
}

/* ---------------------------------------------------------------- other stores */

static int add_other(struct clone_copies *c, struct store *s, enum fsck_source from,
                     struct err *err)
{
	struct transfer *t = &c->transfers[c->copies.other_count];
	int rc = transfer_init(t, s, 0, err);

	if (rc)
		return rc;
	c->others[c->copies.other_count++] = (struct fsck_other){ t, from };
	return 0;
}

/* The cache by itself: before a store that has nothing but the id. */
static int add_cache(struct clone_copies *c, struct err *err)
{
	const struct connection *to = c->connection;
	char *folder = base_cache_folder(to->config), *mine = NULL;
	char id[STORE_ID_HEX + 1];
	struct stat st;
	int rc = 0;

	if (folder && !store_format_check(to->store, id, &(struct err)ERR_INIT) &&
	    asprintf(&mine, "%s/%s", folder, id) > 0 && !stat(mine, &st) &&
	    S_ISDIR(st.st_mode)) {
		rc = store_memory_new(&c->memory, err);
		if (!rc)
			rc = store_format_create(c->memory, id, err);
		if (!rc)
			rc = store_cache_new(c->memory, folder, UINT64_MAX, &c->cache,
			                     err);
		if (!rc)
			rc = add_other(c, c->cache, FSCK_FROM_CACHE, err);
	}
	free(mine);
	free(folder);
	return rc;
}

/* A folder that is not a store is one of models. */
static bool is_plain_folder(const struct store_url *url, const char *from)
{
	struct stat st;
	char *path;

	if (!url->kind->is_path || asprintf(&path, "%s/%s", from, KEY_STORE_FILE) < 0)
		return false;
	bool plain = !stat(from, &st) && S_ISDIR(st.st_mode) && lstat(path, &st);
	free(path);
	return plain;
}

static int add_from(struct clone_copies *c, const char *from, struct err *err)
{
	struct store_context context = { .modes = &c->connection->paths.modes,
		                         .config = c->connection->config };
	int rc = store_url_parse(from, &c->url, err);

	if (!rc && is_plain_folder(&c->url, from))
		return read_folder(c, from, err);
	if (!rc)
		rc = store_open(&c->url, &context, &c->from, err);
	if (!rc)
		rc = add_other(c, c->from, FSCK_FROM_STORE, err);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

int clone_copies_open(struct clone_copies *c, const struct connection *connection,
                      const char *from, struct err *err)
{
	*c = (struct clone_copies){ .connection = connection };
	c->copies = (struct fsck_copies){ .each_file = each_file,
		                          .ctx = c,
		                          .others = c->others,
		                          .scratch = connection->paths.lfs_tmp };
	read_history(c);
	int rc = git_paths_make_folder(&connection->paths, connection->paths.lfs_tmp,
	                               err);

	if (!rc)
		rc = add_cache(c, err);
	return rc || !from ? rc : add_from(c, from, err);
}

void clone_copies_close(struct clone_copies *c)
{
	for (size_t i = 0; i < c->copies.other_count; i++)
		transfer_wipe(&c->transfers[i]);
	store_close(c->cache);
	store_close(c->memory);
	store_close(c->from);
	store_url_wipe(&c->url);
	lfs_objects_wipe(&c->history);
	lfs_objects_wipe(&c->pushed);
	lfs_objects_wipe(&c->folder);
	buf_wipe(&c->hashed);
	*c = (struct clone_copies){ .connection = NULL };
}
