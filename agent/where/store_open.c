#include "agent/where/store_open.h"

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

static int no_store(const struct store_url *u, struct buf *name, struct err *err)
{
	struct buf word = BUF_INIT;

	shell_word_add(&word, buf_text(name));
	err_set(err, ERR_MISSING,
	        "no store at %s%s%s; to make one, run: git zllm init %s", buf_text(name),
	        u->kind->missing ? ": " : "", u->kind->missing ? u->kind->missing : "",
	        buf_text(&word));
	buf_wipe(&word);
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
		rc = no_store(u, &name, err);
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
	*out = store;
out:
	buf_wipe(&name);
	return rc;
}
