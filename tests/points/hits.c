/*
 * The system calls that change a disk (by the linker's --wrap, so only our own code's) and
 * those by which libcurl sends and receives (by the order in which symbols are found): each
 * takes a number, and the one that is meant is hit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/points/points.h"

/* The one thing that all threads of a process under test share. */
static struct {
	atomic_bool armed;
	enum way way;
	uint64_t nth;
	atomic_uint_fast64_t calls;
} hits;

void hits_begin(enum way way, uint64_t nth)
{
	hits.way = way;
	hits.nth = nth;
	atomic_store(&hits.calls, 0);
	atomic_store(&hits.armed, true);
}

uint64_t hits_end(void)
{
	atomic_store(&hits.armed, false);
	return atomic_load(&hits.calls);
}

/* ---------------------------------------------------------------- a disk */

enum need { ROOM, NO_ROOM };

/* Before a call that changes the disk: true when it fails instead, errno set. */
static bool hit_disk(enum need need)
{
	if (!atomic_load(&hits.armed))
		return false;
	if (hits.way == WAY_SYSTEM && atomic_fetch_add(&hits.calls, 1) + 1 == hits.nth)
		kill(getpid(), SIGKILL);
	if (need == NO_ROOM || (hits.way != WAY_FULL && hits.way != WAY_FULL_ONCE))
		return false;
	uint64_t number = atomic_fetch_add(&hits.calls, 1) + 1;
	if (hits.way == WAY_FULL ? number < hits.nth : number != hits.nth)
		return false;
	errno = ENOSPC;
	return true;
}

int __real_openat64(int at, const char *path, int flags, ...);
int __wrap_openat64(int at, const char *path, int flags, ...);

int __wrap_openat64(int at, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode = 0;

	va_start(list, flags);
	if (flags & O_CREAT)
		mode = va_arg(list, mode_t);
	va_end(list);
	if (flags & O_CREAT && hit_disk(ROOM))
		return -1;
	return __real_openat64(at, path, flags, mode);
}

ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at);

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	return hit_disk(ROOM) ? -1 : __real_pwrite64(fd, bytes, n, at);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	return hit_disk(NO_ROOM) ? -1 : __real_fsync(fd);
}

int __real_mkdirat(int at, const char *path, mode_t mode);
int __wrap_mkdirat(int at, const char *path, mode_t mode);

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
	return hit_disk(ROOM) ? -1 : __real_mkdirat(at, path, mode);
}

int __real_linkat(int from, const char *old, int to, const char *path, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *path, int flags);

int __wrap_linkat(int from, const char *old, int to, const char *path, int flags)
{
	return hit_disk(ROOM) ? -1 : __real_linkat(from, old, to, path, flags);
}

int __real_renameat2(int from, const char *old, int to, const char *path, unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *path, unsigned flags);

int __wrap_renameat2(int from, const char *old, int to, const char *path, unsigned flags)
{
	return hit_disk(ROOM) ? -1 : __real_renameat2(from, old, to, path, flags);
}

int __real_renameat(int from, const char *old, int to, const char *path);
int __wrap_renameat(int from, const char *old, int to, const char *path);

int __wrap_renameat(int from, const char *old, int to, const char *path)
{
	return hit_disk(ROOM) ? -1 : __real_renameat(from, old, to, path);
}

int __real_unlinkat(int at, const char *path, int flags);
int __wrap_unlinkat(int at, const char *path, int flags);

int __wrap_unlinkat(int at, const char *path, int flags)
{
	return hit_disk(NO_ROOM) ? -1 : __real_unlinkat(at, path, flags);
}

/* ---------------------------------------------------------------- a bucket */

static void hit_wire(enum way way)
{
	if (atomic_load(&hits.armed) && hits.way == way &&
	    atomic_fetch_add(&hits.calls, 1) + 1 == hits.nth)
		kill(getpid(), SIGKILL);
}

/* Each piece: the head of a request, a part of its body. */
__attribute__((visibility("default"))) ssize_t send(int fd, const void *bytes, size_t n,
                                                    int flags)
{
	ssize_t sent = syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);

	if (sent > 0)
		hit_wire(WAY_SENT);
	return sent;
}

/* When something is there. */
__attribute__((visibility("default"))) ssize_t recv(int fd, void *bytes, size_t n,
                                                    int flags)
{
	struct pollfd there = { .fd = fd, .events = POLLIN };

	if (poll(&there, 1, 0) == 1 && there.revents & POLLIN)
		hit_wire(WAY_COME);
	return syscall(SYS_recvfrom, fd, bytes, n, flags, NULL, NULL);
}
