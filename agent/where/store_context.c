#include "agent/where/store_context.h"

#include <string.h>

#include "agent/git/git_paths.h"

struct store_context store_context_of(const struct git_paths *paths,
                                      const struct lfs_config *config)
{
	struct store_context context = { .root = paths->store_root,
		                         .modes = &paths->modes,
		                         .config = config };

	if (paths->store_root && strcmp(paths->store_root, paths->common_dir) == 0)
		context.root_is = STORE_ROOT_BARE;
	return context;
}
