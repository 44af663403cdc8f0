/*
 * An annex: its objects, each once, those that the worktree names under their names there,
 * the others under their keys.
 *
 *     model.safetensors -> .git/annex/objects/Wx/3m/SHA256E-s96--9a11...safetensors/SHA256E-...
 *
 * A key of SHA256 or SHA256E is called by the SHA-256 of its bytes, as an LFS object is.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/moving/source.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static const char *const not_git[] = { ".git", NULL };

struct annex {
	struct source *source;
	uint32_t model;
	bool named; /* by the worktree */
};

/* What a key says of the SHA-256 of its bytes. */
static bool key_oid(const char *path, struct oid *out)
{
	const char *slash = strrchr(path, '/'), *key = slash ? slash + 1 : path;
	const char *hash = strstr(key, "--");
	char hex[SHA256_HEX + 1];

	if ((strncmp(key, "SHA256-", 7) != 0 && strncmp(key, "SHA256E-", 8) != 0) ||
	    !hash || strlen(hash + 2) < SHA256_HEX)
		return false;
	memcpy(hex, hash + 2, SHA256_HEX);
	hex[SHA256_HEX] = 0;
	char after = hash[2 + SHA256_HEX];
	return (!after || after == '.') && oid_parse(hex, out);
}

static int add_file(void *ctx, const struct source_found *found, struct err *err)
{
	const struct annex *a = ctx;
	const char *base = strrchr(found->path, '/') + 1;
	struct oid oid;
	int rc = 0;

	if (!a->named && batch_has(a->source->batch, &found->st))
		return 0;
	char *real = realpath(found->path, NULL);
	if (!real)
		return err_errno(err, "%s", found->path);
	/* Chunks and files that are still coming are under tmp/, not here. */
	rc = batch_add_file(a->source->batch,
	                    &(struct batch_found){
				    real, &found->st, key_oid(real, &oid) ? &oid : NULL,
				    a->model, a->named ? found->below : base },
	                    err);
	free(real);
	return rc;
}

static int add_annex(struct source *s, const char *path, const char *objects,
                     struct err *err)
{
	int64_t model = source_model_add(
		s, &(struct source_model){ path, NULL, path, false }, err);
	struct annex a = { s, (uint32_t)model, true };
	const struct source_walk named = { s, path, not_git, add_file, &a };
	const struct source_walk keys = { s, objects, NULL, add_file, &a };
	int rc = model < 0 ? (int)model : 0;

	if (!rc && source_is_folder(path, ".git"))
		rc = source_walk(&named, err);
	a.named = false;
	return rc ? rc : source_walk(&keys, err);
}

int source_annex_add(struct source *s, const char *path, struct err *err)
{
	bool bare = source_is_folder(path, "annex/objects") &&
	            source_is_folder(path, "refs");
	struct buf objects = BUF_INIT;
	int rc = 1;

	buf_addf(&objects, "%s/%sannex/objects", path, bare ? "" : ".git/");
	if (bare || source_is_folder(path, ".git/annex/objects"))
		rc = add_annex(s, path, buf_text(&objects), err);
	buf_wipe(&objects);
	return rc;
}
