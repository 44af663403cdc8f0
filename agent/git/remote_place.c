#include "agent/git/remote_place.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

static bool is_git_dir(const char *path)
{
	struct buf head = BUF_INIT;
	struct stat st;

	buf_addf(&head, "%s/HEAD", path);
	bool found = !head.failed && lstat(buf_text(&head), &st) == 0;
	buf_wipe(&head);
	return found;
}

/* What git would take `path` for: the first of these that is a repository, else what is
 * there itself (a bundle, a file that names a repository). */
static void add_git_dir(const char *path, struct buf *out)
{
	static const char *const ends[] = { "/.git", "", ".git/.git", ".git" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		out->size = 0;
		buf_addf(out, "%s%s", path, ends[i]);
		if (is_git_dir(buf_text(out)))
			return;
	}
	out->size = 0;
	buf_add_str(out, path);
}

/* "<real path> <inode>"; 1 when nothing is there. */
static int add_folder(const char *place, const char *root, struct buf *out,
                      struct err *err)
{
	struct buf path = BUF_INIT, found = BUF_INIT;
	char real[PATH_MAX];
	struct stat st;

	if (*place != '/')
		buf_addf(&path, "%s/", root);
	buf_add_str(&path, place);
	add_git_dir(buf_text(&path), &found);
	bool there = realpath(buf_text(&found), real) && stat(real, &st) == 0;
	if (there)
		buf_addf(out, "folder %s %llu", real, (unsigned long long)st.st_ino);
	bool failed = path.failed || found.failed || out->failed;
	buf_wipe(&path);
	buf_wipe(&found);
	if (failed)
		return err_nomem(err, "a remote's place");
	return there ? 0 : 1;
}

static int add_host(const struct remote_url *url, const char *place, struct buf *out,
                    struct err *err)
{
	char machine[HOST_NAME_MAX + 1] = "";

	if (url->loopback && gethostname(machine, sizeof(machine) - 1))
		return err_errno(err, "cannot find this machine's name");
	if (url->kind == REMOTE_HELPER)
		buf_addf(out, "helper %s", place);
	else
		buf_addf(out, "host %s%s%s", machine, url->loopback ? " " : "", place);
	return out->failed ? err_nomem(err, "a remote's place") : 0;
}

int remote_place_find(const char *url, const char *root, struct remote_place *out,
                      struct err *err)
{
	struct remote_url parsed;
	struct buf text = BUF_INIT;
	struct remote_place place;

	int rc = remote_url_parse(url, &parsed, err);
	if (rc)
		return rc;
	const char *where = buf_text(&parsed.place);
	rc = parsed.kind == REMOTE_FOLDER ? add_folder(where, root, &text, err)
	                                  : add_host(&parsed, where, &text, err);
	if (!rc && !sha256_of(text.data, text.size, &place.hash))
		rc = err_nomem(err, "a remote's place");
	if (!rc) {
		memcpy(place.name, parsed.name, sizeof(place.name));
		*out = place;
	}
	buf_wipe(&text);
	remote_url_wipe(&parsed);
	return rc;
}
