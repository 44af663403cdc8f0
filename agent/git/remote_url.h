/*
 * What a remote's URL says of the place that it leads to, so that two spellings of one
 * place are one: an id of the place, and a name for people. Nothing of it is a user's name
 * that a server would take for who asks, a password or a token.
 *
 *     git@Forge.example:org/model.git          forge.example/org/model
 *     ssh://git@forge.example:22/org/model/    forge.example/org/model
 *     https://me:secret@forge.example/org/model.git   the same
 *     https://forge.example:8443/org/model     forge.example:8443/org/model
 *     alice@host:model.git                     host/~alice/model     from alice's home
 *     /srv/git/model.git, file:///srv/...      a folder; where it lies is found elsewhere
 *     foreign::https://me@host/x, ext::...     what a helper program understands
 *
 * Two places that may be different are never made one for the sake of convenience: case
 * of the path, ports that are not the protocol's own, and queries are kept.
 * Pure; any thread.
 */
#ifndef ZLLM_REMOTE_URL_H
#define ZLLM_REMOTE_URL_H

#include <stdbool.h>

#include "codec/common/buf.h"

enum { REMOTE_NAME_MAX = 120 }; /* bytes */

enum remote_kind {
	REMOTE_HOST,   /* `place` is "host[:port]/path" */
	REMOTE_FOLDER, /* `place` is a path as it was written */
	REMOTE_HELPER  /* `place` is "helper::" and what it was given, without its user */
};

struct remote_url {
	enum remote_kind kind;
	struct buf place; /* owned */
	bool loopback;    /* a host that is another machine for everybody */
	/* The path's last two segments, for people: letters, digits and "._-+~/", "?" for
	 * any other character; "" where nothing can be shown. */
	char name[REMOTE_NAME_MAX + 1];
};

/* Takes apart what git would be given, aliases (url_alias.h) applied. 0; ERR_INPUT when it
 * leads nowhere (it is empty, has a host without a name, or a newline in it); ERR_NOMEM.
 * The sentence never has the URL in it. */
struct err;
int remote_url_parse(const char *url, struct remote_url *out, struct err *err);
void remote_url_wipe(struct remote_url *u);

#endif
