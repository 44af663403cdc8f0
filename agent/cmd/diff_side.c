#include "agent/cmd/diff_side.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/object_name.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_refusal.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/survey/model_side.h"

enum { FOLDER_MAX = 10000 /* files of one folder */ };

/* ---------------------------------------------------------------- objects, files */

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int add_object(const struct diff_places *places, const struct oid *oid,
                      const char *name, struct model_side *out, struct err *err)
{
	char *local = places->paths ? git_paths_lfs_object(places->paths, oid) : NULL;
	char hex[SHA256_HEX + 1];
	int rc;

	oid_format(oid, hex);
	if (local && is_file(local))
		rc = model_side_add_file(out, name, local, oid, err);
	else if (places->open)
		rc = model_side_add_object(out, name, oid, err);
	else
		rc = err_set(err, ERR_MISSING, "object %s is not here, and the store: %s",
		             hex, places->closed->text);
	free(local);
	return rc;
}

static bool read_pointer(const char *path, struct lfs_pointer *out)
{
	char text[LFS_POINTER_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 && lfs_pointer_parse(text, (size_t)n, out);
}

int diff_side_add_file(const struct diff_places *places, const char *path,
                       const char *name, struct model_side *out, struct err *err)
{
	struct lfs_pointer pointer;

	if (read_pointer(path, &pointer))
		return add_object(places, &pointer.oid, name, out, err);
	return model_side_add_file(out, name, path, NULL, err);
}

/* ---------------------------------------------------------------- folders */

static int is_model_name(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return *entry->d_name != '.' && dot && strcasecmp(dot, ".safetensors") == 0;
}

static int add_folder(const struct diff_places *places, const char *folder,
                      struct model_side *out, struct err *err)
{
	struct dirent **list = NULL;
	int count = scandir(folder, &list, is_model_name, alphasort), rc = 0;

	if (count < 0)
		return err_errno(err, "cannot list %s", folder);
	if (count == 0 || count > FOLDER_MAX)
		rc = err_set(err, ERR_INPUT, "%s holds %s *.safetensors", folder,
		             count ? "too many" : "no");
	for (int i = 0; i < count; i++) {
		struct buf path = BUF_INIT;
		buf_addf(&path, "%s/%s", folder, list[i]->d_name);
		if (!rc)
			rc = diff_side_add_file(places, buf_text(&path), list[i]->d_name,
			                        out, err);
		buf_wipe(&path);
		free(list[i]);
	}
	free(list);
	return rc;
}

/* ---------------------------------------------------------------- revisions */

static int is_revision(const char *rev, bool *out, struct err *err)
{
	struct buf spec = BUF_INIT, id = BUF_INIT;
	int status;

	buf_addf(&spec, "%s^{commit}", rev);
	const char *argv[] = { "git", "rev-parse",        "--verify",
		               "-q",  "--end-of-options", buf_text(&spec),
		               NULL };
	int rc = git_run(argv, &(struct git_run_io){ .output = &id, .quiet = true },
	                 &status, err);
	*out = !rc && !status;
	buf_wipe(&spec);
	buf_wipe(&id);
	return rc;
}

/* 1 when git knows no such revision. */
static int add_revision(const struct diff_places *places, const char *rev,
                        struct model_side *out, struct err *err)
{
	static const char *const trees_only[] = { "--no-walk", NULL };
	struct lfs_objects objects = LFS_OBJECTS_INIT;
	struct buf revisions = BUF_INIT;

	bool known = false;

	if (*rev == '-' || *rev == '^' || strchr(rev, '\n'))
		return 1;
	int rc = is_revision(rev, &known, err);
	if (rc || !known)
		return rc ? rc : 1;
	buf_addf(&revisions, "%s\n", rev);
	rc = lfs_objects_add(&objects, &revisions, trees_only, err);
	lfs_objects_unique(&objects);
	if (!rc && !objects.count)
		rc = err_set(err, ERR_INPUT, "%s has no LFS objects", rev);
	for (size_t i = 0; !rc && i < objects.count; i++)
		rc = add_object(places, &objects.list[i].oid, objects.list[i].path, out,
		                err);
	lfs_objects_wipe(&objects);
	buf_wipe(&revisions);
	return rc;
}

/* ---------------------------------------------------------------- all */

/* What a part is called: in <rev>:<path> the path. */
static const char *part_name(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon && colon[1] ? colon + 1 : word;
}

int diff_side_add(const struct diff_places *places, const char *word,
                  struct model_side *out, struct err *err)
{
	struct stat st;
	struct oid oid;
	struct err why = ERR_INIT;
	int rc = 1;

	if (stat(word, &st) == 0 && S_ISREG(st.st_mode))
		return diff_side_add_file(places, word, word, out, err);
	if (stat(word, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(places, word, out, err);
	if (oid_parse(word, &oid))
		return add_object(places, &oid, word, out, err);
	if (places->paths && object_name_resolve(word, &oid, &why) == 0)
		return add_object(places, &oid, part_name(word), out, err);
	if (places->paths && !strchr(word, ':') && *word)
		rc = add_revision(places, word, out, err);
	if (rc == 1 && places->paths && strchr(word, ':'))
		return err_set(err, why.code, "%s", why.text);
	if (rc == 1 && !places->paths)
		rc = git_refusal_find(err); /* the word may be right, in there */
	if (rc == 1)
		rc = err_set(err, ERR_INPUT,
		             "'%s' is not a file, revision, <rev>:<path> or oid", word);
	return rc;
}
