/*
 * Which store a transfer goes to: nothing in git-lfs's protocol says it, so it is
 * resolved just as git-lfs resolves it (tried with 3.3.0):
 *   upload: lfs.pushurl; then lfs.url; then remote.<r>.lfspushurl (upload),
 *   remote.<r>.lfsurl; then the same of origin, unless <r> has a URL of its own;
 *   then url.*.insteadOf and pushInsteadOf, longest prefix.
 */
#ifndef ZLLM_ENDPOINT_H
#define ZLLM_ENDPOINT_H

#include <stdbool.h>

struct err;
struct lfs_config;

enum endpoint_direction { ENDPOINT_UPLOAD, ENDPOINT_DOWNLOAD };

struct endpoint {
	char *url;       /* as resolved: "zllm::/mnt/models?repo=..."; owned */
	const char *key; /* the configuration key that named it; static or owned by
	                    `key_memory` */
	char *key_memory;
};

/* `remote` is a remote's name or a URL, or NULL. 0; ERR_CONFIG when nothing names
 * a store, with a sentence that says what to do. */
int endpoint_find(const struct lfs_config *config, enum endpoint_direction direction,
                  const char *remote, struct endpoint *out, struct err *err);
void endpoint_wipe(struct endpoint *e);

/* Whether there is one. */
bool endpoint_is_ours(const struct lfs_config *config, enum endpoint_direction direction,
                      const char *remote);

#endif
