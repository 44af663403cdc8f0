#include "agent/where/repo_id.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/git/remote_ways.h"
#include "agent/hints/model_name.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "codec/common/sha256.h"
#include "index/work/random_name.h"

enum {
	FILES_MAX = 64,      /* different .lfsconfigs that are looked at */
	FILE_MAX = 64 << 10, /* bytes of one: more was not written by hand */
	OBJECT_HEX_MAX = 64
};

/* What git answers; nothing where it refuses: then it is not known. */
static int ask(const char *const *argv, const struct buf *input, struct buf *out,
               struct err *err)
{
	int status;
	size_t before = out->size;

	int rc = git_run(
		argv,
		&(struct git_run_io){ .input = input, .output = out, .quiet = true },
		&status, err);
	if (!rc && status)
		out->size = before;
	return rc;
}

/* ---------------------------------------------------------------- what refs have */

/* Takes the id that the blob `object`, a .lfsconfig, names. */
static int take_from_file(const char *object, struct repo_id *out, struct err *err)
{
	const char *const argv[] = { "git",   "config",  "--blob", object,
		                     "--get", "lfs.url", NULL };
	struct store_url url = { 0 };
	struct buf text = BUF_INIT;

	int rc = ask(argv, NULL, &text, err);
	if (!rc && text.size && text.data[text.size - 1] == '\n')
		text.size--;
	if (!rc && store_url_is_ours(buf_text(&text)) &&
	    store_url_parse(buf_text(&text), &url, NULL) == 0) {
		memcpy(out->hex, url.repo_id, sizeof(out->hex));
		out->origin = REPO_ID_OF_REF;
	}
	store_url_wipe(&url);
	buf_wipe(&text);
	return rc;
}

struct files {
	char seen[FILES_MAX][OBJECT_HEX_MAX + 1];
	size_t count;
};

/* Whether a line of cat-file names a small blob that was not met before; its name is
 * then the last of `files`. */
static bool is_new_file(struct files *files, const char *line, size_t n)
{
	const char *space = memchr(line, ' ', n);
	size_t hex = space ? (size_t)(space - line) : 0;

	if (!hex || hex > OBJECT_HEX_MAX || n - hex < 6 ||
	    memcmp(space, " blob ", 6) != 0 || strtoull(space + 6, NULL, 10) > FILE_MAX ||
	    files->count == FILES_MAX)
		return false;
	for (size_t i = 0; i < files->count; i++)
		if (strlen(files->seen[i]) == hex &&
		    memcmp(files->seen[i], line, hex) == 0)
			return false;
	memcpy(files->seen[files->count], line, hex);
	files->seen[files->count++][hex] = 0;
	return true;
}

/* `names`: revisions of .lfsconfig files, one to a line, in order of preference. */
static int find_in_files(const struct buf *names, struct files *files,
                         struct repo_id *out, struct err *err)
{
	static const char *const argv[] = { "git", "cat-file", "--batch-check", NULL };
	struct buf answer = BUF_INIT;

	int rc = names->size ? ask(argv, names, &answer, err) : 0;
	const char *line = rc ? "" : buf_text(&answer);
	while (!rc && *line && !*out->hex) {
		size_t n = strcspn(line, "\n");
		if (is_new_file(files, line, n))
			rc = take_from_file(files->seen[files->count - 1], out, err);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&answer);
	return rc;
}

static int find_on_refs(struct repo_id *out, struct err *err)
{
	static const char *const folders[] = { "refs/remotes/", "refs/heads/",
		                               "refs/tags/" };
	struct files files = { .count = 0 };
	struct buf names = BUF_INIT;

	buf_add_str(&names, ":.lfsconfig\nHEAD:.lfsconfig\n");
	int rc = find_in_files(&names, &files, out, err);
	for (size_t i = 0; !rc && !*out->hex && i < sizeof(folders) / sizeof(*folders);
	     i++) {
		const char *const argv[] = {
			"git",          "for-each-ref",
			"--count=4096", "--format=%(objectname):.lfsconfig",
			folders[i],     NULL
		};
		names.size = 0;
		rc = ask(argv, NULL, &names, err);
		if (!rc)
			rc = find_in_files(&names, &files, out, err);
	}
	buf_wipe(&names);
	return rc;
}

