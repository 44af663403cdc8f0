/*
 * Listing a folder store: a walk through the folders that can hold a match, one
 * folder read and sorted at a time. A folder's name is sorted with the slash
 * that follows it in keys, so that the order is that of whole keys ("a-b"
 * before "a/b"). No folder is held open while those below it are walked.
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
};

static void names_wipe(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
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
	if (copy)
		names->list[names->count++] = copy;
	return copy;
}

static int names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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
 * it: a link that stood in the place of a value is listed in trash/ as it was before. */
static bool is_leaf(const char *key)
{
	static const char nonce[] = "00000000000000000000000000000000";
	char trash[KEY_MAX];

	return key_trash(key, nonce, trash) || key_is_trash(key);
}

/* Puts the entry's key behind the first `at` bytes of w->key. 0; 1 when it is none of
 * ours, or neither begins with the prefix nor leads to it. A symbolic link in the place of
 * a folder is an error: whoever lists would take what it leads to for missing. In the place
 * of one value it is told of like a value, of which it has nothing. */
static int entry_fits(struct walk *w, size_t at, DIR *dir, const struct dirent *d)
{
	size_t n = strlen(d->d_name), size = at + n;

	if (size + 2 > KEY_MAX)
		return 1;
	memcpy(w->key + at, d->d_name, n + 1);
	if (!key_valid(w->key) || !key_fits(w, size))
		return 1;
	switch (entry_type(dir, d)) {
	case DT_DIR:
		memcpy(w->key + size, "/", 2);
		return !key_fits(w, size + 1);
	case DT_REG:
		return size < strlen(w->prefix);
	case DT_LNK:
		if (is_leaf(w->key))
			return size < strlen(w->prefix);
		errno = ELOOP;
		return store_folder_path_error(w->folder, "listing", w->key, w->err);
	default:
		return 1;
	}
}

/* Reads the folder that the first `at` bytes of w->key name. */
static int names_read(struct walk *w, size_t at, DIR *dir, struct names *names)
{
	struct dirent *d;

	while (errno = 0, (d = readdir(dir))) {
		int rc = entry_fits(w, at, dir, d);
		if (rc < 0)
			return rc;
		if (rc)
			continue;
		if (!names_add(names, w->key + at))
			return err_nomem(w->err, "a listing");
	}
	if (errno)
		return err_errno(w->err, "store %s: listing %.*s", w->folder->path,
		                 (int)at, w->key);
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), names_order);
	return 0;
}

/* Opens that folder; *dir stays NULL when it is none, or no more. */
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
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	struct store_entry entry = {
		w->key, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, st.st_mtime,
		st.st_mtime > st.st_ctime ? st.st_mtime : st.st_ctime
	};
	return w->each(w->ctx, &entry);
}

/* Calls itself for folders in folders; keys being short, not deep. */
static int walk_folder(struct walk *w, size_t at)
{
	struct names names = { NULL, 0, 0 };
	DIR *dir = NULL;

	int rc = folder_open(w, at, &dir);
	if (rc || !dir)
		return rc;
	rc = names_read(w, at, dir, &names);
	closedir(dir);
	for (size_t i = 0; !rc && i < names.count; i++) {
		size_t n = strlen(names.list[i]);
		memcpy(w->key + at, names.list[i], n + 1);
		bool is_folder = names.list[i][n - 1] == '/';
		rc = is_folder ? walk_folder(w, at + n) : tell(w);
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
