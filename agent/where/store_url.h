/*
 * Store URLs.
 *
 *   zllm::/abs/path?repo=<id>          a folder
 *   zllm::../rel, zllm::~/path         relative to the top of the clone
 *                                      (main_worktree.h); to $HOME
 *   zllm::file:///abs/path
 *   zllm::s3://bucket/prefix           a bucket
 *   https://zllm.invalid/<abs/path>    the same in a form that any git-lfs takes:
 *                                      /file/<abs path>, /s3/<bucket>/<prefix>
 * Options follow a '?': repo=<32 hex> names the repository that owns what it
 * pushes; the others are the kind's (store_kind.h): a bucket may have endpoint= and
 * region=. Unknown options are ignored (a newer git-zllm may have written them).
 * %XX is decoded; a '%' that is no escape stands for itself. No CR, LF or NUL.
 */
#ifndef ZLLM_STORE_URL_H
#define ZLLM_STORE_URL_H

#include "agent/where/store_kind.h"
#include "index/store/store_keys.h"

struct buf;
struct err;

struct store_url {
	const struct store_kind *kind;
	char *place;                       /* a path, or "bucket/prefix"; owned */
	char *options[STORE_KIND_OPTIONS]; /* in the kind's order, or NULL; owned */
	char repo_id[REPO_ID_HEX + 1];     /* "" when the URL has none */
};

/* `text` with or without "zllm::" in front. ERR_INPUT names what is wrong. */
int store_url_parse(const char *text, struct store_url *out, struct err *err);
void store_url_wipe(struct store_url *u);

/* The value of an option of the kind; NULL: the URL has none. */
const char *store_url_option(const struct store_url *u, const char *name);

/* Appends the path that a place is, where it is one: absolute, or from $HOME, or from
 * `root` (NULL: the current directory). ERR_CONFIG. */
int store_url_path(const struct store_url *u, const char *root, struct buf *out,
                   struct err *err);

/* Whether git-lfs would bring transfers of this URL to us. */
int store_url_is_ours(const char *text);

#endif
