/*
 *   git rev-parse --show-object-format   once: whether git reads it, and how long ids are
 *   git cat-file --batch-check           stays: which commit a revision is, how long a blob
 *   git cat-file --batch                 stays: the bytes of an object
 *   git for-each-ref                     once for each prefix
 *
 * A blob's size is asked before its bytes: it may be a model that was committed by
 * mistake. Commits and trees are asked at once, and dropped where they are too long.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_batch.h"
#include "agent/git/git_object.h"
#include "agent/git/git_run.h"
#include "agent/git/git_way.h"
#include "agent/git/object_cache.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { CACHE_MAX = 16 << 20 /* bytes */ };

#define REFS_MAX "--count=20000" /* of one prefix: more tips than a search looks at */

struct program {
	char *dir_option; /* "--git-dir=..." */
	struct git_batch *check, *contents;
	struct object_cache *cache;
};

/* What git prints; false when it does not run, or fails. */
static bool ask(const char *const *argv, struct buf *out)
{
	struct err ignored = ERR_INIT;
	int status;

	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	               &status, &ignored) == 0 &&
	       !status && !out->failed;
}

/* 0 where git cannot read the repository, or names a hash that we do not know. */
static size_t find_id_size(const char *dir_option)
{
	const char *argv[] = { "git", dir_option, "rev-parse", "--show-object-format",
		               NULL };
	struct buf out = BUF_INIT;
	size_t size = 0;

	if (ask(argv, &out) && strcmp(buf_text(&out), "sha1\n") == 0)
		size = GIT_ID_SHA1;
	else if (out.size && strcmp(buf_text(&out), "sha256\n") == 0)
		size = GIT_ID_SHA256;
	buf_wipe(&out);
	return size;
}

static void program_close(void *way)
{
	struct program *p = way;

	git_batch_free(p->check);
	git_batch_free(p->contents);
	object_cache_free(p->cache);
	free(p->dir_option);
	free(p);
}

static void *program_open(const char *git_dir, size_t *id_size)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (asprintf(&p->dir_option, "--git-dir=%s", git_dir) < 0)
		p->dir_option = NULL;
	size_t size = p->dir_option ? find_id_size(p->dir_option) : 0;
	if (size) {
		p->check = git_batch_new(git_dir, GIT_BATCH_CHECK);
		p->contents = git_batch_new(git_dir, GIT_BATCH_CONTENTS);
		p->cache = object_cache_new(CACHE_MAX);
	}
	if (p->check && p->contents && p->cache) {
		*id_size = size;
		return p;
	}
	program_close(p);
	return NULL;
}

static bool fits(const struct git_answer *answer, const struct git_wanted *wanted)
{
	static const char *const types[] = { "commit", "tree", "blob" };

	return strcmp(answer->type, types[wanted->kind]) == 0 &&
	       answer->size <= wanted->max;
}

/* What came of a question for an object. */
enum fetched { FETCHED, FETCHED_ABSENT, FETCHED_UNFIT };

static enum fetched fetch(struct program *p, const struct git_wanted *wanted,
                          struct buf *out)
{
	struct git_answer answer;

	if (wanted->kind == GIT_KIND_BLOB) {
		if (git_batch_ask(p->check, wanted->hex, &answer))
			return FETCHED_ABSENT;
		if (!fits(&answer, wanted))
			return FETCHED_UNFIT;
	}
	if (git_batch_ask(p->contents, wanted->hex, &answer))
		return FETCHED_ABSENT;
	bool wants = fits(&answer, wanted);
	if (git_batch_take(p->contents, &answer, wants ? out : NULL))
		return FETCHED_ABSENT;
	return wants ? FETCHED : FETCHED_UNFIT;
}

static bool program_read(void *way, const struct git_wanted *wanted, struct buf *out)
{
	struct program *p = way;
	size_t before = out->size;

	switch (object_cache_get(p->cache, wanted->hex, out)) {
	case CACHED_YES:
		if (!out->failed && out->size - before <= wanted->max)
			return true;
		out->size = before;
		return false;
	case CACHED_ABSENT:
		return false;
	case CACHED_NO:
		break;
	}
	switch (fetch(p, wanted, out)) {
	case FETCHED:
		object_cache_put(p->cache, wanted->hex, out->data + before,
		                 out->size - before);
		return true;
	case FETCHED_ABSENT:
		object_cache_put_absent(p->cache, wanted->hex);
		return false;
	case FETCHED_UNFIT: /* it may fit another time */
		break;
	}
	return false;
}

static bool program_resolve(void *way, const char *rev, struct commit_id *out)
{
	struct program *p = way;
	struct git_answer answer;
	struct buf spec = BUF_INIT;

	buf_addf(&spec, "%s^{commit}", rev);
	bool found = !spec.failed &&
	             git_batch_ask(p->check, buf_text(&spec), &answer) == 0 &&
	             strcmp(answer.type, "commit") == 0;
	if (found)
		*out = answer.id;
	buf_wipe(&spec);
	return found;
}

/* "<id> <name>"; whatever the ref names is peeled to a commit, or is none. */
static int tell_ref(struct program *p, char *line, git_ref_fn *each, void *ctx)
{
	struct commit_id tip;
	char *name = strchr(line, ' ');

	if (!name)
		return 0;
	*name++ = 0;
	return program_resolve(p, line, &tip) ? each(ctx, name, &tip) : 0;
}

static int program_each_ref(void *way, const char *prefix, git_ref_fn *each, void *ctx)
{
	struct program *p = way;
	const char *argv[] = { "git",
		               p->dir_option,
		               "for-each-ref",
		               REFS_MAX,
		               "--format=%(objectname) %(refname)",
		               prefix,
		               NULL };
	struct buf list = BUF_INIT;
	char *text = NULL, *rest = NULL;
	int rc = 0;

	if (ask(argv, &list))
		text = strdup(buf_text(&list));
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line && !rc;
	     line = strtok_r(NULL, "\n", &rest))
		rc = tell_ref(p, line, each, ctx);
	free(text);
	buf_wipe(&list);
	return rc;
}

const struct git_way git_way_program = {
	.name = "git",
	.open = program_open,
	.close = program_close,
	.read = program_read,
	.resolve = program_resolve,
	.each_ref = program_each_ref,
};
