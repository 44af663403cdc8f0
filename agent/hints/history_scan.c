#include "agent/hints/history_scan.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"

enum { TIPS_MAX = 4096 };

void history_scan_wipe(struct history_scan *s)
{
	sightings_wipe(&s->brought);
	free(s->local.list);
	free(s->remote.list);
	*s = (struct history_scan)HISTORY_SCAN_INIT;
}

static bool contains(const struct commit_list *tips, const struct commit_id *id)
{
	for (size_t i = 0; i < tips->count; i++)
		if (strcmp(tips->list[i].hex, id->hex) == 0)
			return true;
	return false;
}

static int add_tip(void *ctx, const char *name, const struct commit_id *tip)
{
	struct commit_list *tips = ctx;

	/* git-annex's branch has its logs, and nobody's models. */
	if (strcmp(name, "refs/heads/git-annex") == 0 || contains(tips, tip))
		return 0;
	if (tips->count == tips->cap) {
		size_t cap = tips->cap ? 2 * tips->cap : 16;
		struct commit_id *list = realloc(tips->list, cap * sizeof(*list));
		if (!list)
			return 1;
		tips->list = list;
		tips->cap = cap;
	}
	tips->list[tips->count++] = *tip;
	return tips->count == TIPS_MAX;
}

static void find_tips(struct history_scan *s, struct git_repo *repo, const char *remote)
{
	struct buf prefix = BUF_INIT;
	struct commit_id head;

	if (git_repo_resolve(repo, "HEAD", &head))
		add_tip(&s->local, "HEAD", &head);
	git_repo_each_ref(repo, "refs/heads/", add_tip, &s->local);
	git_repo_each_ref(repo, "refs/tags/", add_tip, &s->local);
	if (remote && *remote) {
		buf_addf(&prefix, "refs/remotes/%s/", remote);
		if (!prefix.failed)
			git_repo_each_ref(repo, buf_text(&prefix), add_tip, &s->remote);
		buf_wipe(&prefix);
	}
}

struct commit_scan {
	struct history_scan *scan;
	struct git_repo *repo;
	const struct commit_id *commit;
};

static int take_pointer(void *ctx, const char *path, const struct lfs_pointer *pointer)
{
	struct commit_scan *c = ctx;

	return !sightings_add(&c->scan->brought, c->commit, path, pointer);
}

static int scan_commit(void *ctx, const struct commit_id *commit)
{
	struct commit_scan *c = ctx;
	struct commit_id parent;
	size_t parents = git_repo_parents(c->repo, commit, &parent, 1);

	c->commit = commit;
	return git_repo_each_new_pointer(c->repo, commit, parents ? &parent : NULL,
	                                 take_pointer, c);
}

static void scan(struct history_scan *s, struct git_repo *repo, size_t hidden_count)
{
	struct commit_scan c = { s, repo, NULL };
	struct commit_range range = { .tips = s->local.list,
		                      .tip_count = s->local.count,
		                      .hidden = s->remote.list,
		                      .hidden_count = hidden_count,
		                      .max = HISTORY_COMMITS_MAX };

	git_repo_walk(repo, &range, scan_commit, &c);
	s->whole = !hidden_count;
}

void history_scan_unpushed(struct history_scan *s, struct git_repo *repo,
                           const char *remote)
{
	find_tips(s, repo, remote);
	scan(s, repo, s->remote.count);
}

void history_scan_whole(struct history_scan *s, struct git_repo *repo)
{
	sightings_wipe(&s->brought);
	scan(s, repo, 0);
}

const struct sighting *history_scan_find(const struct history_scan *s,
                                         const struct oid *oid)
{
	for (size_t i = s->brought.count; i-- > 0;)
		if (oid_equal(&s->brought.list[i].pointer.oid, oid))
			return &s->brought.list[i];
	return NULL;
}
