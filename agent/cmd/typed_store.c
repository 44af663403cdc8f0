#include "agent/cmd/typed_store.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

/* A path as a part of a URL. */
static void add_escaped(const char *path, struct buf *out)
{
	for (; *path; path++) {
		if (*path == '%')
			buf_add_str(out, "%25");
		else if (*path == '?')
			buf_add_str(out, "%3F");
		else
			buf_add_u8(out, (uint8_t)*path);
	}
}

static bool has_word_in_front(const char *path, const char *word)
{
	size_t n = strlen(word);

	return strncmp(path, word, n) == 0 &&
	       (!path[n] || path[n] == '/' || path[n] == '?');
}

/* Absolute, unless it says of itself where it starts: "./x" and "../x" stay and
 * are relative to the top of a clone, "~/x" to each user's home. */
static int add_store_folder(const char *path, bool is_url, struct buf *out,
                            struct err *err)
{
	if (*path != '/' && *path && !has_word_in_front(path, ".") &&
	    !has_word_in_front(path, "..") && !has_word_in_front(path, "~")) {
		char *cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_errno(err, "cannot find the current directory");
		add_escaped(cwd, out);
		buf_add_u8(out, '/');
		free(cwd);
	}
	if (is_url)
		buf_add_str(out, path);
	else
		add_escaped(path, out);
	return 0;
}

int typed_store_add(const char *typed, struct buf *out, struct err *err)
{
	bool is_url = strncmp(typed, "zllm::", 6) == 0;
	const char *rest = is_url ? typed + 6 : typed;

	if (strncmp(rest, "https://", 8) != 0)
		buf_add_str(out, "zllm::");
	if (!strstr(rest, "://"))
		return add_store_folder(rest, is_url, out, err);
	buf_add_str(out, rest);
	return 0;
}
