/*
 * Listing a folder store: a walk through the folders that can hold a match, one
 * folder read and sorted at a time. A folder's name is sorted with the slash
 * that follows it in keys, so that the order is that of whole keys ("a-b"
 * before "a/b"). No folder is held open while those below it are walked.
 *
 * Of a folder with millions of names the first are kept, by their order and up to a limit
 * of memory; when these are told of it is read again for those that follow.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/store/key_folders.h"
#include "index/store/trash_keys.h"

struct walk {
	const struct folder *folder;
	const char *prefix;
	store_each_fn *each;
	void *ctx;
	struct err *err;
	char key[KEY_MAX]; /* of the folder or file we are at */
};

struct names {
	char **list; /* owned, each ending with '/' when it is a folder's */
	size_t count, cap;
	size_t bytes;     /* of all of them */
	char *after;      /* those up to this one were told of; NULL: none was; owned */
	const char *upto; /* those behind it are left for later; NULL: none is */
};

/* The first `kept` stay. */
static void names_cut(struct names *names, size_t kept)
{
	while (names->count > kept) {
		names->bytes -= strlen(names->list[--names->count]);
		free(names->list[names->count]);
	}
}

static void names_wipe(struct names *names)
{
	names_cut(names, 0);
	free(names->list);
	free(names->after);
}

static bool names_add(struct names *names, const char *name)
{
	if (names->count == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 64;
		char **more = realloc(names->list, cap * sizeof(*more));
		if (!more)
			return false;
		names->list = more;
		names->cap = cap;
	}
	char *copy = strdup(name);
	if (!copy)
		return false;
	names->list[names->count++] = copy;
	names->bytes += strlen(copy);
	return true;
}

static int names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct names *names)
{
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), names_order);
}

/* Whether the name is to be kept now: it was not told of, nor is it left for later. */
static bool names_wants(const struct names *names, const char *name)
{
	return !(names->after && strcmp(name, names->after) <= 0) &&
	       !(names->upto && strcmp(name, names->upto) > 0);
}

/* Too many: the latter half is left for later. */
static void names_halve(struct names *names)
{
	names_sort(names);
	names_cut(names, (names->count + 1) / 2);
	names->upto = names->list[names->count - 1];
}

/* Goes on behind the last one that was told of; false when memory ran out. */
static bool names_turn(struct names *names)
{
	char *last = strdup(names->list[names->count - 1]);

	free(names->after);
	names->after = last;
	names->upto = NULL;
	names_cut(names, 0);
	return last;
}

