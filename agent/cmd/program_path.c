#include "agent/cmd/program_path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

#define NAME "git-zllm"

/* The first program of our name in PATH, with symbolic links resolved. */
static bool find_on_path(char found[PATH_MAX])
{
	const char *folder = getenv("PATH");
	struct buf path = BUF_INIT;
	bool is = false;

	while (folder && !is) {
		size_t n = strcspn(folder, ":");
		path.size = 0;
		buf_addf(&path, "%.*s/" NAME, (int)n, n ? folder : ".");
		is = access(buf_text(&path), X_OK) == 0 &&
		     realpath(buf_text(&path), found);
		folder = folder[n] ? folder + n + 1 : NULL;
	}
	buf_wipe(&path);
	return is;
}

int program_path(struct buf *out, bool *on_path, struct err *err)
{
	char self[PATH_MAX], found[PATH_MAX];

	if (!realpath("/proc/self/exe", self))
		return err_errno(err, "cannot find this program's own path");
	*on_path = find_on_path(found) && strcmp(self, found) == 0;
	buf_add_str(out, *on_path ? NAME : self);
	return 0;
}

void program_path_quote(const char *text, struct buf *out)
{
	buf_add_u8(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_u8(out, (uint8_t)*text);
	}
	buf_add_u8(out, '\'');
}
