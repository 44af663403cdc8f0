#include "agent/cmd/hook_file.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOOK_SIZE_MAX = 1 << 20 };

static void read_text(const char *path, struct buf *out)
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

/* The next line of *text, without what is in front of its first word. False at the end. */
static bool next_line(const char **text, const char **line, size_t *n)
{
	const char *at = *text + strspn(*text, " \t\r\n");

	*line = at;
	*n = strcspn(at, "\n");
	*text = at + *n;
	return *at;
}

bool hook_text_calls_us(const char *text)
{
	static const char words[] = "zllm hook pre-push";
	const char *line;
	size_t n;

	while (next_line(&text, &line, &n))
		if (*line != '#' && memmem(line, n, words, sizeof(words) - 1))
			return true;
	return false;
}

static bool begins(const char *line, size_t n, const char *words)
{
	size_t m = strlen(words);

	return n >= m && memcmp(line, words, m) == 0;
}

/* Any line more is somebody's own work, and must not get lost. */
static bool is_by_lfs(const char *text)
{
	bool runs = false;
	const char *line;
	size_t n;

	while (next_line(&text, &line, &n)) {
		bool pushes = begins(line, n, "git lfs pre-push ");
		if (!pushes && *line != '#' && !begins(line, n, "command -v git-lfs "))
			return false;
		runs = runs || pushes;
	}
	return runs;
}

/* Words for its own name or place in sh, bash, perl, ruby, python, node and php. Of a
 * program, which is no text, nobody can tell. */
static bool asks_name(struct buf *text)
{
	static const char *const words[] = { "$0",          "${0",       "BASH_SOURCE",
		                             "ARGV0",       "__file__",  "__FILE__",
		                             "argv[0]",     "__dirname", "__filename",
		                             "PROGRAM_NAME" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(buf_text(text), words[i]))
			return true;
	return text->size && memchr(text->data, 0, text->size);
}

static enum hook_author find_author(const char *text)
{
	if (strstr(text, HOOK_MARK))
		return HOOK_BY_US;
	return is_by_lfs(text) ? HOOK_BY_LFS : HOOK_BY_OTHERS;
}

void hook_file_read(const char *path, struct hook_file *out)
{
	const char *text;

	hook_file_wipe(out);
	if (access(path, F_OK) != 0)
		return;
	read_text(path, &out->text);
	text = buf_text(&out->text);
	out->author = find_author(text);
	out->executable = access(path, X_OK) == 0;
	out->calls_us = hook_text_calls_us(text);
	out->runs_lfs = strstr(text, "lfs pre-push") != NULL;
	out->asks_name = asks_name(&out->text);
}

void hook_file_wipe(struct hook_file *f)
{
	buf_wipe(&f->text);
	*f = (struct hook_file)HOOK_FILE_INIT;
}

bool hook_file_same(const struct hook_file *one, const struct hook_file *other)
{
	return one->text.size && one->text.size == other->text.size &&
	       memcmp(one->text.data, other->text.data, one->text.size) == 0;
}
