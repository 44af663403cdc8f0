#include "agent/where/store_open.h"

#include <stdlib.h>
#include <sys/random.h>

#include "agent/report/shell_word.h"
#include "agent/where/store_bucket.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_format.h"

/* No put takes two days: a temporary file that old is what a crash left. */
enum { LEFTOVER_SECONDS = 2 * 24 * 3600 };

/* The folder's path: absolute, or from $HOME, or from `root`. */
static int folder_path(const struct store_url *u, const char *root, struct buf *out,
                       struct err *err)
{
	const char *place = u->place;

	if (place[0] == '~' && (!place[1] || place[1] == '/')) {
		const char *home = getenv("HOME");
		if (!home || !*home)
			return err_set(err, ERR_CONFIG, "'%s': HOME is not set", place);
		buf_add_str(out, home);
		place++;
	} else if (place[0] != '/' && root) {
		buf_addf(out, "%s/", root);
	}
	buf_add_str(out, place);
	buf_text(out);
	return out->failed ? err_nomem(err, "the store's path") : 0;
}

/* Where the store is, in words, and for a folder its path. */
static int place_name(const struct store_url *u, const struct store_context *context,
                      struct buf *out, struct err *err)
{
	if (u->kind == STORE_FOLDER)
		return folder_path(u, context->root, out, err);
	buf_addf(out, "s3://%s", u->place);
	return out->failed ? err_nomem(err, "the store's name") : 0;
}

/* The folder or bucket `name`, whatever is in it. */
static int open_place(const struct store_url *u, const struct store_context *context,
                      struct buf *name, struct store **out, struct err *err)
{
	if (u->kind == STORE_S3)
		return store_bucket_open(u, context, out, err);
	return store_folder_open(buf_text(name), context->modes, out, err);
}

static int no_store(const struct store_url *u, struct buf *name, struct err *err)
{
	struct buf word = BUF_INIT;

	shell_word_add(&word, buf_text(name));
	err_set(err, ERR_MISSING, "no store at %s%s; to make one, run: git zllm init %s",
	        buf_text(name), u->kind == STORE_FOLDER ? ": is its disk mounted?" : "",
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
		rc = open_place(u, context, &name, &store, err);
	if (!rc)
		rc = store_format_check(store, id, err);
	if (rc == ERR_MISSING)
		rc = no_store(u, &name, err);
	else if (rc && u->kind == STORE_FOLDER && name.size)
		err_context(err, "store at %s", buf_text(&name));
	if (rc) {
		store_close(store);
		goto out;
	}
	if (u->kind == STORE_FOLDER)
		store_folder_sweep(store, LEFTOVER_SECONDS);
	*out = store;
out:
	buf_wipe(&name);
	return rc;
}

static int random_id(char id[STORE_ID_HEX + 1], struct err *err)
{
	uint8_t bytes[STORE_ID_HEX / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "no random bytes");
	hex_format(bytes, sizeof(bytes), id);
	return 0;
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
	if (u->kind == STORE_FOLDER)
		rc = store_folder_create(buf_text(&name), context->modes, err);
	if (!rc)
		rc = open_place(u, context, &name, &store, err);
	if (!rc)
		rc = random_id(id, err);
	if (!rc)
		rc = store_format_create(store, id, err);
	if (!rc)
		rc = store_format_check(store, id, err);
	if (rc) {
		err_context(err, "cannot make a store%s%s",
		            u->kind == STORE_FOLDER ? " at " : "",
		            u->kind == STORE_FOLDER ? buf_text(&name) : "");
		store_close(store);
		goto out;
	}
	*out = store;
out:
	buf_wipe(&name);
	return rc;
}
