#include "agent/git/checked_out.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_objects.h"
#include "codec/common/buf.h"

enum { PIECE = 1024 * 1024 };

/* The SHA-256 of what `fd` gives to its end. */
static bool hash_all(int fd, struct sha256 *hash)
{
	char *piece = malloc(PIECE);
	ssize_t n = -1;

	while (piece && (n = read(fd, piece, PIECE)) > 0)
		sha256_add(hash, piece, (size_t)n);
	free(piece);
	return n == 0;
}

static bool is_object(int fd, const struct lfs_object *object)
{
	struct sha256 *hash;
	struct stat st;
	struct oid found = { { 0 } };

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != object->size)
		return false;
	hash = sha256_new();
	bool whole = hash && hash_all(fd, hash);
	if (whole)
		sha256_finish(hash, &found);
	sha256_free(hash);
	return whole && oid_equal(&found, &object->oid);
}

bool checked_out_is(const struct git_paths *paths, const struct lfs_object *object)
{
	struct buf path = BUF_INIT;
	bool is = false;

	if (!paths->worktree)
		return false;
	buf_addf(&path, "%s/%s", paths->worktree, object->path);
	const char *text = buf_text(&path);
	int fd = path.failed ? -1
	                     : open(text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		is = is_object(fd, object);
		close(fd);
	}
	buf_wipe(&path);
	return is;
}
