/*
 * What is known about objects that may hold the bases of an object's tensors,
 * best first. Users, git (agent/hints/history.h) and model cards name objects; the
 * store's own markers name single blobs (base_search.h). A hint is only a hint: the
 * upload checks each against bytes, and goes on without one where there is none.
 */
#ifndef ZLLM_BASE_HINT_H
#define ZLLM_BASE_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/common/sha256.h"

/* Who says that something may be a base. In the order of their weight; the numbers
 * are stored in manifests and never change. */
enum base_source {
	BASE_SOURCE_NONE = 0,    /* not known */
	BASE_SOURCE_USER = 1,    /* git zllm base, or --base */
	BASE_SOURCE_HISTORY = 2, /* git: the same or a like path, before or elsewhere */
	BASE_SOURCE_CARD = 3,    /* the model's card declares its base */
	BASE_SOURCE_MARKER = 4,  /* the store's markers: a like sketch */
	BASE_SOURCE_SELF = 5     /* another tensor of the same object or push */
};

/* "user", "git", "card", "markers", "itself"; "" for any other number. */
const char *base_source_name(unsigned source);

struct base_hint {
	struct oid oid;          /* an object, perhaps in the store */
	enum base_source source; /* who names it */
	bool earlier;            /* an earlier version of the very file; the upload sees */
	char *path;              /* its path in the repository; or, without a commit, the
	                            name by which a card or the user names it; or
	                            NULL; owned */
	char *commit;            /* the commit where it was found, hex, or NULL; owned */
	char *local_file;        /* a local copy of it (git-lfs's storage), or NULL; owned */
};

struct base_hints {
	struct base_hint *list; /* owned */
	size_t count;
	bool never;   /* the user says: nothing is a base, not even what markers find */
	char *path;   /* the path of the object itself, or NULL; owned */
	char *commit; /* the commit that brings it, hex, or NULL; owned */
};

#define BASE_HINTS_INIT                    \
	{                                  \
		NULL, 0, false, NULL, NULL \
	}

/* Frees everything and leaves no hints. */
void base_hints_wipe(struct base_hints *h);

/* Marks those that are earlier versions of the object's own path: they make a series
 * (base_series.h). */
void base_hints_mark_earlier(struct base_hints *h);

#endif
