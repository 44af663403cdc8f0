/* A folder walked, in the order of names, so that who walks it again finds the same. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/moving/source.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { DEPTH_MAX = 64 };

static int walk_folder(const struct source_walk *w, struct buf *path, int depth,
                       struct err *err);

static bool is_skipped(const struct source_walk *w, const char *name)
{
	for (const char *const *one = w->skip; one && *one; one++)
		if (strcmp(*one, name) == 0)
			return true;
	return false;
}

static int pass_by(const struct source_walk *w, const char *path, const char *why)
{
	w->source->passed_by++;
	report_note("passed by %s: %s", path, why);
	return 0;
}

/* A folder, a file, or a link to a file. */
static int visit(const struct source_walk *w, struct buf *path, int depth,
                 struct err *err)
{
	const char *text = buf_text(path);
	struct source_found found = { .path = text, .below = text + strlen(w->root) };
	struct stat own;

	found.below += *found.below == '/';
	if (path->failed)
		return err_nomem(err, "a path");
	if (lstat(text, &own))
		return pass_by(w, text, strerror(errno));
	found.st = own;
	found.link = S_ISLNK(own.st_mode);
	if (S_ISDIR(own.st_mode))
		return walk_folder(w, path, depth + 1, err);
	if (found.link && stat(text, &found.st))
		return pass_by(w, text, "a link that leads nowhere");
	return S_ISREG(found.st.st_mode) ? w->each(w->ctx, &found, err) : 0;
}

static int walk_folder(const struct source_walk *w, struct buf *path, int depth,
                       struct err *err)
{
	struct dirent **list = NULL;
	size_t length = path->size;
	int rc = 0, count = depth < DEPTH_MAX
	                            ? scandir(buf_text(path), &list, NULL, alphasort)
	                            : -1;

	if (count < 0)
		return pass_by(w, buf_text(path),
		               depth < DEPTH_MAX ? strerror(errno) : "too deep");
	for (int i = 0; i < count; i++) {
		const char *name = list[i]->d_name;
		if (!rc && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    !is_skipped(w, name)) {
			buf_addf(path, "/%s", name);
			rc = visit(w, path, depth, err);
			path->size = length;
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

int source_walk(const struct source_walk *walk, struct err *err)
{
	struct buf path = BUF_INIT;

	buf_add_str(&path, walk->root);
	int rc = walk_folder(walk, &path, 0, err);
	buf_wipe(&path);
	return rc;
}
