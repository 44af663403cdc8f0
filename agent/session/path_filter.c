#include "agent/session/path_filter.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { PATTERN_MAX = 1024, PATH_ROOM = 4096 };

/* `pattern` against the path itself, and against each folder above it. */
static bool matches_from_root(const char *pattern, const char *path)
{
	int flags = strstr(pattern, "**") ? 0 : FNM_PATHNAME;
	char part[PATH_ROOM];
	int n = snprintf(part, sizeof(part), "%s", path);

	if (n < 0 || (size_t)n >= sizeof(part))
		return false;
	for (char *end = part + n; end; end = strrchr(part, '/')) {
		*end = 0;
		if (*part && fnmatch(pattern, part, flags) == 0)
			return true;
	}
	return false;
}

static bool matches_component(const char *pattern, const char *path)
{
	char part[PATH_ROOM];

	while (*path) {
		size_t n = strcspn(path, "/");
		if (n < sizeof(part)) {
			memcpy(part, path, n);
			part[n] = 0;
			if (fnmatch(pattern, part, 0) == 0)
				return true;
		}
		path += n + (path[n] == '/');
	}
	return false;
}

/* One pattern, without spaces around it. */
static bool matches_one(char *pattern, const char *path)
{
	size_t n = strlen(pattern);
	bool anchored = pattern[0] == '/';

	if (n && pattern[n - 1] == '/')
		pattern[n - 1] = 0;
	if (anchored)
		pattern++;
	if (!*pattern)
		return false;
	return anchored || strchr(pattern, '/') ? matches_from_root(pattern, path)
	                                        : matches_component(pattern, path);
}

bool path_filter_matches(const char *patterns, const char *path)
{
	while (*patterns) {
		char one[PATTERN_MAX];
		size_t n = strcspn(patterns, ",");
		size_t skip = 0, size = n;
		while (skip < size && isspace((unsigned char)patterns[skip]))
			skip++;
		while (size > skip && isspace((unsigned char)patterns[size - 1]))
			size--;
		if (size - skip < sizeof(one)) {
			memcpy(one, patterns + skip, size - skip);
			one[size - skip] = 0;
			if (matches_one(one, path))
				return true;
		}
		patterns += n + (patterns[n] == ',');
	}
	return false;
}

bool path_filter_allows(const char *include, const char *exclude, const char *path)
{
	if (include && *include && !path_filter_matches(include, path))
		return false;
	return !exclude || !*exclude || !path_filter_matches(exclude, path);
}
