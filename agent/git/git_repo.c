/*
 * Two things libgit2 1.5 would do are done here by hand: the walk over commits
 * (its own ends with an error where a shallow clone does) and the comparison of
 * trees (its diff would read what we only pass over).
 */
#include "agent/git/git_repo.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/annex_link.h"
#include "agent/git/commit_walk.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"

enum {
	TREE_DEPTH_MAX = 64,
	TREE_PATH_MAX = 4096,  /* bytes */
	CACHE_MAX = 16 << 20,  /* bytes of parsed objects that libgit2 keeps */
	MAPPED_MAX = 256 << 20 /* bytes of packs that it maps at once */
};

struct git_repo {
	git_repository *repo;
	git_odb *odb;
	bool annex; /* its files are pointers too */
};

/* The repository is one that git itself has opened for us already: neither its
 * owner nor what its worktree may look like is ours to judge. */
static void set_library_options(void)
{
	static const char *extensions[] = { "worktreeconfig", "partialclone",
		                            "preciousobjects", "noop" };

	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
	                 sizeof(extensions) / sizeof(extensions[0]));
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED_MAX);
}

struct git_repo *git_repo_open(const char *git_dir)
{
	unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT;

	if (git_libgit2_init() < 0)
		return NULL;
	set_library_options();
	struct git_repo *r = calloc(1, sizeof(*r));
	if (!r)
		goto fail;
	if (git_repository_open_ext(&r->repo, git_dir, flags, NULL) < 0)
		goto fail;
	if (git_repository_odb(&r->odb, r->repo) < 0)
		goto fail;
	return r;
fail:
	if (r)
		git_repository_free(r->repo);
	free(r);
	git_libgit2_shutdown();
	return NULL;
}

void git_repo_know_annex(struct git_repo *r)
{
	r->annex = true;
}

void git_repo_free(struct git_repo *r)
{
	if (!r)
		return;
	git_odb_free(r->odb);
	git_repository_free(r->repo);
	free(r);
	git_libgit2_shutdown();
}

static void format_id(const git_oid *oid, struct commit_id *out)
{
	memset(out, 0, sizeof(*out));
	git_oid_tostr(out->hex, sizeof(out->hex), oid);
}

static git_commit *find_commit(struct git_repo *r, const struct commit_id *id)
{
	git_commit *commit = NULL;
	git_oid oid;

	if (git_oid_fromstrp(&oid, id->hex) < 0)
		return NULL;
	return git_commit_lookup(&commit, r->repo, &oid) < 0 ? NULL : commit;
}

static git_tree *find_tree(struct git_repo *r, const struct commit_id *id)
{
	git_commit *commit = id ? find_commit(r, id) : NULL;
	git_tree *tree = NULL;

	if (commit && git_commit_tree(&tree, commit) < 0)
		tree = NULL;
	git_commit_free(commit);
	return tree;
}

bool git_repo_resolve(struct git_repo *r, const char *rev, struct commit_id *out)
{
	git_object *object = NULL, *commit = NULL;
	bool found = git_revparse_single(&object, r->repo, rev) == 0 &&
	             git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;

	if (found)
		format_id(git_object_id(commit), out);
	git_object_free(commit);
	git_object_free(object);
	return found;
}

/* A blob of at most `max` bytes; NULL where it is none. Sizes are asked first: a
 * header costs little, a large blob does not. */
static git_odb_object *read_blob(struct git_repo *r, const git_oid *oid, size_t max)
{
	git_odb_object *object = NULL;
	git_object_t type;
	size_t size;

	if (git_odb_read_header(&size, &type, r->odb, oid) < 0 ||
	    type != GIT_OBJECT_BLOB || size > max)
		return NULL;
	return git_odb_read(&object, r->odb, oid) < 0 ? NULL : object;
}

static bool read_pointer(struct git_repo *r, const git_oid *oid, struct lfs_pointer *out)
{
	git_odb_object *object = read_blob(r, oid, LFS_POINTER_MAX);

	if (!object)
		return false;
	const char *text = git_odb_object_data(object);
	size_t n = git_odb_object_size(object);
	bool is = lfs_pointer_parse(text, n, out) ||
	          (r->annex && annex_link_parse(text, n, out));
	git_odb_object_free(object);
	return is;
}

bool git_repo_pointer_at(struct git_repo *r, const struct commit_id *commit,
                         const char *path, struct lfs_pointer *out)
{
	git_tree *tree = find_tree(r, commit);
	git_tree_entry *entry = NULL;
	bool found = tree && git_tree_entry_bypath(&entry, tree, path) == 0 &&
	             read_pointer(r, git_tree_entry_id(entry), out);

	git_tree_entry_free(entry);
	git_tree_free(tree);
	return found;
}

