/*
 * LD_PRELOAD: below the folder ODD_ROOT the file system is an odd one, as ODD says in words
 * with commas between them:
 *
 *   union          names can be linked and renamed within one folder only (EXDEV)
 *   CALL=ERROR     that call fails: linkat, renameat2 (of files), renameat, fchmod,
 *                  fsyncfile, fsyncfolder, syncfs
 *   interrupted    every other call is interrupted (EINTR)
 *   names=N        names end at N bytes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name)                     \
	static __typeof__(name) *real; \
	if (!real)                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "EACCES", EACCES },   { "EPERM", EPERM },   { "EIO", EIO },
	{ "EXDEV", EXDEV },     { "EINVAL", EINVAL }, { "EINTR", EINTR },
	{ "ENOTSUP", ENOTSUP }, { "ENOSYS", ENOSYS }, { "EMLINK", EMLINK },
	{ "EROFS", EROFS },     { "ENOSPC", ENOSPC },
};

/* What follows `word` in ODD; NULL where it is not there. */
static const char *said(const char *word)
{
	const char *at = getenv("ODD");
	size_t n = strlen(word);

	for (; at && *at; at = strchr(at, ','), at += at != NULL)
		if (strncmp(at, word, n) == 0 && strchr(",=", at[n]))
			return at + n;
	return NULL;
}

static int error_of(const char *call)
{
	const char *is = said(call);

	for (size_t i = 0; is && *is == '=' && i < sizeof(errors) / sizeof(errors[0]);
	     i++)
		if (strncmp(is + 1, errors[i].name, strlen(errors[i].name)) == 0)
			return errors[i].number;
	return 0;
}

static bool below(int fd)
{
	const char *root = getenv("ODD_ROOT");
	char link[64], path[4096];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = 0;
	return root && n > 0 && strncmp(path, root, strlen(root)) == 0;
}

/* Whether the call on `name` in the folder `fd` fails; errno is then set. */
static bool fails(const char *call, int fd, const char *name)
{
	static int calls;
	const char *end = strrchr(name, '/'), *max = said("names");
	int error = error_of(call);

	if (!below(fd))
		return false;
	if (!error && said("interrupted") && calls++ % 2)
		error = EINTR;
	if (!error && max && strlen(end ? end + 1 : name) > (size_t)atoi(max + 1))
		error = ENAMETOOLONG;
	errno = error;
	return error != 0;
}

static bool is_file(int fd, const char *name)
{
	struct stat st;

	return !fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

/* Whether two names lie in different folders of a union. */
static bool parted(int from, const char *old, int to, const char *name)
{
	struct stat a, b;
	char folder[2][4096];

	if (!said("union") || !below(to))
		return false;
	snprintf(folder[0], sizeof(folder[0]), "./%s", old);
	snprintf(folder[1], sizeof(folder[1]), "./%s", name);
	*strrchr(folder[0], '/') = 0;
	*strrchr(folder[1], '/') = 0;
	errno = EXDEV;
	return !fstatat(from, folder[0], &a, 0) && !fstatat(to, folder[1], &b, 0) &&
	       a.st_ino != b.st_ino;
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
	REAL(linkat);
	if (fails("linkat", to, name) || parted(from, old, to, name))
		return -1;
	return real(from, old, to, name, flags);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
	REAL(renameat2);
	if (is_file(from, old) &&
	    (fails("renameat2", to, name) || parted(from, old, to, name)))
		return -1;
	return real(from, old, to, name, flags);
}

int renameat(int from, const char *old, int to, const char *name)
{
	REAL(renameat);
	if (is_file(from, old) &&
	    (fails("renameat", to, name) || parted(from, old, to, name)))
		return -1;
	return real(from, old, to, name);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
	REAL(mkdirat);
	return fails("mkdirat", fd, name) ? -1 : real(fd, name, mode);
}

int faccessat(int fd, const char *name, int mode, int flags)
{
	REAL(faccessat);
	return fails("faccessat", fd, name) ? -1 : real(fd, name, mode, flags);
}

int openat64(int fd, const char *name, int flags, ...)
{
	REAL(openat64);
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails("openat", fd, name) ? -1 : real(fd, name, flags, mode);
}

int fchmod(int fd, mode_t mode)
{
	REAL(fchmod);
	return fails("fchmod", fd, "") ? -1 : real(fd, mode);
}

int fchmodat(int fd, const char *name, mode_t mode, int flags)
{
	REAL(fchmodat);
	return fails("fchmod", fd, name) ? -1 : real(fd, name, mode, flags);
}

int fsync(int fd)
{
	REAL(fsync);
	struct stat st;
	bool folder = !fstat(fd, &st) && S_ISDIR(st.st_mode);

	return fails(folder ? "fsyncfolder" : "fsyncfile", fd, "") ? -1 : real(fd);
}

int syncfs(int fd)
{
	REAL(syncfs);
	return fails("syncfs", fd, "") ? -1 : real(fd);
}
