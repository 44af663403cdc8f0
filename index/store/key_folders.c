#include "index/store/key_folders.h"

#include <stddef.h>
#include <string.h>

#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

enum { DEEPEST = 2 };

/* Below each first part, how many hexadecimal digits the folders have; 0: there are no
 * more. */
static const struct {
	const char *first;
	size_t digits[DEEPEST];
} layout[] = {
	{ "objects", { 2 } },          { "blobs", { 2, 2 } },
	{ "owners", { REPO_ID_HEX } }, { "names", { (size_t)2 * KEY_NAME_HASH } },
	{ "bases", { 16, 2 } },        { "remotes", { REPO_ID_HEX } },
	{ "trash", { 2, 2 } },         { "annexes", { REPO_ID_HEX, 2 } },
};

/* Whether the rest of a path, from a slash on, is folders of so many digits each. */
static bool fits(const char *rest, const size_t digits[DEEPEST])
{
	for (size_t depth = 0; *rest; depth++) {
		size_t n = strspn(rest + 1, "0123456789abcdef");
		if (depth == DEEPEST || !digits[depth] || n != digits[depth] ||
		    (rest[1 + n] && rest[1 + n] != '/'))
			return false;
		rest += 1 + n;
	}
	return true;
}

bool key_is_folder(const char *path)
{
	size_t first = strcspn(path, "/");

	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++)
		if (strlen(layout[i].first) == first &&
		    memcmp(layout[i].first, path, first) == 0)
			return fits(path + first, layout[i].digits);
	return false;
}

bool key_is_value(const char *key)
{
	static const char nonce[] = "00000000000000000000000000000000";
	char trash[KEY_MAX];

	return key_trash(key, nonce, trash);
}
