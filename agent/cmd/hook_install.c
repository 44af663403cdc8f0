#include "agent/cmd/hook_install.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/hook_state.h"
#include "agent/cmd/program_path.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/work/random_name.h"

/* hooks/pre-push in the source is the same text for a program on PATH. */
static int hook_text(struct buf *out, struct err *err)
{
	struct buf path = BUF_INIT;
	bool on_path;

	int rc = program_path(&path, &on_path, err);
	if (!rc) {
		buf_add_str(out, "#!/bin/sh\n" HOOK_MARK "exec ");
		if (on_path)
			buf_add_str(out, "git zllm");
		else
			program_path_quote(buf_text(&path), out);
		buf_add_str(out, " hook pre-push \"$@\"\n");
	}
	buf_wipe(&path);
	return rc;
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

/* Of the folder for hooks, where git made none. */
static const struct store_folder_modes hook_modes = { 0444, 0755 };

/* Puts ours at the hook's name. What was there is kept beside it, where it is another's. */
static int put_ours(struct hook_state *s, struct err *err)
{
	const char *path = buf_text(&s->path), *kept = buf_text(&s->kept_path);

	int rc = store_folder_create(buf_text(&s->folder), &hook_modes, err);
	if (!rc && s->standing == HOOK_MAY_BE_KEPT && rename(path, kept) < 0)
		rc = err_errno(err, "cannot rename '%s'", path);
	return rc ? rc : write_hook(path, err);
}

/* What an older init set aside goes back to where it works. */
static int put_back(struct hook_state *s, struct err *err)
{
	if (rename(buf_text(&s->kept_path), buf_text(&s->path)) < 0)
		return err_errno(err, "cannot rename '%s'", buf_text(&s->kept_path));
	hook_state_wipe(s);
	return hook_state_find(s, err);
}

int hook_install_pre_push(struct hook_state *s, struct err *err)
{
	int rc = 0;

	if (s->standing == HOOK_HIDES_ANOTHER)
		rc = put_back(s, err);
	if (rc || s->standing == HOOK_STAYS || s->standing == HOOK_RUNS_OURS)
		return rc;
	rc = put_ours(s, err);
	if (!rc)
		s->standing = HOOK_IS_OURS;
	return rc;
}
