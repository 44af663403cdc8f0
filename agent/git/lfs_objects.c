/*
 *   git rev-list --objects, blobs below the size of a pointer only
 *      -> "<object> <path>" lines
 *   git cat-file --batch-check   which of these are blobs below that size
 *   git cat-file --batch         their bytes: which of these are pointers
 *
 * rev-list shows commits too, whatever its filter says, hence the second step.
 */
#include "agent/git/lfs_objects.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { ARGUMENTS_MAX = 8, WORDS_MAX = ARGUMENTS_MAX + 10 };

void lfs_objects_wipe(struct lfs_objects *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->list[i].path);
	free(o->list);
	*o = (struct lfs_objects)LFS_OBJECTS_INIT;
}

int lfs_objects_append(struct lfs_objects *o, const struct lfs_object *object,
                       struct err *err)
{
	if (o->count == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 64;
		struct lfs_object *list = realloc(o->list, cap * sizeof(*list));
		if (!list)
			return err_nomem(err, "a list of LFS objects");
		o->list = list;
		o->cap = cap;
	}
	char *path = strdup(object->path);
	if (!path)
		return err_nomem(err, "a list of LFS objects");
	o->list[o->count++] = (struct lfs_object){ object->oid, object->size, path };
	return 0;
}

static int by_oid(const void *a, const void *b)
{
	const struct lfs_object *left = a, *right = b;
	int order = oid_compare(&left->oid, &right->oid);

	return order ? order : strcmp(left->path, right->path);
}

static int by_path(const void *a, const void *b)
{
	const struct lfs_object *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	return order ? order : oid_compare(&left->oid, &right->oid);
}

void lfs_objects_unique(struct lfs_objects *o)
{
	size_t kept = 0;

	if (!o->count)
		return;
	qsort(o->list, o->count, sizeof(*o->list), by_oid);
	for (size_t i = 0; i < o->count; i++) {
		if (kept && oid_equal(&o->list[kept - 1].oid, &o->list[i].oid))
			free(o->list[i].path);
		else
			o->list[kept++] = o->list[i];
	}
	o->count = kept;
	qsort(o->list, o->count, sizeof(*o->list), by_path);
}

static int by_oid_alone(const void *a, const void *b)
{
	const struct lfs_object *const *left = a, *const *right = b;

	return oid_compare(&(*left)->oid, &(*right)->oid);
}

int lfs_objects_remove(struct lfs_objects *o, const struct lfs_objects *others,
                       struct err *err)
{
	const struct lfs_object **sorted = calloc(others->count ? others->count : 1,
	                                          sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return err_nomem(err, "a list of LFS objects");
	for (size_t i = 0; i < others->count; i++)
		sorted[i] = &others->list[i];
	qsort(sorted, others->count, sizeof(*sorted), by_oid_alone);
	for (size_t i = 0; i < o->count; i++) {
		const struct lfs_object *one = &o->list[i];
		if (bsearch(&one, sorted, others->count, sizeof(*sorted), by_oid_alone))
			free(o->list[i].path);
		else
			o->list[kept++] = o->list[i];
	}
	o->count = kept;
	free(sorted);
	return 0;
}

/* "git [--git-dir <dir>]", and more by add_word(). */
struct words {
	const char *argv[WORDS_MAX + 1];
	size_t n;
};

static void add_word(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		w->argv[w->n++] = word;
}

static struct words begin_git(const struct lfs_objects_source *from)
{
	struct words w = { .n = 0 };

	add_word(&w, "git");
	if (from->git_dir) {
		add_word(&w, "--git-dir");
		add_word(&w, from->git_dir);
	}
	if (from->missing == LFS_OBJECTS_DEMANDED)
		add_word(&w, "--no-replace-objects");
	return w;
}

static int list_blobs(const struct lfs_objects_source *from, struct buf *out,
                      struct err *err)
{
	struct words w = begin_git(from);
	int status;

