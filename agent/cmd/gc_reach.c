#include "agent/cmd/gc_reach.h"

#include <stdlib.h>
#include <string.h>

#include "agent/cmd/gc_world.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/remote_refs.h"
#include "agent/git/remote_ways.h"
#include "agent/report/count_text.h"
#include "agent/report/report.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/remote_marks.h"

enum { SHORT_HEX = 8, SHORT_MIN = 4 }; /* digits of a remote that people see, and type */

struct reading {
	struct gc_world *w;
	const struct gc_options *options;
	struct remote_marks marks;
	struct remote_ways ways;
	struct remote_refs refs;
	size_t unread;
};

void gc_reach_wipe(struct gc_reach *r)
{
	free(r->oids);
	*r = (struct gc_reach){ .count = 0 };
}

static const char *repo_of(const struct reading *r)
{
	return r->w->here.url.repo_id;
}

static struct remote_view view_of(const struct reading *r)
{
	const struct git_paths *paths = &r->w->here.paths;

	return (struct remote_view){ r->w->config,
		                     paths->worktree ? paths->worktree : paths->git_dir };
}

/* ---------------------------------------------------------------- the list */

static int mark_place(struct reading *r, const struct remote_place *place,
                      struct err *err)
{
	struct remote_marks *m = &r->marks;

	if (!r->options->dry_run) {
		int rc = remote_marks_put(r->w->metered, repo_of(r), &place->hash,
		                          place->name, err);
		if (rc)
			return rc;
	}
	if (remote_marks_find(m, &place->hash))
		return 0;
	struct remote_mark *list = realloc(m->list, (m->count + 1) * sizeof(*list));
	if (!list)
		return err_nomem(err, "a list of remotes");
	m->list = list;
	list[m->count] = (struct remote_mark){ .name = "" };
	memcpy(list[m->count].url, place->hash.bytes, KEY_NAME_HASH);
	memcpy(list[m->count].name, place->name, sizeof(place->name));
	m->count++;
	return 0;
}

/* --remotes-are: these, and those that the store knows, are all. A URL may hold a password,
 * so none is repeated. */
static int take_named(struct reading *r, struct err *err)
{
	const struct remote_view view = view_of(r);

	if (!r->options->word_count)
		return err_set(err, ERR_INPUT,
		               "--remotes-are wants the URLs, or names, of all remotes "
		               "that have this repository's branches");
	for (int i = 0; i < r->options->word_count; i++) {
		size_t before = r->ways.count;
		int rc = remote_ways_add(&r->ways, &view, r->options->words[i], err);
		if (rc)
			return rc;
		if (r->ways.count == before)
			return err_set(err, ERR_INPUT,
			               "word %d after --remotes-are is not a remote: no "
			               "repository is there",
			               i + 1);
	}
	for (size_t i = 0; i < r->ways.count; i++) {
		int rc = mark_place(r, &r->ways.list[i].place, err);
		if (rc)
			return rc;
	}
	r->marks.whole = true;
	return r->options->dry_run
	               ? 0
	               : remote_marks_say_whole(r->w->metered, repo_of(r), err);
}

static void short_hex(const struct remote_mark *mark, char hex[2 * KEY_NAME_HASH + 1])
{
	hex_format(mark->url, KEY_NAME_HASH, hex);
}

/* Whether `text` is how people call the remote: its name, or the first digits of its id. */
static bool is_called(const struct remote_mark *mark, const char *text)
{
	char hex[2 * KEY_NAME_HASH + 1];

	short_hex(mark, hex);
	return strcmp(mark->name, text) == 0 ||
	       (strlen(text) >= SHORT_MIN && strncmp(hex, text, strlen(text)) == 0);
}

static int find_forgotten(const struct reading *r, size_t *at, struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < r->marks.count; i++)
		if (is_called(&r->marks.list[i], r->options->forget)) {
			*at = i;
			found++;
		}
	if (found == 1)
		return 0;
	for (size_t i = 0; i < r->marks.count; i++) {
		char hex[2 * KEY_NAME_HASH + 1];
		short_hex(&r->marks.list[i], hex);
		report_note("  %.*s  %s", SHORT_HEX, hex, r->marks.list[i].name);
	}
	return err_set(err, ERR_INPUT,
	               found ? "'%s' are several remotes; say the digits of one"
	                     : "the store knows no remote '%s'; it knows those above",
	               r->options->forget);
}

static int forget(struct reading *r, struct err *err)
{
	struct remote_marks *m = &r->marks;
	size_t at = 0;

	int rc = find_forgotten(r, &at, err);
	if (!rc && !r->options->dry_run)
		rc = remote_marks_forget(r->w->metered, repo_of(r), m->list[at].url, err);
	if (rc)
		return rc;
	memmove(&m->list[at], &m->list[at + 1], (m->count - at - 1) * sizeof(*m->list));
	m->count--;
	return 0;
}

static int read_list(struct reading *r, struct err *err)
{
	int rc = remote_marks_read(r->w->metered, repo_of(r), &r->marks, err);

	if (!rc && r->options->remotes_are)
		rc = take_named(r, err);
	if (!rc && r->options->forget)
		rc = forget(r, err);
	if (!rc && !r->marks.whole)
		rc = err_set(err, ERR_CONFIG,
		             "the store does not know all remotes of this repository, "
		             "for it is older than its list of them. Name all that have "
		             "its branches (forks, mirrors), once: git zllm gc --prune "
		             "--remotes-are <url>...");
	if (!rc && !r->marks.count)
		rc = err_set(err, ERR_CONFIG,
		             "the store knows no remote of this repository; name those "
		             "that have its branches: git zllm gc --prune --remotes-are "
		             "<url>...");
	return rc;
}

