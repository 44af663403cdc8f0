#include "agent/where/store_site.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "codec/common/err.h"

static bool has(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && (size_t)n < sizeof(path) && lstat(path, &st) == 0;
}

int store_site_check(const char *folder, struct err *err)
{
	bool bare = has(folder, "HEAD") && has(folder, "refs") && has(folder, "objects");

	if (!bare && !has(folder, ".git"))
		return 0;
	return err_set(
		err, ERR_INPUT,
		"%s is a git repository, and a store there would be mixed with its "
		"files: name a folder of its own, such as ../store",
		folder);
}
