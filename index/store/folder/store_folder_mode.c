#include "index/store/folder/store_folder_mode.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "index/store/folder/store_folder_rename.h"
#include "index/work/random_name.h"

enum { REPEATS = 32 };

#define ANY_GROUP ((gid_t)-1)

bool store_folder_mode_by_acl(int in)
{
	return fgetxattr(in, "system.posix_acl_default", NULL, 0) > 0;
}

/* Whether chmod() failed with `errnum` because the file system has its own idea of
 * modes. Shares of Windows say EACCES, and some are interrupted for ever. */
static bool is_modeless(int errnum)
{
	return errnum == EPERM || errnum == EACCES || errnum == EINVAL ||
	       errnum == EINTR || errnum == EOPNOTSUPP || errnum == ENOSYS ||
	       errnum == ENOTTY;
}

/* The mode that `st` is to get: all that it has, and `wanted`. 0: nothing is missing. */
static mode_t mode_lacking(const struct stat *st, mode_t wanted)
{
	mode_t has = st->st_mode & 07777;

	return wanted & ~has ? has | wanted : 0;
}

/* ---------------------------------------------------------------- folders */

static int mkdir_at(int in, const char *name, mode_t mode)
{
	int rc;

	for (int i = 0; (rc = mkdirat(in, name, mode)) && errno == EINTR; i++)
		if (i == REPEATS)
			break;
	return rc;
}

static int chmod_at(int in, const char *name, mode_t mode)
{
	int rc;

	for (int i = 0; (rc = fchmodat(in, name, mode, 0)) && errno == EINTR; i++)
		if (i == REPEATS)
			break;
	return rc && !is_modeless(errno) ? -1 : 0;
}

/* The folder's group first: a change of group may take bits away. */
static int complete_folder(int in, const char *name, const struct access *access,
                           bool by_acl)
{
	struct stat st;

	if (fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (access->group != ANY_GROUP && st.st_gid != access->group &&
	    !fchownat(in, name, (uid_t)-1, access->group, AT_SYMLINK_NOFOLLOW) &&
	    fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	mode_t mode = by_acl ? 0 : mode_lacking(&st, access->folder);
	return mode ? chmod_at(in, name, mode) : 0;
}

int store_folder_mode_mkdir(int in, const char *name, const struct access *access)
{
	bool by_acl = store_folder_mode_by_acl(in);

	if (mkdir_at(in, name, by_acl ? 0777 : access->folder & 0777))
		return -1;
	if (!complete_folder(in, name, access, by_acl))
		return 0;
	int why = errno;
	unlinkat(in, name, AT_REMOVEDIR);
	errno = why;
	return -1;
}

static bool is_folder(int in, const char *name)
{
	struct stat st;

	return !fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* For file systems where a rename cannot be told to spare what is there, or that have
 * no names with a dot in front. */
static int make_in_place(int in, const char *name, const struct access *access)
{
	if (!store_folder_mode_mkdir(in, name, access))
		return 0;
	int why = errno;
	if (is_folder(in, name))
		return 0;
	errno = why;
	return -1;
}

int store_folder_mode_make(int in, const char *name, const struct access *access)
{
	char fresh[1 + RANDOM_NAME_HEX + 1] = ".";

	if (random_name(fresh + 1, NULL))
		return -1;
	if (store_folder_mode_mkdir(in, fresh, access))
		return errno == ENOENT ? -1 : make_in_place(in, name, access);
	if (!store_folder_rename_sparing(in, fresh, in, name))
		return 0;
	int why = errno;
	unlinkat(in, fresh, AT_REMOVEDIR);
	if (is_folder(in, name))
		return 0;
	errno = why;
	return why == EEXIST || why == ENOENT ? -1 : make_in_place(in, name, access);
}

/* ---------------------------------------------------------------- files */

int store_folder_mode_file(int in, int fd, const struct access *access, bool *modeless)
{
	struct stat st;
	int rc;

	*modeless = false;
	if (fstat(fd, &st))
		return -1;
	if (access->group != ANY_GROUP && st.st_gid != access->group)
		(void)!fchown(fd, (uid_t)-1, access->group);
	mode_t mode = mode_lacking(&st, access->file);
	if (!mode || store_folder_mode_by_acl(in))
		return 0;
	for (int i = 0; (rc = fchmod(fd, mode)) && errno == EINTR; i++)
		if (i == REPEATS)
			break;
	*modeless = rc && is_modeless(errno);
	return rc && !*modeless ? -1 : 0;
}
