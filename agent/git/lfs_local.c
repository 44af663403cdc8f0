#include "agent/git/lfs_local.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_objects.h"

bool lfs_local_has(const struct git_paths *paths, const struct lfs_object *object)
{
	char *path = git_paths_lfs_object(paths, &object->oid);
	struct stat st;
	bool has = path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	           (uint64_t)st.st_size == object->size;

	free(path);
	return has;
}

int lfs_local_sort(const struct git_paths *paths, const struct lfs_objects *objects,
                   struct lfs_objects *here, struct lfs_objects *gone, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < objects->count && !rc; i++) {
		const struct lfs_object *object = &objects->list[i];
		rc = lfs_objects_append(lfs_local_has(paths, object) ? here : gone,
		                        object, err);
	}
	return rc;
}
