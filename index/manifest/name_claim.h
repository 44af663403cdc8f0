/*
 * Names of models in a store: a repository claims that its models are called
 * "org/model", and others, whose cards name that model as their base, find the
 * objects that it pushed:
 *
 *     names/<hash of the name>/<repo-id>     owners/<repo-id>/<oid>
 *
 * A name is a hint and no more: anybody may claim any name, and several may claim
 * one. What is found is tried on bytes before it serves as a base.
 */
#ifndef ZLLM_NAME_CLAIM_H
#define ZLLM_NAME_CLAIM_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct store;
struct transfer;

/* How much is asked of a store for one name: one listing of the name, one for each
 * repository (which ends after NAME_OWNED_MAX markers), and a small read for each
 * object. */
enum {
	NAME_REPOS_MAX = 4,    /* repositories that claim it; more are passed over */
	NAME_OWNED_MAX = 4096, /* objects that are listed of each */
	NAME_OBJECTS_MAX = 64  /* objects that are looked at; the latest are */
};

/* An object of a repository that claims a name. */
struct named_object {
	struct oid oid;
	uint64_t size;  /* bytes */
	size_t extents; /* how many */
};

/* Claims `name` (which is normalised: see agent/hints/model_name.h) for `repo_id`. Nothing
 * is written where it is claimed already. */
int name_claim_put(struct store *s, const char *name, const char *repo_id,
                   struct err *err);

/* How many repositories claim `name`, NAME_REPOS_MAX at most; or negative. */
int name_claim_count(struct store *s, const char *name, struct err *err);

/* The models (objects with tensors) of those who claim `name`, in no order: at most
 * NAME_OBJECTS_MAX. To find none is not an error. The caller frees *out. */
int name_claim_objects(const struct transfer *t, const char *name,
                       struct named_object **out, size_t *count, struct err *err);

#endif
