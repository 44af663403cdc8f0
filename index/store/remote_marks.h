/*
 * The remotes of a repository, as its store knows them (docs/store.md, "Remotes"): each
 * that takes pushes has a marker, remotes/<repo>/<url>, put before the first owner's marker
 * of such a push. Whoever drops what no ref reaches must have read the refs of all of them.
 *
 * One more marker, of the digits 0, says that the list is whole: no owner's marker of that
 * repository was ever put without its remote's before. A push or `init` puts it while the
 * repository owns nothing; else a person says so.
 */
#ifndef ZLLM_REMOTE_MARKS_H
#define ZLLM_REMOTE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/store/store_keys.h"

struct err;
struct store;

enum {
	REMOTE_MARK_NAME = 128, /* bytes of the name that is stored and read, at most */
	REMOTE_MARKS_MAX = 4096 /* of one repository that are looked at */
};

struct remote_mark {
	uint8_t url[KEY_NAME_HASH]; /* the first bytes of the place's hash */
	char name[REMOTE_MARK_NAME + 1]; /* what another wrote; for people, never relied upon */
};

struct remote_marks {
	struct remote_mark *list; /* owned; in order of url */
	size_t count;
	bool whole;
};

#define REMOTE_MARKS_INIT      \
	{                      \
		NULL, 0, false \
	}

/* Reads those of `repo_id`, with their names. ERR_INPUT when there are more than
 * REMOTE_MARKS_MAX. */
int remote_marks_read(struct store *s, const char *repo_id, struct remote_marks *out,
                      struct err *err);
void remote_marks_wipe(struct remote_marks *m);

/* The one with that hash, or NULL. */
const struct remote_mark *remote_marks_find(const struct remote_marks *m,
                                            const struct oid *hash);

/* Puts the marker of a place, before anything is owned by a push to it; and while the
 * repository owns nothing, that the list is whole. One or two requests where it is there. */
int remote_marks_put(struct store *s, const char *repo_id, const struct oid *hash,
                     const char *name, struct err *err);

/* Whether the marker of that place is there: one request. */
int remote_marks_has(struct store *s, const char *repo_id, const struct oid *hash,
                     bool *there, struct err *err);

/* A person says that the list is whole. */
int remote_marks_say_whole(struct store *s, const char *repo_id, struct err *err);

/* Takes the marker of a remote that is gone away. 0, also when it is not there. */
int remote_marks_forget(struct store *s, const char *repo_id,
                        const uint8_t url[KEY_NAME_HASH], struct err *err);

/* For a copy of `repo_id`'s owners: gives `to` the markers that `from` has. Where the list
 * of `from` is not whole, that of `to` is none any more. Before the owners are listed to be
 * copied is too early: after that, and before they are put. */
int remote_marks_copy(struct store *from, struct store *to, const char *repo_id,
                      struct err *err);

#endif
