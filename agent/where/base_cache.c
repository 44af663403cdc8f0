#include "agent/where/base_cache.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/lfs_config.h"
#include "codec/common/err.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"

#define DEFAULT_SIZE ((uint64_t)20 << 30)

int base_cache_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "kmgt";
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		const char *unit = strchr(units, tolower((unsigned char)*end));
		unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
		if (!unit || end[1] || n > UINT64_MAX >> shift)
			return false;
		n <<= shift;
	}
	*bytes = n;
	return true;
}

static char *joined(const char *folder, const char *rest)
{
	char *path;

	return asprintf(&path, "%s%s", folder, rest) < 0 ? NULL : path;
}

char *base_cache_folder(const struct lfs_config *config)
{
	const char *path = lfs_config_get(config, "zllm.cache.path");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	/* A relative path means nothing to the other repositories. */
	if (path && path[0] == '/')
		return strdup(path);
	if (path && path[0] == '~' && path[1] == '/' && home && *home)
		return joined(home, path + 1);
	if (path && *path)
		return NULL;
	if (cache && cache[0] == '/')
		return joined(cache, "/git-zllm");
	return home && *home ? joined(home, "/.cache/git-zllm") : NULL;
}

int base_cache_size(const struct lfs_config *config, uint64_t *bytes, struct err *err)
{
	const char *text = lfs_config_get(config, "zllm.cache.size");
	const char *path = lfs_config_get(config, "zllm.cache.path");

	*bytes = DEFAULT_SIZE;
	if (text && !base_cache_parse_size(text, bytes))
		return err_set(
			err, ERR_CONFIG,
			"zllm.cache.size is '%s': a number of bytes is wanted, such as "
			"20g, or 0 for no cache",
			text);
	if (path && *path && *path != '/' && strncmp(path, "~/", 2) != 0)
		return err_set(
			err, ERR_CONFIG,
			"zllm.cache.path is '%s': an absolute path is wanted, or one "
			"that begins with ~/",
			path);
	return 0;
}

/* Cuts the last name off `path`; false when there is none to cut. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = 0;
	return true;
}

int base_cache_check(const char *folder, struct err *err)
{
	char *path = strdup(folder);
	struct stat st;
	int rc;

	if (!path)
		return err_nomem(err, "a path");
	while ((rc = stat(path, &st)) != 0 && errno == ENOENT && go_up(path))
		;
	if (!rc && !S_ISDIR(st.st_mode)) {
		rc = -1;
		errno = ENOTDIR;
	}
	if (!rc)
		rc = access(path, W_OK | X_OK);
	if (rc)
		rc = err_errno(err, "%s", path);
	free(path);
	return rc;
}

int base_cache_open(const struct lfs_config *config, struct store *inner,
                    struct store **out, struct err *err)
{
	uint64_t size;
	int rc = base_cache_size(config, &size, err);

	*out = NULL;
	if (rc || !inner->remote || !size)
		return rc;
	char *folder = base_cache_folder(config);
	if (!folder)
		return 0;
	rc = store_cache_new(inner, folder, size, out, err);
	free(folder);
	return rc;
}
