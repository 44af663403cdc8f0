#include "agent/where/store_open.h"

#include <stdbool.h>
#include <string.h>

#include "agent/report/shell_word.h"
#include "agent/where/store_kind.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/work/random_name.h"

/* No put takes two days: a temporary file that old is what a crash left. */
enum { LEFTOVER_SECONDS = 2 * 24 * 3600 };

/* A path, or SCHEME://PLACE. */
static int place_name(const struct store_url *u, const struct store_context *context,
                      struct buf *out, struct err *err)
{
	if (u->kind->is_path)
		return store_url_path(u, context->root, out, err);
	buf_addf(out, "%s://%s", u->kind->scheme, u->place);
	buf_text(out);
	return out->failed ? err_nomem(err, "the store's name") : 0;
}

/* ", where '../store' leads from /a/clone" */
static void add_reason(const struct store_url *u, const struct store_context *context,
                       struct buf *out)
{
	if (strchr("/~", *u->place))
		buf_add_str(out, ", which .lfsconfig names");
	else
		buf_addf(out, ", where '%s' leads from %s%s", u->place,
		         context->root_is == STORE_ROOT_BARE ? "the bare repository "
		                                             : "",
		         context->root);
}

/* Others have a store that is called so: an init here would make a second one, so what is
 * asked for is the way to the first. */
static void say_elsewhere(const struct store_url *u, const struct store_context *context,
                          const char *name, struct err *err)
{
	struct buf reason = BUF_INIT, where = BUF_INIT, url = BUF_INIT, word = BUF_INIT;
	bool bare = context->root_is == STORE_ROOT_BARE;

	add_reason(u, context, &reason);
	if (bare) {
		buf_add_str(&where, "-C ");
		shell_word_add(&where, context->root);
		buf_add_str(&where, " ");
	}
	buf_addf(&url, "zllm::/<path>%s%s", *u->repo_id ? "?repo=" : "", u->repo_id);
	shell_word_add(&word, buf_text(&url));
	err_set(err, ERR_MISSING,
	        "no store at %s%s: %s If it lies elsewhere, name it %s: git %sconfig "
	        "lfs.url %s",
	        name, buf_text(&reason), u->kind->missing,
	        bare ? "on the server" : "in this repository", buf_text(&where),
	        buf_text(&word));
	buf_wipe(&word);
	buf_wipe(&url);
	buf_wipe(&where);
	buf_wipe(&reason);
}

static void say_none(const struct store_url *u, const char *name, struct err *err)
{
	struct buf word = BUF_INIT;

	shell_word_add(&word, name);
	err_set(err, ERR_MISSING,
	        "no store at %s: %s To make one where there has never been any, run: git "
	        "zllm init %s",
	        name, u->kind->missing, buf_text(&word));
	buf_wipe(&word);
}

static void say_moved(const struct store_url *u, const char *name, struct err *err)
{
	err_set(err, ERR_MISSING,
	        "no store at %s, which the remote's store= names: %s If it lies "
	        "elsewhere, say so: git annex enableremote <remote> store=<path>",
	        name, u->kind->missing);
}

static int no_store(const struct store_url *u, const struct store_context *context,
                    const char *name, struct err *err)
{
	bool relative = context->root && !strchr("/~", *u->place);

	if (u->kind->is_path && context->named_by == STORE_NAMED_BY_ANNEX)
		say_moved(u, name, err);
	else if (u->kind->is_path &&
	         (relative || context->named_by == STORE_NAMED_BY_REPOSITORY))
		say_elsewhere(u, context, name, err);
	else
		say_none(u, name, err);
	return ERR_MISSING;
}

int store_open(const struct store_url *u, const struct store_context *context,
               struct store **out, struct err *err)
{
	struct buf name = BUF_INIT;
	struct store *store = NULL;
	char id[STORE_ID_HEX + 1];
	int rc = place_name(u, context, &name, err);

	if (!rc)
		rc = u->kind->open(u, buf_text(&name), context, &store, err);
	if (!rc)
		rc = store_format_check(store, id, err);
	if (rc == ERR_MISSING)
		rc = no_store(u, context, buf_text(&name), err);
	else if (rc && u->kind->is_path && name.size)
		err_context(err, "store at %s", buf_text(&name));
	if (rc) {
		store_close(store);
		goto out;
	}
	if (u->kind->sweep)
		u->kind->sweep(store, LEFTOVER_SECONDS);
	*out = store;
out:
	buf_wipe(&name);
	return rc;
}

int store_open_or_make(const struct store_url *u, const struct store_context *context,
                       struct store **out, struct err *err)
{
	struct buf name = BUF_INIT;
	struct store *store = NULL;
	char id[STORE_ID_HEX + 1];
	int rc = place_name(u, context, &name, err);

	if (rc)
		goto out;
	if (u->kind->make)
		rc = u->kind->make(buf_text(&name), context, err);
	if (!rc)
		rc = u->kind->open(u, buf_text(&name), context, &store, err);
	if (!rc)
		rc = random_name(id, err);
	if (!rc)
		rc = store_format_create(store, id, err);
	if (!rc)
		rc = store_format_check(store, id, err);
	if (rc) {
		err_context(err, "cannot make a store%s%s",
		            u->kind->is_path ? " at " : "",
		            u->kind->is_path ? buf_text(&name) : "");
		store_close(store);
		goto out;
	}
	store_keep_room(store);
	*out = store;
out:
	buf_wipe(&name);
	return rc;
}
