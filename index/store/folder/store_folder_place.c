/*
 * Giving a file its name without replacing what has it. The first way is link();
 * many file systems have none, or say so with an errno of their own choice (EXDEV on
 * mergerfs and AFS, EIO, EACCES on shares), so that after any failure the next way is
 * tried, as git does it:
 *
 *   link()                            fails when the key is there
 *   renameat2(..., RENAME_NOREPLACE)  likewise
 *   look, then rename()               may replace a value that came this very moment,
 *                                     by one of equal content
 *   a copy in the key's own folder    where the others say EXDEV: tmp/ is on another
 *                                     disk (a union, or one that is mounted there)
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/store/folder/store_folder_rename.h"

enum { COPY_BYTES = 64 * 1024 };

/* Where a file is and where it goes: the folders are open. */
struct move {
	int from;
	const char *temp;
	int to;
	const char *name;
};

/* These would be the same whichever way was tried. */
static bool is_final(int errnum)
{
	return errnum == ENOENT || errnum == ESTALE || errnum == ENOSPC ||
	       errnum == EDQUOT || errnum == EROFS || errnum == ENAMETOOLONG;
}

static int by_link(const struct move *m)
{
	int rc;

	for (int i = 0; (rc = linkat(m->from, m->temp, m->to, m->name, 0)); i++)
		if (errno != EINTR || i == FOLDER_REPEATS)
			break;
	return rc;
}

/* 0; 1 when the key is there. */
static int by_looking(const struct move *m)
{
	struct stat st;

	if (!fstatat(m->to, m->name, &st, AT_SYMLINK_NOFOLLOW))
		return 1;
	return store_folder_rename_over(m->from, m->temp, m->to, m->name);
}

/* 0; 1 when the key is there; -1 and errno. */
static int give_name(const struct move *m)
{
	if (!by_link(m))
		return 0;
	if (errno == EEXIST)
		return 1;
	if (is_final(errno))
		return -1;
	if (!store_folder_rename_sparing(m->from, m->temp, m->to, m->name))
		return 0;
	if (errno == EEXIST)
		return 1;
	return is_final(errno) ? -1 : by_looking(m);
}

/* ---------------------------------------------------------------- another disk */

static int copy_bytes(int from, int to)
{
	uint8_t bytes[COPY_BYTES];

	for (;;) {
		ssize_t n = read(from, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		for (ssize_t done = 0; done < n;) {
			ssize_t put = write(to, bytes + done, (size_t)(n - done));
			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0)
				return -1;
			done += put;
		}
	}
}

/* The copy has its mode, and is durable, before it gets its name, as any file. */
static int fill_copy(const struct folder *f, int in, int from, int to)
{
	bool modeless;

	if (copy_bytes(from, to) || store_folder_mode_file(in, to, &f->access, &modeless))
		return -1;
	if (modeless)
		store_folder_sync_lacks(f, STORE_FOLDER_HAS_MODES);
	return store_folder_sync_bytes(f, to);
}

/* Puts a copy of `temp` into the folder `in` of the key, and its name into `temp`. */
static int copy_beside(const struct folder *f, int in, char temp[FOLDER_TEMP_MAX],
                       const char *key, struct err *err)
{
	char copy[FOLDER_TEMP_MAX];
	int to = -1;

	int from = store_folder_path_open(f, temp, O_RDONLY, 0);
	if (from < 0)
		return store_folder_path_error(f, "reading", temp, err);
	int rc = store_folder_temp_beside(f, key, copy, &to, err);
	if (!rc) {
		rc = fill_copy(f, in, from, to);
		if (close(to) && !rc)
			rc = -1;
		if (rc) {
			rc = store_folder_path_error(f, "copying to the folder of", key,
			                             err);
			unlinkat(f->root, copy, 0);
		} else {
			unlinkat(f->root, temp, 0);
			memcpy(temp, copy, sizeof(copy));
		}
	}
	close(from);
	return rc;
}

/* ---------------------------------------------------------------- one key */

/* 0; 1 when the key is there; 2 when its folder is not; or negative. The folder is
 * made durable even when the key was there before: whoever put it may not have come so
 * far yet. */
static int place_in(const struct folder *f, int in, char temp[FOLDER_TEMP_MAX],
                    const char *key, struct err *err)
{
	const char *slash = strrchr(key, '/');
	char parent[KEY_MAX];
	struct move m = { f->root, temp, in, slash ? slash + 1 : key };
	int rc = give_name(&m);

	if (rc < 0 && errno == EXDEV) {
		atomic_store(&f->seen->parted, true);
		rc = copy_beside(f, in, temp, key, err);
		if (rc)
			return rc;
		rc = give_name(&m);
	}
	if (rc < 0 && (errno == ENOENT || errno == ESTALE))
		return 2;
	if (rc < 0)
		return store_folder_path_refused(f, "placing", key, err);
	store_folder_path_parent(key, parent);
	int synced = store_folder_sync_names(f, in, parent, err);
	return synced ? synced : rc;
}

int store_folder_place(const struct folder *f, char temp[FOLDER_TEMP_MAX],
                       const char *key, struct err *err)
{
	const char *name;

	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		int rc = 2;
		int in = store_folder_path_open_parent(f, key, &name);
		if (in < 0 && errno != ENOENT && errno != ESTALE)
			return store_folder_path_refused(f, "placing", key, err);
		if (in >= 0) {
			rc = place_in(f, in, temp, key, err);
			close(in);
		}
		if (rc < 2)
			return rc;
		rc = store_folder_tree_make(f, key, err);
		if (rc < 0)
			return rc;
	}
	return err_set(err, ERR_IO, "store %s: the folders of %s keep vanishing", f->path,
	               key);
}
