/* The base that the user set: `git zllm base`, kept in .zllm. */
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/hints/base_setting.h"
#include "agent/hints/history.h"
#include "agent/hints/history_private.h"
#include "agent/hints/history_rank.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"

/* The models of a commit below a folder (ended by '/'; "" is all), likest first. */
static void add_models(struct question *q, const struct commit_id *commit,
                       const char *folder)
{
	const struct sightings *models = history_models_of(q->h, commit);
	struct sightings found = SIGHTINGS_INIT;
	size_t n = strlen(folder);

	for (size_t i = 0; i < models->count; i++)
		if (strncmp(models->list[i].path, folder, n) == 0)
			sightings_add(&found, commit, models->list[i].path,
			              &models->list[i].pointer);
	history_rank(&found, q->where ? q->where->path : NULL, q->size);
	for (size_t i = 0; i < found.count; i++)
		question_add_file(q, &found.list[i].commit, found.list[i].path,
		                  &found.list[i].pointer);
	sightings_wipe(&found);
}

/* A file, or a folder of models, of that commit. */
static void add_path(struct question *q, const struct commit_id *commit, const char *path)
{
	struct lfs_pointer pointer;
	char folder[BASE_VALUE_MAX + 2];
	size_t n = strlen(path);

	if (git_repo_pointer_at(q->h->repo, commit, path, &pointer)) {
		question_add_file(q, commit, path, &pointer);
		return;
	}
	if (n > BASE_VALUE_MAX || !n)
		return;
	memcpy(folder, path, n + 1);
	if (folder[n - 1] != '/')
		memcpy(folder + n, "/", 2);
	add_models(q, commit, strcmp(folder, "./") == 0 ? "" : folder);
}

/* `git zllm base` has checked that the value is one of these, and that it was there;
 * that may have changed since, or not be known in this clone. */
static void add_value(struct question *q, const char *value)
{
	const struct commit_list *local = &q->h->scan.local;
	struct model_name name;
	struct commit_id commit;
	struct oid oid;
	size_t before = q->out->count;

	/* 64 digits are a commit of a SHA-256 repository, else an object of the store */
	if (oid_parse(value, &oid) &&
	    !(q->h->repo && git_repo_resolve(q->h->repo, value, &commit))) {
		question_add_object(q, &oid, NULL);
		return;
	}
	if (q->h->repo && q->where)
		add_path(q, &q->where->commit, value);
	if (q->h->repo && local->count)
		add_path(q, &local->list[0], value);
	if (q->out->count == before && q->h->repo &&
	    git_repo_resolve(q->h->repo, value, &commit))
		add_models(q, &commit, "");
	if (q->out->count == before && model_name_parse(value, strlen(value), &name))
		question_add_named(q, &name);
}

const struct base_setting *history_setting(struct history *h)
{
	struct err ignored = ERR_INIT;

	if (!h->setting_read) {
		h->setting_read = true;
		if (h->paths->git_dir &&
		    base_setting_read(h->paths->worktree, &h->setting, &ignored))
			h->setting = NULL;
	}
	return h->setting;
}

void history_user_hints(struct question *q)
{
	const struct base_setting *setting = history_setting(q->h);
	const char *values[BASE_VALUES_MAX];
	size_t count = 0;

	if (setting)
		count = base_setting_bases(setting, q->where ? q->where->path : NULL,
		                           values);
	for (size_t i = 0; i < count; i++)
		q->out->never |= strcmp(values[i], BASE_SETTING_NONE) == 0;
	question_begin_tier(q, BASE_SOURCE_USER, HINTS_MAX);
	for (size_t i = 0; i < count && !q->out->never; i++)
		add_value(q, values[i]);
}
