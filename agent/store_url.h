/*
 * Store URLs, and opening what they name.
 *
 *   zllm::/abs/path?repo=<id>          a folder
 *   zllm::../rel, zllm::~/path         relative to the worktree's root; to $HOME
 *   zllm::file:///abs/path
 *   zllm::s3://bucket/prefix           a bucket (not in this version)
 *   https://zllm.invalid/<abs/path>    the same in a form that any git-lfs takes:
 *                                      /file/<abs path>, /s3/<bucket>/<prefix>
 * Options follow a '?': repo=<32 hex> names the repository that owns what it
 * pushes. Unknown options are ignored (a newer git-zllm may have written them).
 * %XX is decoded; a '%' that is no escape stands for itself. No CR, LF or NUL.
 */
#ifndef ZLLM_STORE_URL_H
#define ZLLM_STORE_URL_H

#include "index/store/store_keys.h"
#include "index/store/store_folder.h"

struct err;
struct store;

enum store_kind { STORE_FOLDER, STORE_S3 };

struct store_url {
	enum store_kind kind;
	char *place;                   /* folder: path; s3: "bucket/prefix"; owned */
	char repo_id[REPO_ID_HEX + 1]; /* "" when the URL has none */
};

/* `text` with or without "zllm::" in front. ERR_INPUT names what is wrong. */
int store_url_parse(const char *text, struct store_url *out, struct err *err);
void store_url_wipe(struct store_url *u);

/* Whether git-lfs would bring transfers of this URL to us. */
int store_url_is_ours(const char *text);

/* Opens the store and checks its format (store_format.h). Relative folders are
 * taken from `root` (NULL: the current directory). The error says what to do:
 * "no store at /x: ...". */
int store_url_open(const struct store_url *u, const char *root,
                   const struct store_folder_modes *modes, struct store **out,
                   struct err *err);

/* The same for `init`: makes the folder and the store where they are missing. */
int store_url_create(const struct store_url *u, const char *root,
                     const struct store_folder_modes *modes, struct store **out,
                     struct err *err);

#endif