/* ---------------------------------------------------------------- what is derived */

/* Of "git-zllm <what> <text>". */
static int derive(const char *what, const char *text, enum repo_id_origin origin,
                  struct repo_id *out, struct err *err)
{
	struct buf line = BUF_INIT;
	struct oid digest;

	buf_addf(&line, "git-zllm %s %s", what, text);
	bool hashed = !line.failed && sha256_of(line.data, line.size, &digest);
	buf_wipe(&line);
	if (!hashed)
		return err_nomem(err, "the repository's id");
	hex_format(digest.bytes, REPO_ID_HEX / 2, out->hex);
	out->origin = origin;
	return 0;
}

/* Whether `commit` has parents: rev-list shows a shallow clone's last commits as if
 * they had none, the commit itself tells. */
static int has_parents(const char *commit, bool *out, struct err *err)
{
	const char *const argv[] = { "git",      "--no-replace-objects",
		                     "cat-file", "commit",
		                     commit,     NULL };
	struct buf text = BUF_INIT;

	int rc = ask(argv, NULL, &text, err);
	const char *line = strchr(buf_text(&text), '\n'); /* the first is the tree's */
	*out = !line || strncmp(line + 1, "parent ", 7) == 0;
	buf_wipe(&text);
	return rc;
}

static int derive_from_root(struct repo_id *out, struct err *err)
{
	static const char *const argv[] = { "git",
		                            "--no-replace-objects",
		                            "rev-list",
		                            "--first-parent",
		                            "--max-parents=0",
		                            "HEAD",
		                            "--",
		                            NULL };
	struct buf text = BUF_INIT;
	bool cut = true;

	int rc = ask(argv, NULL, &text, err);
	if (!rc && text.size && text.data[text.size - 1] == '\n')
		text.size--;
	if (!rc && text.size)
		rc = has_parents(buf_text(&text), &cut, err);
	out->shallow = !rc && text.size && cut;
	if (!rc && text.size && !cut)
		rc = derive("root", buf_text(&text), REPO_ID_OF_ROOT, out, err);
	buf_wipe(&text);
	return rc;
}

static int make_random(struct repo_id *out, struct err *err)
{
	out->origin = REPO_ID_RANDOM;
	return random_name(out->hex, err);
}

/* What others find as well; out->hex stays "" where there is nothing. */
static int find_common(const struct lfs_config *config, struct repo_id *out,
                       struct err *err)
{
	const char *url = lfs_config_get(config, "remote.origin.url");
	struct model_name name;

	*out = (struct repo_id){ .origin = REPO_ID_RANDOM };
	int rc = find_on_refs(out, err);
	if (!rc && !*out->hex)
		rc = derive_from_root(out, err);
	if (!rc && !*out->hex && url && model_name_from_url(url, &name))
		rc = derive("remote", name.text, REPO_ID_OF_REMOTE, out, err);
	return rc;
}

int repo_id_find(const struct lfs_config *config, struct repo_id *out, struct err *err)
{
	int rc = find_common(config, out, err);

	return rc || *out->hex ? rc : make_random(out, err);
}

static int derive_from_place(const struct lfs_config *config, const char *root,
                             const char *remote, struct repo_id *out, struct err *err)
{
	const struct remote_view view = { config, root };
	struct remote_ways ways = REMOTE_WAYS_INIT;
	char hex[SHA256_HEX + 1];

	int rc = remote_ways_add_push(&ways, &view, remote, err);
	if (!rc && ways.count) {
		oid_format(&ways.list[0].place.hash, hex);
		rc = derive("place", hex, REPO_ID_OF_REMOTE, out, err);
	}
	remote_ways_wipe(&ways);
	return rc;
}

int repo_id_of_push(const struct lfs_config *config, const char *root, const char *remote,
                    char out[REPO_ID_HEX + 1], struct err *err)
{
	struct repo_id found;
	int rc = find_common(config, &found, err);

	if (!rc && !*found.hex)
		rc = derive_from_place(config, root, remote, &found, err);
	if (rc)
		return rc;
	memcpy(out, found.hex, sizeof(found.hex));
	return *out ? 0 : 1;
}
