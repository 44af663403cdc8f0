/*
 * The walk over commits, and the comparison of trees, which reads nothing of what both
 * have: alike for all ways to read a repository.
 */
#include "agent/git/git_repo.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/annex_link.h"
#include "agent/git/commit_walk.h"
#include "agent/git/git_object.h"
#include "agent/git/git_way.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"

enum {
	TREE_DEPTH_MAX = 64,
	TREE_PATH_MAX = 4096,      /* bytes */
	TREE_SIZE_MAX = 64 << 20,  /* bytes: a folder of a million files */
	COMMIT_SIZE_MAX = 16 << 20 /* bytes, message and signatures included */
};

struct git_repo {
	const struct git_way *way;
	void *opened; /* what its functions take */
	size_t id_size;
	bool annex; /* its files are pointers too */
};

struct git_repo *git_repo_open_by(const struct git_way *way, const char *git_dir)
{
	struct git_repo *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->way = way;
	r->opened = way->open(git_dir, &r->id_size);
	if (r->opened)
		return r;
	free(r);
	return NULL;
}

struct git_repo *git_repo_open(const char *git_dir)
{
	static const struct git_way *const ways[] = { &git_way_library,
		                                      &git_way_program };
	struct git_repo *r = NULL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !r; i++)
		r = git_repo_open_by(ways[i], git_dir);
	return r;
}

void git_repo_know_annex(struct git_repo *r)
{
	r->annex = true;
}

void git_repo_free(struct git_repo *r)
{
	if (!r)
		return;
	r->way->close(r->opened);
	free(r);
}

const char *git_repo_way(const struct git_repo *r)
{
	return r->way->name;
}

/* ---------------------------------------------------------------- objects */

static bool read_object(struct git_repo *r, const struct git_wanted *wanted,
                        struct buf *out)
{
	return r->way->read(r->opened, wanted, out);
}

static bool find_commit(struct git_repo *r, const struct commit_id *id,
                        struct git_commit *out)
{
	struct git_wanted wanted = { id->hex, GIT_KIND_COMMIT, COMMIT_SIZE_MAX };
	struct buf bytes = BUF_INIT;
	bool found = read_object(r, &wanted, &bytes) &&
	             git_commit_parse(bytes.data, bytes.size, r->id_size, out);

	buf_wipe(&bytes);
	return found;
}

/* `id` as it stands in a tree. */
static bool read_by_id(struct git_repo *r, const uint8_t *id, struct git_wanted wanted,
                       struct buf *out)
{
	struct commit_id name;

	git_id_format(id, r->id_size, &name);
	wanted.hex = name.hex;
	return read_object(r, &wanted, out);
}

static bool read_subtree(struct git_repo *r, const struct git_tree_entry *entry,
                         struct buf *out)
{
	struct git_wanted wanted = { NULL, GIT_KIND_TREE, TREE_SIZE_MAX };

	return entry && entry->mode == GIT_MODE_TREE &&
	       read_by_id(r, entry->id, wanted, out);
}

static bool read_root(struct git_repo *r, const struct commit_id *id, struct buf *out)
{
	struct git_commit commit;

	if (!id || !find_commit(r, id, &commit))
		return false;
	struct git_wanted wanted = { commit.tree.hex, GIT_KIND_TREE, TREE_SIZE_MAX };
	return read_object(r, &wanted, out);
}

static bool read_pointer(struct git_repo *r, const uint8_t *id, struct lfs_pointer *out)
{
	struct git_wanted wanted = { NULL, GIT_KIND_BLOB, LFS_POINTER_MAX };
	struct buf bytes = BUF_INIT;
	bool is = read_by_id(r, id, wanted, &bytes) &&
	          (lfs_pointer_parse(bytes.data, bytes.size, out) ||
	           (r->annex && annex_link_parse(buf_text(&bytes), bytes.size, out)));

	buf_wipe(&bytes);
	return is;
}

/* A link is one only to git-annex. */
static bool may_be_pointer(const struct git_repo *r, enum git_mode mode)
{
	return mode == GIT_MODE_FILE || (r->annex && mode == GIT_MODE_LINK);
}

bool git_repo_resolve(struct git_repo *r, const char *rev, struct commit_id *out)
{
	return r->way->resolve(r->opened, rev, out);
}

/* ---------------------------------------------------------------- paths */

/* The entry called by the first `n` bytes of `name`. */
static bool find_entry(struct git_tree_cursor tree, const char *name, size_t n,
                       struct git_tree_entry *out)
{
	while (git_tree_cursor_next(&tree, out))
		if (strlen(out->name) == n && memcmp(out->name, name, n) == 0)
			return true;
	return false;
}

/* The file or link at `path`, whose entry lies in the bytes of *tree then. */
static bool find_file(struct git_repo *r, const struct commit_id *commit,
                      const char *path, struct buf *tree, struct git_tree_entry *out)
{
	bool found = read_root(r, commit, tree);

	while (found) {
		size_t n = strcspn(path, "/");
		struct buf below = BUF_INIT;
		if (!find_entry(git_tree_cursor_over(tree->data, tree->size, r->id_size),
		                path, n, out))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
		found = read_subtree(r, out, &below);
		buf_wipe(tree);
		*tree = below;
	}
	return false;
}

bool git_repo_pointer_at(struct git_repo *r, const struct commit_id *commit,
                         const char *path, struct lfs_pointer *out)
{
	struct buf tree = BUF_INIT;
	struct git_tree_entry entry;
	bool found = find_file(r, commit, path, &tree, &entry) &&
	             read_pointer(r, entry.id, out);

	buf_wipe(&tree);
	return found;
}

