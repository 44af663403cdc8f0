#include "agent/annex/annex_setup.h"

#include <stdbool.h>
#include <string.h>

#include "agent/annex/annex_known.h"
#include "agent/annex/annex_remote.h"
#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/where/store_open.h"
#include "agent/where/store_site.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "index/store/store.h"

/* A remote that is being set up. */
struct setup {
	struct annex_remote *remote;
	struct annex_job *job;
	struct lfs_config *config;
	struct git_paths paths;
	struct store_url url;
	bool known; /* a repository knows it already */
};

static int ask_known(struct setup *s, struct err *err)
{
	struct buf uuid = BUF_INIT;
	int rc = annex_ask(&s->remote->talk, s->job, "GETUUID", &uuid, err);

	if (!rc && !uuid.size)
		rc = err_set(err, ERR_INPUT, "git-annex does not say the remote's uuid");
	if (!rc)
		rc = annex_remote_is_known(&s->paths, buf_text(&uuid), &s->known, err);
	buf_wipe(&uuid);
	return rc;
}

/* A person has just named it: it is made where it is missing, and trusted. */
static int make_store(const struct setup *s, struct err *err)
{
	struct store_context context = store_context_of(&s->paths, s->config);
	struct store *store = NULL;
	struct buf path = BUF_INIT;
	int rc = 0;

	context.use = STORE_TO_WRITE;
	if (s->url.kind->is_path)
		rc = store_url_path(&s->url, context.root, &path, err);
	if (!rc && path.size)
		rc = store_site_check(buf_text(&path), err);
	if (!rc)
		rc = store_open_or_make(&s->url, &context, &store, err);
	if (!rc && !s->url.kind->guard)
		rc = store_trust_give(s->config, &s->url, err);
	if (!rc && s->url.kind->tell)
		annex_inform(&s->remote->talk, s->job, "git-zllm: the store is %s",
		             store->name);
	store_close(store);
	buf_wipe(&path);
	return rc;
}

/* What a git-annex configuration asks for that costs nearly all that a store saves. */
static int warn(const struct setup *s, struct err *err)
{
	struct annex_talk *talk = &s->remote->talk;
	struct buf encryption = BUF_INIT, chunk = BUF_INIT;
	int rc = annex_ask(talk, s->job, "GETCONFIG encryption", &encryption, err);

	if (!rc)
		rc = annex_ask(talk, s->job, "GETCONFIG chunk", &chunk, err);
	if (!rc && encryption.size && strcmp(buf_text(&encryption), "none") != 0)
		annex_inform(talk, s->job,
		             "git-zllm: encrypted contents are stored as they come; only "
		             "with encryption=none do models share their tensors");
	if (!rc && chunk.size && strcmp(buf_text(&chunk), "0") != 0)
		annex_inform(talk, s->job,
		             "git-zllm: chunks are stored as they come; only without "
		             "chunk= do models share their tensors");
	buf_wipe(&encryption);
	buf_wipe(&chunk);
	return rc;
}

static int set_up(struct setup *s, struct err *err)
{
	struct buf place = BUF_INIT;
	int rc = annex_remote_place(s->remote, s->job, &place, err);

	if (!rc)
		rc = lfs_config_read(&s->config, err);
	if (!rc)
		rc = git_paths_find(s->config, &s->paths, err);
	if (rc > 0)
		rc = err_set(err, ERR_CONFIG, "this is not a git repository");
	if (!rc && store_url_parse(buf_text(&place), &s->url, err))
		rc = err_context(err, "store=");
	if (!rc)
		rc = ask_known(s, err);
	if (!rc && !s->known)
		rc = make_store(s, err);
	if (!rc)
		rc = warn(s, err);
	buf_wipe(&place);
	return rc;
}

int annex_setup(struct annex_remote *r, struct annex_job *job, struct err *err)
{
	struct setup s = { .remote = r, .job = job };
	int rc = set_up(&s, err);

	store_url_wipe(&s.url);
	git_paths_wipe(&s.paths);
	lfs_config_free(s.config);
	return rc;
}
