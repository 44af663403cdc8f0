#include "agent/cmd/diff_install.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/program_path.h"
#include "agent/git/git_scope.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/work/file_range.h"

#define KEY "diff.zllm.command"
#define ARGUMENTS " diff --driver"
#define ATTRIBUTE "*.safetensors diff=zllm"

enum { ATTRIBUTES_MAX = 1 << 20 /* bytes of .gitattributes that are looked at */ };

/* "git-zllm diff --driver", or with a path, quoted, in front. */
static bool is_ours(const char *value)
{
	size_t n = strlen(value), m = strlen(ARGUMENTS);

	if (n < m || strcmp(value + n - m, ARGUMENTS) != 0)
		return false;
	n -= m;
	if (n && value[n - 1] == '\'')
		n--;
	m = strlen("git-zllm");
	return n >= m && memcmp(value + n - m, "git-zllm", m) == 0;
}

int diff_install_add(const struct git_scope *scope, struct err *err)
{
	struct buf old = BUF_INIT, path = BUF_INIT, command = BUF_INIT;
	bool on_path;
	int rc = git_scope_get(scope, KEY, &old, err);

	if (!rc && !is_ours(buf_text(&old))) {
		report_note(KEY " is '%s', which is not ours; left as it is",
		            buf_text(&old));
		goto out;
	}
	if (rc >= 0)
		rc = program_path(&path, &on_path, err);
	if (!rc && on_path)
		buf_add_str(&command, buf_text(&path));
	else if (!rc)
		program_path_quote(buf_text(&path), &command);
	buf_add_str(&command, ARGUMENTS);
	if (!rc && strcmp(buf_text(&old), buf_text(&command)) != 0)
		rc = git_scope_set(scope, KEY, buf_text(&command), err);
out:
	buf_wipe(&old);
	buf_wipe(&path);
	buf_wipe(&command);
	return rc;
}

int diff_install_remove(const struct git_scope *scope, struct err *err)
{
	struct buf old = BUF_INIT;
	int rc = git_scope_get(scope, KEY, &old, err);

	if (!rc && is_ours(buf_text(&old)))
		rc = git_scope_unset(scope, KEY, err);
	else if (!rc)
		report_note(KEY " is '%s', which is not ours; left as it is",
		            buf_text(&old));
	buf_wipe(&old);
	return rc < 0 ? rc : 0;
}

/* ---------------------------------------------------------------- .gitattributes */

/* Whether some line of `text` sets the attribute, and none below it takes it back, as the
 * line of 'git lfs track' does. */
static bool has_attribute(const char *text)
{
	const char *set = strstr(text, "diff=zllm");

	for (const char *next; set && (next = strstr(set + 1, "diff=zllm"));)
		set = next;
	return set && !strstr(set, "\n*.safetensors filter=lfs diff=lfs");
}

static int append_line(int fd, const struct buf *text, struct err *err)
{
	struct buf line = BUF_INIT;

	if (text->size && text->data[text->size - 1] != '\n')
		buf_add_u8(&line, '\n');
	buf_add_str(&line, ATTRIBUTE "\n");
	if (line.failed)
		return err_nomem(err, ".gitattributes");
	ssize_t n = write(fd, line.data, line.size);
	bool whole = n == (ssize_t)line.size;
	buf_wipe(&line);
	return whole ? 0 : err_errno(err, "cannot write .gitattributes");
}

int diff_install_attribute(const char *worktree, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct stat st;
	int rc = 0;

	buf_addf(&path, "%s/.gitattributes", worktree);
	int fd = open(buf_text(&path),
	              O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	              0666);
	if (fd < 0 || fstat(fd, &st)) {
		rc = err_errno(err, "cannot open %s", buf_text(&path));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = err_set(err, ERR_CONFIG, "%s is not a regular file; remove it",
		             buf_text(&path));
		goto out;
	}
	if (st.st_size > ATTRIBUTES_MAX)
		goto out; /* a file that nobody wrote by hand: left alone */
	if (!buf_reserve(&text, (size_t)st.st_size + 1))
		rc = err_nomem(err, ".gitattributes");
	if (!rc && st.st_size)
		rc = file_range_read(fd, 0, text.data, (size_t)st.st_size, err);
	if (!rc) {
		text.size = (size_t)st.st_size;
		if (!has_attribute(buf_text(&text)))
			rc = append_line(fd, &text, err);
	}
out:
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(err, "cannot write .gitattributes");
	buf_wipe(&path);
	buf_wipe(&text);
	return rc;
}