bool git_repo_text_at(struct git_repo *r, const struct commit_id *commit,
                      const char *path, size_t max, struct buf *out)
{
	git_tree *tree = find_tree(r, commit);
	git_tree_entry *entry = NULL;
	git_odb_object *object = NULL;

	if (tree && git_tree_entry_bypath(&entry, tree, path) == 0 &&
	    git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK)
		object = read_blob(r, git_tree_entry_id(entry), max);
	if (object)
		buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	bool found = object && !out->failed;
	git_odb_object_free(object);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return found;
}

/* A walk over one tree beside another. */
struct tree_walk {
	struct git_repo *r;
	git_pointer_fn *each;
	void *ctx;
	struct buf path; /* of the folder we are in, ended by '/' */
	unsigned depth;
};

static int walk_tree(struct tree_walk *w, const git_tree *tree, const git_tree *other);

static git_tree *subtree(struct git_repo *r, const git_tree_entry *entry)
{
	git_tree *tree = NULL;

	if (!entry || git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return NULL;
	return git_tree_lookup(&tree, r->repo, git_tree_entry_id(entry)) < 0 ? NULL
	                                                                     : tree;
}

static int visit_entry(struct tree_walk *w, const git_tree_entry *entry,
                       const git_tree_entry *other)
{
	size_t folder = w->path.size;
	struct lfs_pointer pointer;
	int rc = 0;

	if (other && git_oid_equal(git_tree_entry_id(entry), git_tree_entry_id(other)))
		return 0;
	buf_add_str(&w->path, git_tree_entry_name(entry));
	if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) {
		git_tree *below = subtree(w->r, entry),
			 *other_below = subtree(w->r, other);
		buf_add_u8(&w->path, '/');
		if (below && w->depth < TREE_DEPTH_MAX && w->path.size < TREE_PATH_MAX)
			rc = walk_tree(w, below, other_below);
		git_tree_free(below);
		git_tree_free(other_below);
	} else if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
	           (w->r->annex || git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK) &&
	           read_pointer(w->r, git_tree_entry_id(entry), &pointer)) {
		rc = w->each(w->ctx, buf_text(&w->path), &pointer);
	}
	w->path.size = folder;
	return rc;
}

static int walk_tree(struct tree_walk *w, const git_tree *tree, const git_tree *other)
{
	int rc = 0;

	w->depth++;
	for (size_t i = 0; i < git_tree_entrycount(tree) && !rc; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const git_tree_entry *old =
			other ? git_tree_entry_byname(other, git_tree_entry_name(entry))
			      : NULL;
		rc = visit_entry(w, entry, old);
	}
	w->depth--;
	return rc;
}

int git_repo_each_new_pointer(struct git_repo *r, const struct commit_id *commit,
                              const struct commit_id *other, git_pointer_fn *each,
                              void *ctx)
{
	struct tree_walk w = { r, each, ctx, BUF_INIT, 0 };
	git_tree *tree = find_tree(r, commit), *other_tree = find_tree(r, other);
	int rc = 0;

	if (tree)
		rc = walk_tree(&w, tree, other_tree);
	git_tree_free(tree);
	git_tree_free(other_tree);
	buf_wipe(&w.path);
	return rc;
}

int git_repo_each_pointer(struct git_repo *r, const struct commit_id *commit,
                          git_pointer_fn *each, void *ctx)
{
	return git_repo_each_new_pointer(r, commit, NULL, each, ctx);
}

size_t git_repo_parents(struct git_repo *r, const struct commit_id *commit,
                        struct commit_id *out, size_t max)
{
	git_commit *c = find_commit(r, commit);

	if (!c)
		return 0;
	size_t count = git_commit_parentcount(c);
	for (size_t i = 0; i < count && i < max; i++)
		format_id(git_commit_parent_id(c, (unsigned)i), &out[i]);
	git_commit_free(c);
	return count;
}

/* What commit_walk.c needs to know of one commit. */
static bool describe_commit(void *ctx, const struct commit_id *id,
                            struct commit_facts *out)
{
	git_commit *c = find_commit(ctx, id);

	if (!c)
		return false;
	size_t all = git_commit_parentcount(c);
	out->time = git_commit_time(c);
	out->parent_count = all < COMMIT_PARENTS_MAX ? all : COMMIT_PARENTS_MAX;
	for (size_t i = 0; i < out->parent_count; i++)
		format_id(git_commit_parent_id(c, (unsigned)i), &out->parents[i]);
	git_commit_free(c);
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
	git_reference_iterator *iterator = NULL;
	git_reference *ref = NULL;
	int rc = 0;

	if (git_reference_iterator_new(&iterator, r->repo) < 0)
		return 0;
	while (!rc && git_reference_next(&ref, iterator) == 0) {
		git_object *commit = NULL;
		struct commit_id id;
		const char *name = git_reference_name(ref);
		if (strncmp(name, prefix, strlen(prefix)) == 0 &&
		    git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT) == 0) {
			format_id(git_object_id(commit), &id);
			rc = each(ctx, name, &id);
		}
		git_object_free(commit);
		git_reference_free(ref);
	}
	git_reference_iterator_free(iterator);
	return rc;
}
