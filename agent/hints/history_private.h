/*
 * A question that history.c answers with hints, and what its parts share:
 * history_user.c and history_card.c.
 */
#ifndef ZLLM_HISTORY_PRIVATE_H
#define ZLLM_HISTORY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/hints/history_scan.h"
#include "agent/hints/model_name.h"
#include "index/base/base_hint.h"

struct base_setting;
struct git_paths;
struct named_object;
struct transfer;

enum {
	HINTS_MAX = 64,
	LISTINGS_MAX = 64,        /* trees listed in a session */
	NAMES_MAX = 16,           /* names looked up in a session */
	MODEL_SIZE_MIN = 64 << 10 /* bytes: smaller files have no tensors of their own */
};

struct listing {
	struct commit_id commit;
	struct sightings models;
};

/* What the store has under a name; kept, since a push asks for each of its shards. */
struct named {
	struct model_name name;
	struct named_object *objects; /* owned; NULL: none */
	size_t count;
};

struct history {
	const struct git_paths *paths;
	const struct transfer *transfer; /* NULL: no store to look names up in */
	char *remote;                    /* NULL: not known */
	bool annex;                      /* files of git-annex count */
	struct git_repo *repo;
	struct base_setting *setting; /* NULL until it was read, or where it cannot be */
	bool setting_read;
	struct history_scan scan;
	bool scanned;
	struct listing listings[LISTINGS_MAX];
	size_t listing_count;
	struct named named[NAMES_MAX];
	size_t named_count;
};

/* One question being answered. */
struct question {
	struct history *h;
	const struct oid *oid;
	uint64_t size;
	const struct sighting *where; /* NULL: not known */
	struct base_hints *out;
	enum base_source source; /* of the present tier */
	size_t limit;            /* hints that `out` may hold after it */
};

/* The hints that follow come from `source`; at most `hints` of them are kept. */
void question_begin_tier(struct question *q, enum base_source source, size_t hints);

/* Adds a file of a commit, unless it is no model, or known already. */
void question_add_file(struct question *q, const struct commit_id *commit,
                       const char *path, const struct lfs_pointer *pointer);

/* Adds an object of which no commit is known; `name` is how it was named, or NULL. */
void question_add_object(struct question *q, const struct oid *oid, const char *name);

/* Adds the objects of the repositories that claim `name`, those most like the
 * question's object first. */
void question_add_named(struct question *q, const struct model_name *name);

/* All model files of a commit; never NULL. */
const struct sightings *history_models_of(struct history *h,
                                          const struct commit_id *commit);

/* The tiers of the user and of the card. */
void history_user_hints(struct question *q);
void history_card_hints(struct question *q);

#endif
