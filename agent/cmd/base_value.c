#include "agent/cmd/base_value.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/object_name.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/hints/base_setting.h"
#include "agent/hints/model_name.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/name_claim.h"
#include "index/store/store.h"

struct resolving {
	const char *typed;
	const struct base_value_in *in;
	struct base_value *out;
};

void base_value_wipe(struct base_value *v)
{
	buf_wipe(&v->text);
	buf_wipe(&v->words);
}

/* ---------------------------------------------------------------- each kind */

static int take_object(const struct resolving *r, const struct oid *oid, struct err *err)
{
	struct manifest_outline outline;
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	if (r->in->store) {
		int rc = manifest_get_outline(r->in->store, oid, &outline, err);
		if (rc > 0)
			return err_set(err, ERR_INPUT,
			               "store %s does not have object %s; push it first",
			               r->in->store->name, hex);
		if (rc)
			return rc;
	}
	buf_add_str(&r->out->text, hex);
	buf_add_str(&r->out->words, "an object");
	return 0;
}

/* Whether git's index has something at or below `path`. */
static int is_tracked(const char *path, bool *out, struct err *err)
{
	const char *argv[] = { "git", "ls-files", "-z", "--", path, NULL };
	struct buf list = BUF_INIT;
	int status;
	int rc = git_run(argv, &(struct git_run_io){ .output = &list, .quiet = true },
	                 &status, err);

	*out = !rc && !status && list.size > 0;
	buf_wipe(&list);
	return rc;
}

/* 1 when there is no such path in the worktree. What is there is kept as a path from
 * the top of the worktree: what it holds may change, and is then the base. */
static int take_path(const struct resolving *r, struct err *err)
{
	size_t n = r->in->paths->worktree ? strlen(r->in->paths->worktree) : 0;
	char *real = n ? realpath(r->typed, NULL) : NULL;
	bool tracked = false;
	int rc = 1;

	if (!real || strncmp(real, r->in->paths->worktree, n) != 0 ||
	    (real[n] && real[n] != '/'))
		goto out;
	rc = is_tracked(r->typed, &tracked, err);
	if (!rc && !tracked)
		rc = err_set(err, ERR_INPUT, "git does not know '%s'; 'git add' it first",
		             r->typed);
	if (rc)
		goto out;
	buf_add_str(&r->out->text, real[n] ? real + n + 1 : ".");
	buf_add_str(&r->out->words, "a path");
out:
	free(real);
	return rc;
}

static int ask_commit(const char *rev, struct buf *out, int *status, struct err *err)
{
	struct buf spec = BUF_INIT;

	buf_addf(&spec, "%s^{commit}", rev);
	const char *argv[] = { "git", "rev-parse",        "--verify",
		               "-q",  "--end-of-options", buf_text(&spec),
		               NULL };
	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 status, err);
	while (out->size && out->data[out->size - 1] == '\n')
		out->size--;
	buf_wipe(&spec);
	return rc;
}

/* 1 when it is no revision. */
static int take_revision(const struct resolving *r, struct err *err)
{
	struct buf commit = BUF_INIT;
	int status;
	int rc = ask_commit(r->typed, &commit, &status, err);

	if (!rc && (status || !commit.size))
		rc = 1;
	if (!rc) {
		buf_add(&r->out->text, commit.data, commit.size);
		buf_addf(&r->out->words, "the commit of %s", r->typed);
	}
	buf_wipe(&commit);
	return rc;
}

static int take_name(const struct resolving *r, const struct model_name *name,
                     struct err *err)
{
	int claims = 0;

	if (r->in->store)
		claims = name_claim_count(r->in->store, name->text, err);
	if (claims < 0)
		return claims;
	if (!r->in->store)
		return err_set(
			err, r->in->closed ? r->in->closed->code : ERR_CONFIG,
			"'%s' is not a path, revision or object in this repository; "
			"whether it is the name of a model cannot be seen: %s",
			r->typed, r->in->closed ? r->in->closed->text : "no store");
	if (!claims)
		return err_set(
			err, ERR_INPUT,
			"'%s' is not a path, revision or object in this repository, "
			"and no repository has pushed a model of that name to %s",
			r->typed, r->in->store->name);
	buf_add_str(&r->out->text, name->text);
	buf_add_str(&r->out->words, "a name in the store");
	return 0;
}

/* ---------------------------------------------------------------- all */

static int resolve(const struct resolving *r, struct err *err)
{
	struct model_name name;
	struct oid oid;

	if (strcmp(r->typed, BASE_SETTING_NONE) == 0) {
		buf_add_str(&r->out->text, BASE_SETTING_NONE);
		buf_add_str(&r->out->words, "nothing is a base");
		return 0;
	}
	if (oid_parse(r->typed, &oid)) { /* or a commit of a SHA-256 repository */
		int rc = take_revision(r, err);
		return rc == 1 ? take_object(r, &oid, err) : rc;
	}
	if (strchr(r->typed, ':')) {
		int rc = object_name_resolve(r->typed, &oid, err);
		return rc ? rc : take_object(r, &oid, err);
	}
	int rc = *r->typed ? take_path(r, err) : 1;
	if (rc == 1 && *r->typed)
		rc = take_revision(r, err);
	if (rc == 1 && model_name_parse(r->typed, strlen(r->typed), &name))
		rc = take_name(r, &name, err);
	if (rc == 1)
		rc = err_set(err, ERR_INPUT,
		             "'%s' is not a path, revision, object or name of a model",
		             r->typed);
	return rc;
}

int base_value_resolve(const char *typed, const struct base_value_in *in,
                       struct base_value *out, struct err *err)
{
	struct resolving r = { typed, in, out };
	int rc;

	if (strlen(typed) > BASE_VALUE_MAX || strchr(typed, '\n'))
		return err_set(err, ERR_INPUT, "a base is one line of at most %d bytes",
		               BASE_VALUE_MAX);
	rc = resolve(&r, err);
	if (!rc && (out->text.failed || out->words.failed))
		rc = err_nomem(err, "a base");
	return rc;
}
