#include "agent/git/large_blobs.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

void large_blobs_wipe(struct large_blobs *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i].path);
	free(l->list);
	*l = (struct large_blobs)LARGE_BLOBS_INIT;
}

static int run_git(const char *const *argv, const struct buf *input, struct buf *out,
                   struct err *err)
{
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .input = input, .output = out },
	                 &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git %s failed with code %d", argv[1], status);
	return rc;
}

/* "blob <size> <path>" for each blob; other lines for what is none. */
static int list_sizes(const struct buf *revisions, struct buf *out, struct err *err)
{
	static const char *const list_argv[] = {
		"git",
		"rev-list",
		"--objects",
		"--filter=object:type=blob",
		"--missing=allow-any",
		"--ignore-missing",
		"--stdin",
		NULL,
	};
	static const char *const size_argv[] = {
		"git",
		"cat-file",
		"--batch-check=%(objecttype) %(objectsize) %(rest)",
		"--buffer",
		NULL,
	};
	struct buf list = BUF_INIT;

	int rc = run_git(list_argv, revisions, &list, err);
	if (!rc)
		rc = run_git(size_argv, &list, out, err);
	buf_wipe(&list);
	return rc;
}

static int append(struct large_blobs *l, uint64_t size, const char *path, size_t n,
                  struct err *err)
{
	struct large_blob *list = realloc(l->list, (l->count + 1) * sizeof(*list));

	if (!list)
		return err_nomem(err, "a list of large files");
	l->list = list;
	list[l->count] = (struct large_blob){ size, strndup(path, n) };
	if (!list[l->count].path)
		return err_nomem(err, "a list of large files");
	l->count++;
	return 0;
}

static int take_line(struct large_blobs *l, const char *line, size_t n, uint64_t limit,
                     struct err *err)
{
	char *path;

	if (n < 5 || memcmp(line, "blob ", 5) != 0)
		return 0;
	uint64_t size = strtoull(line + 5, &path, 10);
	if (size <= limit || *path != ' ')
		return 0;
	path++;
	return append(l, size, path, (size_t)(line + n - path), err);
}

static int by_path(const void *a, const void *b)
{
	const struct large_blob *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	return order ? order : (left->size < right->size) - (left->size > right->size);
}

static int by_size(const void *a, const void *b)
{
	const struct large_blob *left = a, *right = b;
	int order = (left->size < right->size) - (left->size > right->size);

	return order ? order : strcmp(left->path, right->path);
}

/* Several versions of one path are one file. */
static void sort_unique(struct large_blobs *l)
{
	size_t kept = 0;

	if (!l->count)
		return;
	qsort(l->list, l->count, sizeof(*l->list), by_path);
	for (size_t i = 0; i < l->count; i++) {
		if (kept && strcmp(l->list[kept - 1].path, l->list[i].path) == 0)
			free(l->list[i].path);
		else
			l->list[kept++] = l->list[i];
	}
	l->count = kept;
	qsort(l->list, l->count, sizeof(*l->list), by_size);
}

int large_blobs_find(const struct buf *revisions, uint64_t limit, struct large_blobs *out,
                     struct err *err)
{
	struct large_blobs found = LARGE_BLOBS_INIT;
	struct buf sizes = BUF_INIT;

	int rc = list_sizes(revisions, &sizes, err);
	const char *line = rc ? "" : buf_text(&sizes);
	while (!rc && *line) {
		size_t n = strcspn(line, "\n");
		rc = take_line(&found, line, n, limit, err);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&sizes);
	sort_unique(&found);
	if (rc)
		large_blobs_wipe(&found);
	else
		*out = found;
	return rc;
}
