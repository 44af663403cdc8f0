/*
 * What is known about objects that may hold the bases of an object's tensors,
 * best first. git is one source (agent/history.h); the card and the store's own
 * markers are others to come. A hint is only a hint: the upload checks each
 * against bytes, and does without when there is none.
 */
#ifndef ZLLM_BASE_HINT_H
#define ZLLM_BASE_HINT_H

#include <stddef.h>

#include "codec/common/sha256.h"

struct base_hint {
	struct oid oid;   /* an object, perhaps in the store */
	char *path;       /* its path in the repository; owned */
	char *commit;     /* the commit where it was found, hex; owned */
	char *local_file; /* a local copy of it (git-lfs's storage), or NULL; owned */
};

struct base_hints {
	struct base_hint *list; /* owned */
	size_t count;
	char *path;   /* the path of the object itself, or NULL; owned */
	char *commit; /* the commit that brings it, hex, or NULL; owned */
};

#define BASE_HINTS_INIT             \
	{                           \
		NULL, 0, NULL, NULL \
	}

/* Frees everything and leaves no hints. */
void base_hints_wipe(struct base_hints *h);

#endif
