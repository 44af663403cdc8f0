/*
 * Whether a folder store is shared as its folder says: what is in the way of the other
 * people who are to push to it. And opening it up.
 */
#ifndef ZLLM_STORE_FOLDER_SURVEY_H
#define ZLLM_STORE_FOLDER_SURVEY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "index/store/store_keys.h"

struct err;
struct store;

/* Some folders or files of the store, and the first of them by its path in the store. */
struct store_folder_some {
	uint64_t count;
	char first[KEY_MAX];
};

struct store_folder_survey {
	mode_t mode; /* of the store's folder */
	gid_t group;
	bool by_acl; /* it has an ACL for what is made in it */

	/* Of those looked at (the first 20 000): */
	struct store_folder_some
		narrow; /* folders without a right that the store's has */
	struct store_folder_some foreign; /* of another group than the store's */
	struct store_folder_some unset; /* without the setgid bit that the store's has */
	struct store_folder_some
		bare; /* without such an ACL, where the store's has one */
	struct store_folder_some hidden; /* files without a right to read */
	struct store_folder_some links;  /* symbolic links */

	/* A folder that was made as a push makes one, and removed. */
	bool tried;
	mode_t made_mode;
	gid_t made_group;

	/* The folder that the store's folder lies in. */
	mode_t above_mode;
	gid_t above_group;
};

/* `s` must be a store in a folder. 0 or ERR_IO. */
int store_folder_survey(struct store *s, struct store_folder_survey *out,
                        struct err *err);

/* Gives the group of the folder at `path` the right to write to the store that is there,
 * and hands that down to all that is in it. *left: how many folders or files belong to
 * others, so that only they can do it. ERR_IO when the folder itself is such. */
int store_folder_share(const char *path, uint64_t *left, struct err *err);

#endif
