#include "agent/cmd/hook_install.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_run.h"
#include "agent/cmd/program_path.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"

/* hooks/pre-push in the source is the same text for a program on PATH. */
#define MARK "# git-zllm: no push of commits whose LFS objects are not in the store.\n"

enum { HOOK_SIZE_MAX = 65536 };

int hook_install_folder(struct buf *out, struct err *err)
{
	static const char *const argv[] = {
		"git", "rev-parse", "--path-format=absolute", "--git-path", "hooks", NULL
	};
	int status;

	int rc = git_run(argv, NULL, 0, 0, out, &status, err);
	if (!rc && (status || !out->size || out->data[out->size - 1] != '\n'))
		rc = err_set(err, ERR_CONFIG, "git does not say where its hooks are");
	if (!rc)
		out->size--;
	return rc;
}

static int hook_text(struct buf *out, struct err *err)
{
	struct buf path = BUF_INIT;
	bool on_path;

	int rc = program_path(&path, &on_path, err);
	if (!rc) {
		buf_add_str(out, "#!/bin/sh\n" MARK "exec ");
		if (on_path)
			buf_add_str(out, "git zllm");
		else
			program_path_quote(buf_text(&path), out);
		buf_add_str(out, " hook pre-push \"$@\"\n");
	}
	buf_wipe(&path);
	return rc;
}

/* Appends the text of a hook; nothing when there is none. */
static void read_hook(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");

	if (f && buf_reserve(out, HOOK_SIZE_MAX))
		out->size += fread(out->data + out->size, 1, HOOK_SIZE_MAX - 1, f);
	if (f)
		fclose(f);
}

static bool hook_has(const char *path, const char *words)
{
	struct buf text = BUF_INIT;

	read_hook(path, &text);
	bool has = strstr(buf_text(&text), words) != NULL;
	buf_wipe(&text);
	return has;
}

bool hook_install_is_ours(const char *path)
{
	return hook_has(path, MARK);
}

bool hook_install_runs_lfs(const char *path)
{
	return hook_has(path, "lfs pre-push");
}

/* git-lfs's own, whose work ours does: nothing is lost with it. */
static bool is_lfs_hook(const char *path)
{
	return hook_has(path, "#!/bin/sh\ncommand -v git-lfs ") &&
	       hook_install_runs_lfs(path);
}

/* Whole or not at all, and executable. */
static int write_hook(const char *path, struct err *err)
{
	struct buf text = BUF_INIT, temp = BUF_INIT;
	int fd = -1;

	int rc = hook_text(&text, err);
	if (rc)
		goto out;
	buf_addf(&temp, "%s.zllm-new", path);
	fd = open(buf_text(&temp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);
	if (fd < 0 || write(fd, text.data, text.size) != (ssize_t)text.size ||
	    rename(buf_text(&temp), path) < 0) {
		rc = err_errno(err, "cannot write the hook '%s'", path);
		unlink(buf_text(&temp));
	}
out:
	if (fd >= 0)
		close(fd);
	buf_wipe(&temp);
	buf_wipe(&text);
	return rc;
}

/* Moves the hook that is there out of the way; 1 when the way is taken. */
static int keep_hook(const char *hook, const char *before, struct err *err)
{
	struct stat st;

	if (lstat(hook, &st) < 0 || hook_install_is_ours(hook))
		return 0;
	if (lstat(before, &st) == 0)
		return is_lfs_hook(hook) ? 0 : 1;
	if (rename(hook, before) < 0)
		return err_errno(err, "cannot rename '%s'", hook);
	return 0;
}

/* Of the folder for hooks, where git made none. */
static const struct store_folder_modes hook_modes = { 0444, 0755 };

int hook_install_pre_push(struct err *err)
{
	struct buf folder = BUF_INIT, hook = BUF_INIT, before = BUF_INIT;

	int rc = hook_install_folder(&folder, err);
	if (!rc)
		rc = store_folder_create(buf_text(&folder), &hook_modes, err);
	if (!rc) {
		buf_addf(&hook, "%s/pre-push", buf_text(&folder));
		buf_addf(&before, "%s/" HOOK_BEFORE, buf_text(&folder));
		rc = keep_hook(buf_text(&hook), buf_text(&before), err);
	}
	if (!rc)
		rc = write_hook(buf_text(&hook), err);
	buf_wipe(&folder);
	buf_wipe(&hook);
	buf_wipe(&before);
	return rc;
}
