/* The only file that includes git2.h. */
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_object.h"
#include "agent/git/git_way.h"
#include "codec/common/buf.h"

enum {
	CACHE_MAX = 16 << 20,  /* bytes of objects that libgit2 keeps */
	MAPPED_MAX = 256 << 20 /* bytes of packs that it maps at once */
};

struct library {
	git_repository *repo;
	git_odb *odb;
};

/* The repository is one that git itself has opened for us already: neither its owner nor
 * what its worktree may look like is ours to judge. No extension here changes how objects
 * and refs are read. */
static void set_library_options(void)
{
	static const char *extensions[] = { "worktreeconfig",    "partialclone",
		                            "preciousobjects",   "noop",
		                            "relativeworktrees", "submodulepathconfig" };

	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
	                 sizeof(extensions) / sizeof(extensions[0]));
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED_MAX);
}

static void library_close(void *way)
{
	struct library *l = way;

	git_odb_free(l->odb);
	git_repository_free(l->repo);
	free(l);
	git_libgit2_shutdown();
}

static void *library_open(const char *git_dir, size_t *id_size)
{
	unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT;
	struct library *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	if (git_libgit2_init() < 0) {
		free(l);
		return NULL;
	}
	set_library_options();
	if (git_repository_open_ext(&l->repo, git_dir, flags, NULL) == 0 &&
	    git_repository_odb(&l->odb, l->repo) == 0) {
		*id_size = GIT_ID_SHA1;
		return l;
	}
	library_close(l);
	return NULL;
}

static git_object_t type_of(enum git_kind kind)
{
	return kind == GIT_KIND_COMMIT ? GIT_OBJECT_COMMIT
	       : kind == GIT_KIND_TREE ? GIT_OBJECT_TREE
	                               : GIT_OBJECT_BLOB;
}

/* Sizes are asked first: a header costs little, a large blob does not. */
static bool library_read(void *way, const struct git_wanted *wanted, struct buf *out)
{
	struct library *l = way;
	git_odb_object *object = NULL;
	git_object_t type;
	git_oid oid;
	size_t size;

	if (strlen(wanted->hex) != GIT_OID_HEXSZ ||
	    git_oid_fromstr(&oid, wanted->hex) < 0 ||
	    git_odb_read_header(&size, &type, l->odb, &oid) < 0 ||
	    type != type_of(wanted->kind) || size > wanted->max ||
	    git_odb_read(&object, l->odb, &oid) < 0)
		return false;
	buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return !out->failed;
}

static void format_id(const git_oid *oid, struct commit_id *out)
{
	memset(out, 0, sizeof(*out));
	git_oid_tostr(out->hex, sizeof(out->hex), oid);
}

static bool library_resolve(void *way, const char *rev, struct commit_id *out)
{
	struct library *l = way;
	git_object *object = NULL, *commit = NULL;
	bool found = git_revparse_single(&object, l->repo, rev) == 0 &&
	             git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;

	if (found)
		format_id(git_object_id(commit), out);
	git_object_free(commit);
	git_object_free(object);
	return found;
}

static int tell_ref(git_reference *ref, git_ref_fn *each, void *ctx)
{
	git_object *commit = NULL;
	struct commit_id id;
	int rc = 0;

	if (git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT) == 0) {
		format_id(git_object_id(commit), &id);
		rc = each(ctx, git_reference_name(ref), &id);
	}
	git_object_free(commit);
	return rc;
}

static int library_each_ref(void *way, const char *prefix, git_ref_fn *each, void *ctx)
{
	struct library *l = way;
	git_reference_iterator *iterator = NULL;
	git_reference *ref = NULL;
	int rc = 0;

	if (git_reference_iterator_new(&iterator, l->repo) < 0)
		return 0;
	while (!rc && git_reference_next(&ref, iterator) == 0) {
		if (strncmp(git_reference_name(ref), prefix, strlen(prefix)) == 0)
			rc = tell_ref(ref, each, ctx);
		git_reference_free(ref);
	}
	git_reference_iterator_free(iterator);
	return rc;
}

const struct git_way git_way_library = {
	.name = "libgit2",
	.open = library_open,
	.close = library_close,
	.read = library_read,
	.resolve = library_resolve,
	.each_ref = library_each_ref,
};
