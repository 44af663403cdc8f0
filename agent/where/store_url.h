/*
 * Store URLs.
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

struct err;

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

#endif
