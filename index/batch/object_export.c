#include "index/batch/object_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"

static const char parts_folder[] = ".zllm-export";
enum { READ_BYTES = 1 << 20 };

/* ---------------------------------------------------------------- what is there */

/* Whether the file's bytes are those of the oid. */
static int has_oid(const char *path, const struct oid *oid, bool *is, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
	uint8_t *bytes = malloc(READ_BYTES);
	struct sha256 *hash = sha256_new();
	struct oid own;
	ssize_t n = 0;

	*is = false;
	if (fd < 0)
		rc = err_errno(err, "%s", path);
	else if (!bytes || !hash)
		rc = err_nomem(err, "reading a file");
	while (!rc && (n = read(fd, bytes, READ_BYTES)) > 0)
		sha256_add(hash, bytes, (size_t)n);
	if (!rc && n < 0)
		rc = err_errno(err, "%s", path);
	if (!rc) {
		sha256_finish(hash, &own);
		*is = oid_equal(&own, oid);
	}
	sha256_free(hash);
	free(bytes);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* 0 where nothing is at `path`; 1 where the object is. */
static int look(const struct object_export *what, uint64_t size, const char *path,
                struct err *err)
{
	struct stat st;
	bool is = false;
	int rc = 0;

	if (lstat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0
		                                           : err_errno(err, "%s", path);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == size) {
		is = what->called == EXPORT_BY_OID;
		rc = is ? 0 : has_oid(path, &what->oid, &is, err);
	}
	if (rc || is)
		return rc ? rc : 1;
	return err_set(err, ERR_INPUT,
	               "%s is there already, and is not what is to be exported; move it "
	               "away, or export into another folder",
	               path);
}

/* ---------------------------------------------------------------- writing */

/* The folders above `path`. */
static int make_folders(const char *path, struct err *err)
{
	char *copy = strdup(path);
	int rc = copy ? 0 : err_nomem(err, "a path");

	for (char *at = copy ? strchr(copy + 1, '/') : NULL; at && !rc;
	     at = strchr(at + 1, '/')) {
		*at = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			rc = err_errno(err, "cannot make %s", copy);
		*at = '/';
	}
	free(copy);
	return rc;
}

/* Opens what an earlier export may have left; nobody else has it. */
static int open_part(const char *path, struct err *err)
{
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, 0666);

	if (fd < 0)
		return err_errno(err, "cannot make %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return err_set(err, ERR_IO, "another export is at work on %s", path);
}

static int write_part(const struct transfer *t, const struct object_export *what,
                      uint64_t size, int fd, struct err *err)
{
	struct stat st;
	struct download_request request = { .oid = what->oid,
		                            .size = size,
		                            .fd = fd,
		                            .progress = what->progress,
		                            .ctx = what->ctx };

	if (fstat(fd, &st))
		return err_errno(err, "cannot look at what was exported before");
	request.into = st.st_size ? DOWNLOAD_RESUME : DOWNLOAD_NEW;
	int rc = download_object(t, &request, err);
	if (!rc && fsync(fd))
		rc = err_errno(err, "cannot write");
	return rc;
}

static int fetch(const struct transfer *t, const struct object_export *what,
                 uint64_t size, const char *path, struct err *err)
{
	struct buf part = BUF_INIT;
	char hex[SHA256_HEX + 1];

	oid_format(&what->oid, hex);
	buf_addf(&part, "%s/%s/%s", what->folder, parts_folder, hex);
	int rc = part.failed ? err_nomem(err, "a path") : make_folders(path, err);
	if (!rc)
		rc = make_folders(buf_text(&part), err);
	int fd = rc ? -1 : open_part(buf_text(&part), err);
	if (!rc && fd < 0)
		rc = fd;
	if (!rc)
		rc = write_part(t, what, size, fd, err);
	if (!rc && rename(buf_text(&part), path))
		rc = err_errno(err, "cannot give %s its name", path);
	if (rc == ERR_MISMATCH)
		unlink(buf_text(&part)); /* another object's bytes */
	if (fd >= 0)
		close(fd);
	buf_wipe(&part);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

static int ask_size(const struct transfer *t, const struct oid *oid, uint64_t *size,
                    struct err *err)
{
	struct manifest m;
	int rc = manifest_recall(t->store, oid, manifest_parse_places, &m, err);

	if (rc > 0)
		return err_set(err, ERR_MISSING, "the store does not have it");
	if (rc)
		return rc;
	*size = m.extents.size;
	manifest_wipe(&m);
	return 0;
}

int object_export(const struct transfer *t, const struct object_export *what,
                  uint64_t *size, struct err *err)
{
	struct buf path = BUF_INIT;
	uint64_t bytes = what->size;
	int rc = bytes == UINT64_MAX ? ask_size(t, &what->oid, &bytes, err) : 0;

	buf_addf(&path, "%s/%s", what->folder, what->path);
	if (!rc && path.failed)
		rc = err_nomem(err, "a path");
	if (!rc)
		rc = look(what, bytes, buf_text(&path), err);
	if (!rc)
		rc = fetch(t, what, bytes, buf_text(&path), err);
	buf_wipe(&path);
	if (rc >= 0 && size)
		*size = bytes;
	return rc;
}

void object_export_end(const char *folder)
{
	struct buf parts = BUF_INIT;

	buf_addf(&parts, "%s/%s", folder, parts_folder);
	if (!parts.failed)
		rmdir(buf_text(&parts));
	buf_wipe(&parts);
}
