#include "agent/git/git_paths.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_refusal.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/git/main_worktree.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

void git_paths_wipe(struct git_paths *p)
{
	free(p->git_dir);
	free(p->common_dir);
	free(p->worktree);
	free(p->store_root);
	free(p->lfs_dir);
	free(p->lfs_tmp);
	*p = (struct git_paths){ 0 };
}

static mode_t current_umask(void)
{
	mode_t mask = umask(0); /* there is no way to ask without setting */

	umask(mask);
	return mask;
}

/* An explicit mode, "0640": files lose its write bits, folders get an x wherever
 * it has an r. */
static struct store_folder_modes modes_of(unsigned long mode)
{
	mode_t file = (mode_t)(mode & 0444);
	mode_t folder = (mode_t)((mode & 0666) | (mode & 0444) >> 2);

	return (struct store_folder_modes){ file, folder | S_ISGID };
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(value, *words) == 0)
			return true;
	return false;
}

/* core.sharedRepository as git reads it. */
static int find_modes(const struct lfs_config *config, mode_t mask,
                      struct store_folder_modes *out, struct err *err)
{
	static const char *const off[] = { "", "umask", "false", "no", "off", "0", NULL };
	static const char *const group[] = { "group", "true", "yes", "on", "1", NULL };
	static const char *const all[] = { "all", "world", "everybody", "2", NULL };
	const char *value = lfs_config_get(config, "core.sharedrepository");
	struct store_folder_modes own = { 0444 & ~mask, 0777 & ~mask };

	if (!value || is_one_of(value, off)) {
		*out = own;
	} else if (is_one_of(value, group)) {
		*out = (struct store_folder_modes){ own.file | 0440, own.folder | 02770 };
	} else if (is_one_of(value, all)) {
		*out = (struct store_folder_modes){ 0444, 02775 };
	} else {
		char *end;
		unsigned long mode = strtoul(value, &end, 8);
		if (*end || end == value || mode > 0777 || (mode & 0600) != 0600)
			return err_set(
				err, ERR_CONFIG,
				"core.sharedRepository is '%s': neither a word that "
				"git knows nor a mode such as 0640",
				value);
		*out = modes_of(mode);
	}
	return 0;
}

/* The lines of `git rev-parse`, in the order they are asked for. */
enum { LINE_GIT_DIR, LINE_COMMON, LINE_INSIDE, LINE_CDUP, LINES };

/* Cuts `text` into its lines in place; a bare repository has no last one. */
static bool cut_lines(char *text, char *lines[LINES])
{
	for (int i = 0; i < LINES; i++) {
		char *end = strchr(text, '\n');
		lines[i] = text;
		if (!end)
			return i == LINE_CDUP && !*text;
		*end = 0;
		text = end + 1;
	}
	return !*text;
}

static int fill_places(char *lines[LINES], struct git_paths *p, struct err *err)
{
	p->git_dir = strdup(lines[LINE_GIT_DIR]);
	p->common_dir = strdup(lines[LINE_COMMON]);
	if (!p->git_dir || !p->common_dir)
		return err_nomem(err, "the repository's paths");
	if (strcmp(lines[LINE_INSIDE], "true") == 0) {
		p->worktree = realpath(*lines[LINE_CDUP] ? lines[LINE_CDUP] : ".", NULL);
		if (!p->worktree)
			return err_errno(err, "cannot find the root of the worktree");
	}
	const struct worktree_place here = { p->git_dir, p->common_dir, p->worktree };
	return main_worktree_find(&here, &p->store_root, err);
}

/* 1 outside a repository. */
static int ask_git(struct git_paths *p, struct err *err)
{
	static const char *const argv[] = { "git",
		                            "rev-parse",
		                            "--path-format=absolute",
		                            "--git-dir",
		                            "--git-common-dir",
		                            "--is-inside-work-tree",
		                            "--show-cdup",
		                            NULL };
	struct buf out = BUF_INIT;
	char *lines[LINES], *text = NULL;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &out, .quiet = true },
	                 &status, err);
	if (!rc && status)
		rc = git_refusal_find(err);
	if (rc)
		goto out;
	text = strdup(buf_text(&out));
	if (!text)
		rc = err_nomem(err, "the repository's paths");
	else if (!cut_lines(text, lines))
		rc = err_set(err, ERR_CONFIG,
		             "the path of this repository has a newline in it; move it");
	else
		rc = fill_places(lines, p, err);
out:
	free(text);
	buf_wipe(&out);
	return rc;
}

static char *joined(const char *folder, const char *name)
{
	struct buf path = BUF_INIT;

	if (*name != '/')
		buf_addf(&path, "%s/", folder);
	buf_add_str(&path, name);
	char *text = path.failed ? NULL : strdup(buf_text(&path));
	buf_wipe(&path);
	return text;
}

/* git-lfs takes a relative lfs.storage from the common git directory. */
static int find_lfs_dir(const struct lfs_config *config, struct git_paths *p,
                        struct err *err)
{
	const char *storage = lfs_config_get(config, "lfs.storage");

	p->lfs_dir = joined(p->common_dir, storage && *storage ? storage : "lfs");
	if (p->lfs_dir)
		p->lfs_tmp = joined(p->lfs_dir, "tmp");
	return p->lfs_tmp ? 0 : err_nomem(err, "the repository's paths");
}

int git_paths_find(const struct lfs_config *config, struct git_paths *out,
                   struct err *err)
{
	struct git_paths found = { .mask = current_umask() };

	int rc = find_modes(config, found.mask, &found.modes, err);
	if (!rc)
		rc = ask_git(&found, err);
	if (!rc)
		rc = find_lfs_dir(config, &found, err);
	if (rc < 0) {
		git_paths_wipe(&found);
		return rc;
	}
	*out = found;
	return rc;
}

char *git_paths_lfs_object(const struct git_paths *p, const struct oid *oid)
{
	char hex[SHA256_HEX + 1];
	struct buf path = BUF_INIT;

	oid_format(oid, hex);
	buf_addf(&path, "%s/objects/%.2s/%.2s/%s", p->lfs_dir, hex, hex + 2, hex);
	char *text = path.failed ? NULL : strdup(buf_text(&path));
	buf_wipe(&path);
	return text;
}

int git_paths_make_folder(const struct git_paths *p, const char *path, struct err *err)
{
	return store_folder_create(path, &p->modes, err);
}
