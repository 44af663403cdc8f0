#include "index/store/folder/store_folder_survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/work/random_name.h"

enum {
	LOOKED_AT_MAX = 20000, /* a survey is to take seconds, on any network */
	DEPTH_MAX = 8
};

struct survey {
	const struct folder *folder;
	struct store_folder_survey *out;
	unsigned looked_at;
	char path[KEY_MAX]; /* of the folder that we are in, with its last slash */
};

static void note(struct store_folder_some *some, const struct survey *v, const char *name)
{
	if (!some->count++)
		snprintf(some->first, sizeof(some->first), "%.*s%.*s", KEY_MAX / 2,
		         v->path, KEY_MAX / 2 - 1, name);
}

static void note_folder(const struct survey *v, const char *name, const struct stat *st)
{
	struct store_folder_survey *out = v->out;

	if (out->mode & ~st->st_mode & 0777)
		note(&out->narrow, v, name);
	if (st->st_gid != out->group && !out->by_acl)
		note(&out->foreign, v, name);
	else if (out->mode & ~st->st_mode & S_ISGID)
		note(&out->unset, v, name);
}

/* Whether what `name` is called is for keys. */
static bool is_ours(struct survey *v, const char *name)
{
	char key[2 * KEY_MAX];

	if (!*v->path && strcmp(name, "tmp") == 0)
		return true;
	snprintf(key, sizeof(key), "%s%s", v->path, name);
	return strlen(key) < KEY_MAX - 2 && key_valid(key);
}

/* What `st` describes. 1 when it is a folder to go into. */
static int look_at(struct survey *v, const char *name, const struct stat *st)
{
	v->looked_at++;
	if (S_ISLNK(st->st_mode))
		note(&v->out->links, v, name);
	else if (S_ISREG(st->st_mode) && (v->out->mode & ~st->st_mode & 0444))
		note(&v->out->hidden, v, name);
	else if (S_ISDIR(st->st_mode))
		note_folder(v, name, st);
	return S_ISDIR(st->st_mode) && strcmp(name, "tmp") != 0;
}

static void walk(struct survey *v, DIR *dir, int depth);

static void go_into(struct survey *v, int in, const char *name, int depth)
{
	size_t n = strlen(v->path);
	int fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (v->out->by_acl && !store_folder_mode_by_acl(fd))
		note(&v->out->bare, v, name);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	snprintf(v->path + n, sizeof(v->path) - n, "%s/", name);
	walk(v, dir, depth + 1);
	v->path[n] = 0;
	closedir(dir);
}

/* Calls itself for folders in folders. */
static void walk(struct survey *v, DIR *dir, int depth)
{
	struct dirent *d;
	struct stat st;

	while (v->looked_at < LOOKED_AT_MAX && (d = readdir(dir)))
		if (is_ours(v, d->d_name) &&
		    !fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    look_at(v, d->d_name, &st) && depth < DEPTH_MAX)
			go_into(v, dirfd(dir), d->d_name, depth);
}

static void try_folder(const struct folder *f, struct store_folder_survey *out)
{
	char nonce[FOLDER_NONCE_HEX + 1], name[FOLDER_NONCE_HEX + 2];
	struct stat st;

	if (random_name(nonce, NULL))
		return;
	snprintf(name, sizeof(name), ".%s", nonce);
	if (store_folder_mode_mkdir(f->root, name, &f->access))
		return;
	out->tried = !fstatat(f->root, name, &st, AT_SYMLINK_NOFOLLOW);
	unlinkat(f->root, name, AT_REMOVEDIR);
	if (out->tried) {
		out->made_mode = st.st_mode & 07777;
		out->made_group = st.st_gid;
	}
}

int store_folder_survey(struct store *s, struct store_folder_survey *out, struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	struct survey v = { .folder = f, .out = out };
	struct stat st, above;

	*out = (struct store_folder_survey){ .tried = false };
	int fd = store_folder_path_open(f, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir || fstat(fd, &st) || fstatat(fd, "..", &above, 0)) {
		int rc = err_errno(err, "store %s: looking at its folder", f->path);
		if (dir)
			closedir(dir);
		else if (fd >= 0)
			close(fd);
		return rc;
	}
	out->mode = st.st_mode & 07777;
	out->group = st.st_gid;
	out->by_acl = store_folder_mode_by_acl(fd);
	out->above_mode = above.st_mode & 07777;
	out->above_group = above.st_gid;
	walk(&v, dir, 0);
	closedir(dir);
	try_folder(f, out);
	return 0;
}

/* ---------------------------------------------------------------- opening up */

/* Gives one thing the bits and the group that it lacks; false when we may not. */
static bool share_one(int in, const char *name, const struct stat *st, gid_t group)
{
	mode_t has = st->st_mode & 07777;
	mode_t wanted = has | (S_ISDIR(st->st_mode) ? S_ISGID | S_IRWXG : S_IRGRP);

	if (st->st_gid != group && fchownat(in, name, (uid_t)-1, group, 0))
		return false;
	return wanted == has || !fchmodat(in, name, wanted, 0);
}

/* Calls itself for folders in folders. A folder is shared before what is in it. */
static void share_all(int in, gid_t group, int depth, uint64_t *left)
{
	int fd = openat(in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	struct stat st;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir))) {
		if (*d->d_name == '.' ||
		    fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
			continue;
		*left += !share_one(fd, d->d_name, &st, group);
		if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
			continue;
		int next = openat(fd, d->d_name,
		                  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			continue;
		share_all(next, group, depth + 1, left);
		close(next);
	}
	if (dir)
		closedir(dir);
}

int store_folder_share(const char *path, uint64_t *left, struct err *err)
{
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct stat st;

	*left = 0;
	if (root < 0 || fstat(root, &st))
		rc = err_errno(err, "opening the store %s", path);
	else if (!share_one(root, ".", &st, st.st_gid))
		rc = err_errno(err, "store %s: opening it to its group", path);
	else
		share_all(root, st.st_gid, 0, left);
	if (root >= 0)
		close(root);
	return rc;
}
