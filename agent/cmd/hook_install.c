#include "agent/cmd/hook_install.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/program_path.h"
#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/work/random_name.h"

/* hooks/pre-push in the source is the same text for a program on PATH. */
#define MARK "# git-zllm: no push of commits whose LFS objects are not in the store.\n"

enum { HOOK_SIZE_MAX = 65536 };

int hook_install_folder(struct buf *out, struct err *err)
{
	static const char *const argv[] = {
		"git", "rev-parse", "--path-format=absolute", "--git-path", "hooks", NULL
	};
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out }, &status, err);
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
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    buf_reserve(out, HOOK_SIZE_MAX)) {
		ssize_t n = read(fd, out->data + out->size, HOOK_SIZE_MAX - 1);
		out->size += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
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

bool hook_install_same(const char *one, const char *other)
{
	struct buf text = BUF_INIT, second = BUF_INIT;

	read_hook(one, &text);
	read_hook(other, &second);
	bool same = text.size && text.size == second.size &&
	            memcmp(text.data, second.data, text.size) == 0;
	buf_wipe(&text);
	buf_wipe(&second);
	return same;
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

/* A name beside the hook that nobody can have foreseen, and so put a link at. */
static int create_beside(const char *path, struct buf *temp, struct err *err)
{
	char hex[RANDOM_NAME_HEX + 1];
	int rc = random_name(hex, err);

	if (rc)
		return rc;
	buf_addf(temp, "%s.%s", path, hex);
	int fd = open(buf_text(temp),
	              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0777);
	return fd < 0 ? err_errno(err, "cannot write the hook '%s'", path) : fd;
}

/* Whole or not at all, and executable. A link at its name is replaced, not followed. */
static int write_hook(const char *path, struct err *err)
{
	struct buf text = BUF_INIT, temp = BUF_INIT;
	int fd = -1;

	int rc = hook_text(&text, err);
	if (!rc)
		fd = create_beside(path, &temp, err);
	if (rc || fd < 0) {
		rc = rc ? rc : fd;
		goto out;
	}
	if (write(fd, text.data, text.size) != (ssize_t)text.size || fsync(fd) < 0 ||
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
