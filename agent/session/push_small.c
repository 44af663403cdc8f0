#include "agent/session/push_small.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "codec/common/err.h"
#include "index/manifest/object_look.h"
#include "index/model/extent.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "index/upload.h"

/* Whether nothing of the file needs a record. What cannot be read is not small: git-lfs
 * will offer it, and then it is said what is wrong with it. */
static bool is_small(const char *path, uint64_t size)
{
	struct extents x = { .model = MODEL_OPAQUE };
	struct err ignored = ERR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool small = !model_scan(fd, size, &x, &ignored) && extents_all_inline(&x);
	extents_wipe(&x);
	close(fd);
	return small;
}

int push_small_store(const struct transfer *t, const struct git_paths *paths,
                     const struct oid *oid, uint64_t size, struct err *err)
{
	struct upload_request request = { .oid = *oid,
		                          .size = size,
		                          .state = OBJECT_ABSENT };
	struct upload_result result;
	int rc = 1;

	if (size > PUSH_SMALL_MAX)
		return 1;
	char *path = git_paths_lfs_object(paths, oid);
	if (!path)
		return err_nomem(err, "a path");
	request.path = path;
	if (is_small(path, size))
		rc = upload_object(t, &request, &result, err);
	free(path);
	return rc;
}