/* DT_REG, DT_DIR, DT_LNK, or another. */
static unsigned char entry_type(DIR *dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

/* Whether w->key, which has `size` bytes, begins with the prefix or leads to it. */
static bool key_fits(const struct walk *w, size_t size)
{
	size_t prefix_size = strlen(w->prefix);

	return !memcmp(w->key, w->prefix, size < prefix_size ? size : prefix_size);
}

/* Whether the key names a value that may be set aside, or was, so that nothing lies below
 * it. */
static bool is_leaf(const char *key)
{
	return key_is_value(key) || (key_is_trash(key) && !key_is_folder(key));
}

/* Puts the entry's key behind the first `at` bytes of w->key. 0; 1 when it is not one of
 * ours, or neither begins with the prefix nor leads to it. A symbolic link in the place
 * of a folder is an error, and so is a FIFO or the like in the place of one that keys of ours
 * lie in: whoever lists would take what lies there for missing. In the place of one value
 * any of these, and a folder too, is told of like a value, of which it has nothing. (A
 * folder that was moved to trash is passed over there.) */
static int entry_fits(struct walk *w, size_t at, DIR *dir, const struct dirent *d)
{
	size_t n = strlen(d->d_name), size = at + n;

	if (size + 2 > KEY_MAX)
		return 1;
	memcpy(w->key + at, d->d_name, n + 1);
	if (!key_valid(w->key) || !key_fits(w, size))
		return 1;
	unsigned char type = entry_type(dir, d);
	bool is_folder = type == DT_DIR && (key_is_trash(w->key) || !is_leaf(w->key));
	if (type == DT_REG || (is_leaf(w->key) && !is_folder))
		return size < strlen(w->prefix);
	if (is_folder) {
		memcpy(w->key + size, "/", 2);
		return !key_fits(w, size + 1);
	}
	if (type != DT_LNK && !key_is_folder(w->key))
		return 1;
	errno = type == DT_LNK ? ELOOP : ENOTDIR;
	return store_folder_path_error(w->folder, "listing", w->key, w->err);
}

/* Reads the folder that the first `at` bytes of w->key name. */
static int names_read(struct walk *w, size_t at, DIR *dir, struct names *names)
{
	struct dirent *d;

	while (errno = 0, (d = readdir(dir))) {
		int rc = entry_fits(w, at, dir, d);
		if (rc < 0)
			return rc;
		if (rc || !names_wants(names, w->key + at))
			continue;
		if (!names_add(names, w->key + at))
			return err_nomem(w->err, "a listing");
		if (names->bytes > w->folder->names_limit && names->count > 1)
			names_halve(names);
	}
	if (errno)
		return err_errno(w->err, "store %s: listing %.*s", w->folder->path,
		                 (int)at, w->key);
	names_sort(names);
	return 0;
}

/* Opens that folder; *dir stays NULL when it is not a folder, or is gone. */
static int folder_open(struct walk *w, size_t at, DIR **dir)
{
	if (at)
		w->key[at - 1] = 0;
	int fd = store_folder_path_open(w->folder, at ? w->key : ".",
	                                O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	*dir = fd < 0 ? NULL : fdopendir(fd);
	if (!*dir) {
		int rc = store_folder_path_error(w->folder, "listing", w->key, w->err);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (at)
		w->key[at - 1] = '/';
	return 0;
}

/* Tells of the file that w->key names, unless it is gone. */
static int tell(struct walk *w)
{
	struct stat st;

	if (fstatat(w->folder->root, w->key, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
			return 0;
		return err_errno(w->err, "store %s: looking at %s", w->folder->path,
		                 w->key);
	}
	struct store_entry entry = {
		w->key, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, st.st_mtime,
		st.st_mtime > st.st_ctime ? st.st_mtime : st.st_ctime
	};
	return w->each(w->ctx, &entry);
}

static int walk_folder(struct walk *w, size_t at);

/* Tells of the files among the names, and walks through the folders. */
static int walk_names(struct walk *w, size_t at, const struct names *names)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < names->count; i++) {
		size_t n = strlen(names->list[i]);
		memcpy(w->key + at, names->list[i], n + 1);
		bool is_folder = names->list[i][n - 1] == '/';
		rc = is_folder ? walk_folder(w, at + n) : tell(w);
	}
	return rc;
}

/* Calls itself for folders in folders; keys being short, not deep. */
static int walk_folder(struct walk *w, size_t at)
{
	struct names names = { .list = NULL };
	bool more = true;
	int rc = 0;

	while (more && !rc) {
		DIR *dir = NULL;
		rc = folder_open(w, at, &dir);
		if (rc || !dir)
			break;
		rc = names_read(w, at, dir, &names);
		closedir(dir);
		if (!rc)
			rc = walk_names(w, at, &names);
		more = names.upto;
		if (more && !rc && !names_turn(&names))
			rc = err_nomem(w->err, "a listing");
	}
	names_wipe(&names);
	return rc;
}

int store_folder_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                      struct err *err)
{
	struct walk w = { (const struct folder *)s, prefix, each, ctx, err, "" };
	const char *slash = strrchr(prefix, '/');
	size_t at = slash ? (size_t)(slash - prefix) + 1 : 0;

	memcpy(w.key, prefix, at);
	return walk_folder(&w, at);
}
