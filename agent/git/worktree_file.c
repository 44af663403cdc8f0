#include "agent/git/worktree_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

static int is_link(const char *name, struct err *err)
{
	return err_set(
		err, ERR_CONFIG,
		"%s is a symbolic link, and nothing is written through a link that "
		"a repository may have brought; put what it should be in its place",
		name);
}

/* Nothing but a file that ends has a size to go by. */
static int check_plain(const char *name, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CONFIG, "%s is not a regular file; remove it",
		               name);
	if (st->st_size > WORKTREE_FILE_MAX)
		return err_set(err, ERR_CONFIG,
		               "%s has more than %d bytes, which nobody wrote by hand; "
		               "remove it",
		               name, WORKTREE_FILE_MAX);
	return 0;
}

/* One part of a path, which may be missing: then all below it is missing too. */
static int check_part(const char *path, const char *name, bool is_folder, struct err *err)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 1 : err_errno(err, "cannot look at %s", path);
	if (S_ISLNK(st.st_mode))
		return is_link(name, err);
	if (!is_folder)
		return check_plain(name, &st, err);
	return S_ISDIR(st.st_mode)
	               ? 0
	               : err_set(err, ERR_CONFIG, "%s is not a folder; remove it", name);
}

enum { LAST_IS_FILE, LAST_IS_FOLDER };

static int check_path(const char *worktree, const char *name, int last, struct err *err)
{
	struct buf path = BUF_INIT, part = BUF_INIT;
	int rc = 0;

	for (const char *at = name; !rc && *at;) {
		at += strspn(at, "/");
		size_t n = strcspn(at, "/");
		if (!n)
			break;
		bool more = at[n + strspn(at + n, "/")];
		path.size = part.size = 0;
		buf_add(&part, name, (size_t)(at + n - name));
		buf_addf(&path, "%s/%s", worktree, buf_text(&part));
		rc = path.failed || part.failed
		             ? err_nomem(err, "a path")
		             : check_part(buf_text(&path), buf_text(&part),
		                          more || last == LAST_IS_FOLDER, err);
		at += n;
	}
	buf_wipe(&path);
	buf_wipe(&part);
	return rc > 0 ? 0 : rc;
}

int worktree_file_check_write(const char *worktree, const char *name, struct err *err)
{
	return check_path(worktree, name, LAST_IS_FILE, err);
}

int worktree_file_check_folder(const char *worktree, const char *name, struct err *err)
{
	return check_path(worktree, name, LAST_IS_FOLDER, err);
}

int worktree_file_check_read(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR
		               ? 1
		               : err_errno(err, "cannot look at %s", path);
	return check_plain(path, &st, err);
}
