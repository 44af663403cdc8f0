/*
 * Store URLs, and opening what they name.
 *
 *   zllm::/abs/path?repo=<id>          a folder
 *   zllm::../rel, zllm::~/path         relative to the worktree's root; to $HOME
 *   zllm::file:///abs/path
 *   zllm::s3://bucket/prefix           a bucket
 *   https://zllm.invalid/<abs/path>    the same in a form that any git-lfs takes:
 *                                      /file/<abs path>, /s3/<bucket>/<prefix>
 * Options follow a '?': repo=<32 hex> names the repository that owns what it
 * pushes; a bucket may have endpoint= and region= (s3_settings.h). Unknown options
 * are ignored (a newer git-zllm may have written them).
 * %XX is decoded; a '%' that is no escape stands for itself. No CR, LF or NUL.
 */
#ifndef ZLLM_STORE_URL_H
#define ZLLM_STORE_URL_H

#include "index/store/store_keys.h"
#include "index/store/folder/store_folder.h"

struct err;
struct lfs_config;
struct store;

enum store_kind { STORE_FOLDER, STORE_S3 };

struct store_url {
	enum store_kind kind;
	char *place;                   /* folder: path; s3: "bucket/prefix"; owned */
	char *endpoint, *region;       /* s3: as the URL has them, or NULL; owned */
	char repo_id[REPO_ID_HEX + 1]; /* "" when the URL has none */
};

/* `text` with or without "zllm::" in front. ERR_INPUT names what is wrong. */
int store_url_parse(const char *text, struct store_url *out, struct err *err);
void store_url_wipe(struct store_url *u);

/* Whether git-lfs would bring transfers of this URL to us. */
int store_url_is_ours(const char *text);

/* For whom, for what and on whose word a store is opened. */
struct store_context {
	const char *root; /* relative folders begin here; NULL: the current directory */
	const struct store_folder_modes *modes;
	const struct lfs_config *config; /* NULL: none */
	enum { STORE_TO_READ, STORE_TO_WRITE } use;
	/* Whether anybody but a repository's .lfsconfig names it (store_trust.h). */
	enum { STORE_NAMED_BY_USER, STORE_NAMED_BY_REPOSITORY } named_by;
};

/* Opens the store and checks its format (store_format.h). The error says what to do:
 * "no store at /x: ...". */
int store_url_open(const struct store_url *u, const struct store_context *context,
                   struct store **out, struct err *err);

/* The same for `init`: makes the store where it is missing, and its folder. A bucket
 * must exist. */
int store_url_create(const struct store_url *u, const struct store_context *context,
                     struct store **out, struct err *err);

#endif