/* ---------------------------------------------------------------- the refs */

/* Any way to the place will do. 0; 1 when none does. */
static int read_mark(struct reading *r, const struct remote_mark *mark, struct err *err)
{
	char hex[2 * KEY_NAME_HASH + 1];
	struct err why = ERR_INIT;
	size_t refs = 0;
	int rc = 1;

	err_set(&why, ERR_CONFIG, "it is not a remote of this clone");
	for (size_t i = 0; rc && i < r->ways.count; i++)
		if (memcmp(r->ways.list[i].place.hash.bytes, mark->url, KEY_NAME_HASH) ==
		    0)
			rc = remote_refs_read(&r->refs, r->ways.list[i].given, &refs,
			                      &why);
	short_hex(mark, hex);
	if (!rc) {
		if (!r->options->json)
			report_line("remote    %.*s  %s: %s", SHORT_HEX, hex, mark->name,
			            COUNT(refs, "ref", "refs"));
		return 0;
	}
	if (why.code == ERR_NOMEM) {
		*err = why;
		return ERR_NOMEM;
	}
	report_note("cannot read remote %.*s  %s: %s", SHORT_HEX, hex, mark->name,
	            why.text);
	return 1;
}

static int read_refs(struct reading *r, struct err *err)
{
	const struct remote_view view = view_of(r);
	int rc = remote_ways_add_all(&r->ways, &view, err);

	if (!rc)
		rc = remote_refs_open(&r->refs, &r->w->here.paths, err);
	for (size_t i = 0; rc >= 0 && i < r->marks.count; i++) {
		rc = read_mark(r, &r->marks.list[i], err);
		r->unread += rc > 0;
	}
	if (rc < 0)
		return rc;
	if (r->unread)
		return err_set(
			err, ERR_CONFIG,
			"nothing is pruned: %zu of %s this "
			"repository's branches cannot be read. Make each a "
			"remote of this clone: git remote add <name> <url>; of "
			"one that is gone for good say so: git zllm gc --prune "
			"--forget <remote>",
			r->unread,
			COUNT(r->marks.count, "remote that has", "remotes that have"));
	return r->refs.refs ? 0
	                    : err_set(err, ERR_CONFIG,
	                              "nothing is pruned: no remote of this repository "
	                              "has any ref");
}

/* ---------------------------------------------------------------- the objects */

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

/* Sorted, each once. */
static int add_oids(struct gc_reach *out, const struct lfs_objects *objects,
                    struct err *err)
{
	size_t room = out->count + objects->count, kept = 0;
	struct oid *list = realloc(out->oids, (room ? room : 1) * sizeof(*list));

	if (!list)
		return err_nomem(err, "a list of LFS objects");
	out->oids = list;
	for (size_t i = 0; i < objects->count; i++)
		list[out->count + i] = objects->list[i].oid;
	qsort(list, room, sizeof(*list), compare_oids);
	for (size_t i = 0; i < room; i++)
		if (!kept || !oid_equal(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	out->count = kept;
	return 0;
}

static void count_own(struct gc_reach *out, struct lfs_objects *own)
{
	lfs_objects_unique(own);
	for (size_t i = 0; i < own->count; i++)
		if (!bsearch(&own->list[i].oid, out->oids, out->count, sizeof(struct oid),
		             compare_oids)) {
			out->own++;
			out->own_bytes += own->list[i].size;
		}
}

static int find_objects(struct reading *r, struct gc_reach *out, struct err *err)
{
	struct lfs_objects reached = LFS_OBJECTS_INIT, own = LFS_OBJECTS_INIT;

	int rc = remote_refs_objects(&r->refs, &reached, err);
	if (rc)
		err_context(err, "what the remotes' refs reach is not known");
	if (!rc)
		rc = add_oids(out, &reached, err);
	if (!rc) {
		rc = remote_refs_own_objects(&r->refs, &own, err);
		if (rc)
			err_context(err, "what this clone's own branches and reflogs "
			                 "reach is not known");
	}
	if (!rc) {
		count_own(out, &own);
		rc = add_oids(out, &own, err);
	}
	lfs_objects_wipe(&reached);
	lfs_objects_wipe(&own);
	return rc;
}

int gc_reach_find(struct gc_world *w, const struct gc_options *options,
                  struct gc_reach *out, struct err *err)
{
	struct reading r = { .w = w,
		             .options = options,
		             .marks = REMOTE_MARKS_INIT,
		             .ways = REMOTE_WAYS_INIT };

	*out = (struct gc_reach){ .count = 0 };
	int rc = read_list(&r, err);
	if (!rc)
		rc = read_refs(&r, err);
	if (!rc)
		rc = find_objects(&r, out, err);
	out->remotes = r.refs.remotes;
	out->refs = r.refs.refs;
	remote_refs_close(&r.refs);
	remote_ways_wipe(&r.ways);
	remote_marks_wipe(&r.marks);
	return rc;
}
