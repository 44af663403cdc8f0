/*
 * Refs whose .lfsconfig is the same file lead to the same place, so one of each kind is
 * asked about: there are few files and may be thousands of refs.
 */
#include "agent/where/ref_stores.h"

#include <stdbool.h>
#include <string.h>

#include "agent/git/commit_id.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/where/endpoint.h"
#include "codec/common/err.h"

#define FETCHED "FETCH_HEAD"

enum { KINDS_MAX = 64, SEARCHES_MAX = 200 /* a process each */ };

void ref_stores_wipe(struct ref_stores *s)
{
	buf_wipe(&s->url);
	buf_wipe(&s->named_by);
	buf_wipe(&s->example);
	buf_wipe(&s->foreign);
}

/* What git answers; nothing where it refuses. */
static int ask(const char *const *argv, const struct buf *input, struct buf *out,
               struct err *err)
{
	const struct git_run_io io = { .input = input, .output = out, .quiet = true };
	size_t before = out->size;
	int status;

	int rc = git_run(argv, &io, &status, err);
	if (!rc && status)
		out->size = before;
	return rc;
}

/* What was fetched by its commit alone, as CI systems do, is a ref by no other name. */
static int add_fetched(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git",      "rev-parse", "-q",
		                            "--verify", FETCHED,     NULL };
	struct buf object = BUF_INIT;

	int rc = ask(argv, NULL, &object, err);
	if (!rc && object.size)
		buf_addf(out, "%.*s " FETCHED "\n", (int)strcspn(buf_text(&object), "\n"),
		         buf_text(&object));
	buf_wipe(&object);
	return rc;
}

/* Lines of "<object> <ref>". */
static int list_refs(struct buf *out, struct err *err)
{
	static const char *const folders[] = { "refs/remotes/", "refs/heads/",
		                               "refs/tags/" };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *const argv[] = {
			"git",          "for-each-ref",
			"--count=1365", "--format=%(objectname) %(refname)",
			folders[i],     NULL
		};
		rc = ask(argv, NULL, out, err);
	}
	return rc ? rc : add_fetched(out, err);
}