	add_word(&w, "rev-list");
	add_word(&w, "--objects");
	add_word(&w, "--filter=blob:limit=1024");
	add_word(&w, "--filter=object:type=blob");
	if (from->missing == LFS_OBJECTS_PASSED_OVER)
		add_word(&w, "--missing=allow-any");
	for (size_t i = 0; from->arguments && from->arguments[i]; i++) {
		if (i == ARGUMENTS_MAX)
			return err_set(err, ERR_INPUT,
			               "too many arguments for git rev-list");
		add_word(&w, from->arguments[i]);
	}
	add_word(&w, "--stdin"); /* last: git reads it as it comes to it */
	int rc = git_run(w.argv,
	                 &(struct git_run_io){ .input = from->revisions, .output = out },
	                 &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_INPUT, "git cannot list what these revisions hold");
	return rc;
}

static int cat_file(const struct lfs_objects_source *from, const char *mode,
                    const struct buf *input, struct buf *out, struct err *err)
{
	struct words w = begin_git(from);
	int status;

	add_word(&w, "cat-file");
	add_word(&w, mode);
	add_word(&w, "--buffer");
	int rc = git_run(w.argv, &(struct git_run_io){ .input = input, .output = out },
	                 &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git cat-file failed with code %d", status);
	return rc;
}

/* The next line of *text, ended in place; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text;
	char *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = 0;
	*text = end + 1;
	return line;
}

/* The path in a line of rev-list, whose first word is then ended. */
static char *cut_path(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		return line + strlen(line);
	*space = 0;
	return space + 1;
}

/* Objects without their paths, one to a line. */
static void add_names(const char *list, struct buf *out)
{
	while (*list) {
		size_t n = strcspn(list, "\n");
		buf_addf(out, "%.*s\n", (int)strcspn(list, " \n"), list);
		list += n + (list[n] == '\n');
	}
}

/* Keeps the lines of `list` that `check` calls small blobs: the answers come in
 * the order of the questions. */
static void keep_small_blobs(char *list, char *check, struct buf *kept)
{
	char *line, *answer;

	while ((line = next_line(&list)) && (answer = next_line(&check))) {
		const char *type = cut_path(answer);
		if (strncmp(type, "blob ", 5) != 0 ||
		    strtoull(type + 5, NULL, 10) > LFS_POINTER_MAX)
			continue;
		buf_addf(kept, "%s\n", line);
	}
}

/* One answer of cat-file: "<name> blob <size> LF <bytes> LF". False at the end. */
static bool next_blob(const struct buf *blobs, size_t *at, const uint8_t **bytes,
                      size_t *n)
{
	if (*at >= blobs->size)
		return false;
	const char *head = (const char *)blobs->data + *at;
	const char *end = memchr(head, '\n', blobs->size - *at);
	if (!end)
		return false;
	const char *type = memmem(head, (size_t)(end - head), " blob ", 6);
	size_t used = (size_t)(end + 1 - head);
	size_t left = blobs->size - *at - used;
	size_t size = type ? strtoull(type + 6, NULL, 10) : 0;
	if (type && (size >= left || size > LFS_POINTER_MAX))
		return false;
	*bytes = (const uint8_t *)end + 1;
	*n = size;
	*at += used + (type ? size + 1 : 0);
	return true;
}

static int take_pointers(struct lfs_objects *o, char *list, const struct buf *blobs,
                         struct err *err)
{
	const uint8_t *bytes;
	size_t at = 0, n;
	char *line;
	int rc = 0;

	while (!rc && (line = next_line(&list)) && next_blob(blobs, &at, &bytes, &n)) {
		struct lfs_pointer pointer;
		if (!lfs_pointer_parse(bytes, n, &pointer) || !pointer.size)
			continue;
		struct lfs_object object = { pointer.oid, pointer.size, cut_path(line) };
		rc = lfs_objects_append(o, &object, err);
	}
	return rc;
}

int lfs_objects_add(struct lfs_objects *o, const struct buf *revisions,
                    const char *const *arguments, struct err *err)
{
	const struct lfs_objects_source from = { .revisions = revisions,
		                                 .arguments = arguments };

	return lfs_objects_add_from(o, &from, err);
}

int lfs_objects_add_from(struct lfs_objects *o, const struct lfs_objects_source *from,
                         struct err *err)
{
	struct buf list = BUF_INIT, names = BUF_INIT, check = BUF_INIT;
	struct buf kept = BUF_INIT, blobs = BUF_INIT;

	int rc = list_blobs(from, &list, err);
	if (rc)
		goto out;
	add_names(buf_text(&list), &names);
	rc = cat_file(from, "--batch-check", &names, &check, err);
	if (rc)
		goto out;
	buf_text(&list);
	buf_text(&check);
	if (list.size && check.size)
		keep_small_blobs((char *)list.data, (char *)check.data, &kept);
	names.size = 0;
	add_names(buf_text(&kept), &names);
	rc = cat_file(from, "--batch", &names, &blobs, err);
	if (!rc && (list.failed || names.failed || check.failed || kept.failed))
		rc = err_nomem(err, "what git lists");
	if (!rc && kept.size)
		rc = take_pointers(o, (char *)kept.data, &blobs, err);
out:
	buf_wipe(&list);
	buf_wipe(&names);
	buf_wipe(&check);
	buf_wipe(&kept);
	buf_wipe(&blobs);
	return rc;
}