bool git_repo_text_at(struct git_repo *r, const struct commit_id *commit,
                      const char *path, size_t max, struct buf *out)
{
	struct git_wanted wanted = { NULL, GIT_KIND_BLOB, max };
	struct buf tree = BUF_INIT;
	struct git_tree_entry entry;
	bool found = find_file(r, commit, path, &tree, &entry) &&
	             entry.mode == GIT_MODE_FILE && read_by_id(r, entry.id, wanted, out);

	buf_wipe(&tree);
	return found;
}

/* ---------------------------------------------------------------- trees */

/* A walk over one tree beside another. */
struct tree_walk {
	struct git_repo *r;
	git_pointer_fn *each;
	void *ctx;
	struct buf path; /* of the folder we are in, ended by '/' */
	unsigned depth;
};

static int walk_tree(struct tree_walk *w, const struct buf *tree,
                     const struct buf *other);

static int visit_folder(struct tree_walk *w, const struct git_tree_entry *entry,
                        const struct git_tree_entry *other)
{
	struct buf tree = BUF_INIT, other_tree = BUF_INIT;
	int rc = 0;

	buf_add_u8(&w->path, '/');
	if (w->depth < TREE_DEPTH_MAX && w->path.size < TREE_PATH_MAX &&
	    read_subtree(w->r, entry, &tree)) {
		read_subtree(w->r, other, &other_tree);
		rc = walk_tree(w, &tree, &other_tree);
	}
	buf_wipe(&tree);
	buf_wipe(&other_tree);
	return rc;
}

/* `other` is what the other tree has under this name, or NULL. */
static int visit_entry(struct tree_walk *w, const struct git_tree_entry *entry,
                       const struct git_tree_entry *other)
{
	size_t folder = w->path.size;
	struct lfs_pointer pointer;
	int rc = 0;

	if (other && memcmp(entry->id, other->id, w->r->id_size) == 0)
		return 0;
	buf_add_str(&w->path, entry->name);
	if (entry->mode == GIT_MODE_TREE)
		rc = visit_folder(w, entry, other);
	else if (may_be_pointer(w->r, entry->mode) &&
	         read_pointer(w->r, entry->id, &pointer))
		rc = w->each(w->ctx, buf_text(&w->path), &pointer);
	w->path.size = folder;
	return rc;
}

/* Both are in git's order, so that each is gone through once. */
static int walk_tree(struct tree_walk *w, const struct buf *tree, const struct buf *other)
{
	struct git_tree_cursor ours = git_tree_cursor_over(tree->data, tree->size,
	                                                   w->r->id_size),
			       theirs = git_tree_cursor_over(other->data, other->size,
	                                                     w->r->id_size);
	struct git_tree_entry entry, old;
	bool has_old = git_tree_cursor_next(&theirs, &old);
	int rc = 0;

	w->depth++;
	while (!rc && git_tree_cursor_next(&ours, &entry)) {
		while (has_old && git_tree_entry_compare(&old, &entry) < 0)
			has_old = git_tree_cursor_next(&theirs, &old);
		bool both = has_old && git_tree_entry_compare(&old, &entry) == 0;
		rc = visit_entry(w, &entry, both ? &old : NULL);
	}
	w->depth--;
	return rc;
}

int git_repo_each_new_pointer(struct git_repo *r, const struct commit_id *commit,
                              const struct commit_id *other, git_pointer_fn *each,
                              void *ctx)
{
	struct tree_walk w = { r, each, ctx, BUF_INIT, 0 };
	struct buf tree = BUF_INIT, other_tree = BUF_INIT;
	int rc = 0;

	if (read_root(r, commit, &tree)) {
		read_root(r, other, &other_tree);
		rc = walk_tree(&w, &tree, &other_tree);
	}
	buf_wipe(&tree);
	buf_wipe(&other_tree);
	buf_wipe(&w.path);
	return rc;
}

int git_repo_each_pointer(struct git_repo *r, const struct commit_id *commit,
                          git_pointer_fn *each, void *ctx)
{
	return git_repo_each_new_pointer(r, commit, NULL, each, ctx);
}

/* ---------------------------------------------------------------- commits */

size_t git_repo_parents(struct git_repo *r, const struct commit_id *commit,
                        struct commit_id *out, size_t max)
{
	struct git_commit c;

	if (!find_commit(r, commit, &c))
		return 0;
	for (size_t i = 0; i < c.facts.parent_count && i < max; i++)
		out[i] = c.facts.parents[i];
	return c.all_parents;
}

/* What commit_walk.c needs to know of one commit. */
static bool describe_commit(void *ctx, const struct commit_id *id,
                            struct commit_facts *out)
{
	struct git_commit c;

	if (!find_commit(ctx, id, &c))
		return false;
	*out = c.facts;
	return true;
}

int git_repo_walk(struct git_repo *r, const struct commit_range *range,
                  int (*each)(void *ctx, const struct commit_id *commit), void *ctx)
{
	struct commit_walk *w = commit_walk_new(describe_commit, r, range->max);
	struct commit_id next;
	int rc = 0;

	for (size_t i = 0; w && i < range->hidden_count; i++)
		commit_walk_hide(w, &range->hidden[i]);
	for (size_t i = 0; w && i < range->tip_count; i++)
		commit_walk_add(w, &range->tips[i]);
	while (w && !rc && commit_walk_next(w, &next))
		rc = each(ctx, &next);
	commit_walk_free(w);
	return rc;
}

int git_repo_each_ref(struct git_repo *r, const char *prefix,
                      int (*each)(void *ctx, const char *name,
                                  const struct commit_id *tip),
                      void *ctx)
{
	return r->way->each_ref(r->opened, prefix, each, ctx);
}
