/*
 * Where a remote is, as an id that everybody finds who reaches the same place, and that
 * tells nobody how: of the place that its URL names (remote_url.h); of a folder its real
 * path and the number of its inode, for two machines may have another folder at one path,
 * and the same one from a file server. A host that is another machine for everybody
 * (localhost) has this machine's name in front.
 */
#ifndef ZLLM_REMOTE_PLACE_H
#define ZLLM_REMOTE_PLACE_H

#include "agent/git/remote_url.h"
#include "codec/common/sha256.h"

struct err;

struct remote_place {
	struct oid hash;                /* SHA-256 of the normalised URL */
	char name[REMOTE_NAME_MAX + 1]; /* for people: remote_url.h */
};

/* The place that `url` leads to, aliases (url_alias.h) applied; a relative path begins at
 * `root`. 0; 1 when it is a folder that is not there; ERR_INPUT, whose sentence does not
 * have the URL in it; ERR_NOMEM, ERR_IO. */
int remote_place_find(const char *url, const char *root, struct remote_place *out,
                      struct err *err);

#endif