/* For each line of `refs`, in order, a line with its .lfsconfig, or "... missing". */
static int list_files(struct buf *refs, struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git", "cat-file",
		                            "--batch-check=%(objectname)", NULL };
	struct buf names = BUF_INIT;

	for (const char *line = buf_text(refs); *line;) {
		buf_addf(&names, "%.*s:.lfsconfig\n", (int)strcspn(line, " \n"), line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	int rc = ask(argv, &names, out, err);
	buf_wipe(&names);
	return rc;
}

/* ---------------------------------------------------------------- one ref */

struct ref {
	char object[COMMIT_HEX + 1];
	struct buf name;
};

/* The store that a push of `ref` goes to from here; false where it is none of ours. */
static bool leads_to_us(const struct ref *ref, struct buf *url, struct buf *foreign)
{
	struct endpoint endpoint = { 0 };
	struct lfs_config *config = NULL;
	struct err ignored = ERR_INIT;

	bool ours = lfs_config_read_at(ref->object, &config, &ignored) == 0 &&
	            endpoint_find(config, ENDPOINT_UPLOAD, NULL, &endpoint, &ignored) ==
	                    0;
	if (ours && lfs_config_from_lfsconfig(config, "lfs.url"))
		buf_add_str(url, lfs_config_get(config, "lfs.url"));
	if (!ours && config && lfs_config_from_lfsconfig(config, "lfs.url"))
		buf_add_str(foreign, lfs_config_get(config, "lfs.url"));
	endpoint_wipe(&endpoint);
	lfs_config_free(config);
	return ours;
}

static bool has_lfs_files(const struct ref *ref)
{
	const char *const argv[] = { "git",        "grep",
		                     "-q",         "-e",
		                     "filter=lfs", ref->object,
		                     "--",         ":(top)*.gitattributes",
		                     NULL };
	struct err ignored = ERR_INIT;
	int status;

	return git_run(argv, &(struct git_run_io){ .quiet = true }, &status, &ignored) ==
	               0 &&
	       status == 0;
}

/* ---------------------------------------------------------------- kinds of them */

struct kind {
	char file[COMMIT_HEX + 1]; /* "" for refs without one */
	bool ours;
};

struct kinds {
	struct kind list[KINDS_MAX];
	size_t count;
	size_t searches; /* of refs for files in git-lfs */
};

static const struct kind *find_kind(const struct kinds *kinds, const char *file)
{
	for (size_t i = 0; i < kinds->count; i++)
		if (strcmp(kinds->list[i].file, file) == 0)
			return &kinds->list[i];
	return NULL;
}

/* A kind that was not met before; NULL when there are too many. */
static const struct kind *add_kind(struct kinds *kinds, const char *file,
                                   const struct ref *ref, struct ref_stores *out)
{
	struct buf url = BUF_INIT, ignored = BUF_INIT;

	if (kinds->count == KINDS_MAX)
		return NULL;
	struct kind *kind = &kinds->list[kinds->count++];
	strcpy(kind->file, file);
	kind->ours = leads_to_us(ref, &url, &ignored);
	if (url.size && !out->url.size) {
		buf_add(&out->url, url.data, url.size);
		buf_add(&out->named_by, ref->name.data, ref->name.size);
	}
	buf_wipe(&url);
	buf_wipe(&ignored);
	return kind;
}

/* The name of the file in what git says of a ref's .lfsconfig; "" where it has none. */
static void take_file(const char *answer, char file[COMMIT_HEX + 1])
{
	size_t n = strspn(answer, "0123456789abcdef");

	if (answer[n] != '\n' || n > COMMIT_HEX)
		n = 0;
	memcpy(file, answer, n);
	file[n] = 0;
}

static void look_at_ref(struct kinds *kinds, const struct ref *ref, const char *answer,
                        struct ref_stores *out)
{
	char file[COMMIT_HEX + 1];

	take_file(answer, file);
	const struct kind *kind = find_kind(kinds, file);
	if (!kind)
		kind = add_kind(kinds, file, ref, out);
	if (!kind || kind->ours || kinds->searches == SEARCHES_MAX)
		return;
	kinds->searches++;
	if (!has_lfs_files(ref))
		return;
	if (!out->astray++) {
		struct buf ignored = BUF_INIT;
		leads_to_us(ref, &ignored, &out->foreign);
		buf_add(&out->example, ref->name.data, ref->name.size);
		buf_wipe(&ignored);
	}
}

/* ---------------------------------------------------------------- all refs */

/* Calls `each` for every ref with what git says of its .lfsconfig; false ends it. */
static int each_ref(bool (*each)(void *ctx, const struct ref *ref, const char *answer),
                    void *ctx, struct err *err)
{
	struct buf refs = BUF_INIT, files = BUF_INIT;
	struct ref ref = { .name = BUF_INIT };
	bool go_on = true;

	int rc = list_refs(&refs, err);
	if (!rc)
		rc = list_files(&refs, &files, err);
	const char *line = rc ? "" : buf_text(&refs), *answer = buf_text(&files);
	while (go_on && *line && *answer) {
		size_t n = strcspn(line, "\n"), id = strcspn(line, " \n");
		if (id <= COMMIT_HEX && id < n) {
			memcpy(ref.object, line, id);
			ref.object[id] = 0;
			ref.name.size = 0;
			buf_add(&ref.name, line + id + 1, n - id - 1);
			buf_text(&ref.name); /* ends it */
			go_on = each(ctx, &ref, answer);
		}
		line += n + (line[n] == '\n');
		answer += strcspn(answer, "\n");
		answer += *answer == '\n';
	}
	buf_wipe(&ref.name);
	buf_wipe(&refs);
	buf_wipe(&files);
	return rc;
}

struct search {
	struct kinds kinds;
	struct ref_stores *out;
};

static bool sort_ref(void *ctx, const struct ref *ref, const char *answer)
{
	struct search *s = ctx;

	if (strcmp((const char *)ref->name.data, FETCHED) != 0)
		look_at_ref(&s->kinds, ref, answer, s->out);
	return true;
}

int ref_stores_find(struct ref_stores *out, struct err *err)
{
	struct search search = { .kinds = { .count = 0 }, .out = out };

	return each_ref(sort_ref, &search, err);
}

struct config_search {
	struct kinds kinds; /* that were tried and are none of ours */
	enum endpoint_direction direction;
	const char *remote;
	struct lfs_config *found;
};

static bool try_ref(void *ctx, const struct ref *ref, const char *answer)
{
	struct config_search *s = ctx;
	struct endpoint endpoint = { 0 };
	struct lfs_config *config = NULL;
	struct err ignored = ERR_INIT;
	char file[COMMIT_HEX + 1];

	take_file(answer, file);
	if (!*file || find_kind(&s->kinds, file) || s->kinds.count == KINDS_MAX)
		return true;
	strcpy(s->kinds.list[s->kinds.count++].file, file);
	if (lfs_config_read_at(ref->object, &config, &ignored) == 0 &&
	    endpoint_find(config, s->direction, s->remote, &endpoint, &ignored) == 0)
		s->found = config;
	else
		lfs_config_free(config);
	endpoint_wipe(&endpoint);
	return !s->found;
}

int ref_stores_config(enum endpoint_direction direction, const char *remote,
                      struct lfs_config **out, struct err *err)
{
	struct config_search search = { .kinds = { .count = 0 },
		                        .direction = direction,
		                        .remote = remote };
	int rc = each_ref(try_ref, &search, err);

	if (!rc && search.found)
		*out = search.found;
	return rc ? rc : !search.found;
}
