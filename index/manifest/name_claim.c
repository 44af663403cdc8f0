#include "index/manifest/name_claim.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/format_table.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/lanes.h"

enum { ENOUGH = 1 }; /* ends a listing */

static int hash_name(const char *name, struct oid *out, struct err *err)
{
	return sha256_of(name, strlen(name), out) ? 0 : err_nomem(err, "a name");
}

int name_claim_put(struct store *s, const char *name, const char *repo_id,
                   struct err *err)
{
	struct store_reader *reader = NULL;
	struct err why = ERR_INIT;
	struct oid hash;
	char key[KEY_MAX];
	int rc = hash_name(name, &hash, err);

	if (rc)
		return rc;
	key_name(&hash, repo_id, key);
	rc = store_get(s, key, 0, &reader, &why);
	store_reader_close(reader);
	/* What is not a marker makes way for one (docs/store.md, "Foreign files"). */
	if (rc == 1 || rc == ERR_DAMAGED)
		return store_put_hint(s, key, err);
	if (rc && err)
		*err = why;
	return rc;
}

/* ---------------------------------------------------------------- who claims it */

struct claimants {
	char ids[NAME_REPOS_MAX][REPO_ID_HEX + 1];
	size_t count;
};

static int take_claimant(void *ctx, const struct store_entry *entry)
{
	struct claimants *c = ctx;

	if (key_parse_name(entry->key, c->ids[c->count]))
		c->count++;
	return c->count == NAME_REPOS_MAX ? ENOUGH : 0;
}

static int list_claimants(struct store *s, const char *name, struct claimants *out,
                          struct err *err)
{
	struct oid hash;
	char prefix[KEY_MAX];
	int rc = hash_name(name, &hash, err);

	if (rc)
		return rc;
	out->count = 0;
	key_names(&hash, prefix);
	rc = store_list(s, prefix, take_claimant, out, err);
	return rc == ENOUGH ? 0 : rc;
}

int name_claim_count(struct store *s, const char *name, struct err *err)
{
	struct claimants claimants;
	int rc = list_claimants(s, name, &claimants, err);

	return rc ? rc : (int)claimants.count;
}

/* ---------------------------------------------------------------- what they pushed */

struct owned {
	struct oid oid;
	int64_t mtime;
	struct manifest_outline outline;
	bool usable; /* a model, and its outline is filled */
};

struct search {
	const struct transfer *transfer;
	struct buf owned;     /* of struct owned */
	size_t seen_of_owner; /* markers of the repository that is being listed */
};

static int take_owned(void *ctx, const struct store_entry *entry)
{
	struct search *s = ctx;
	struct owned one = { .mtime = entry->mtime };
	char repo[REPO_ID_HEX + 1];

	if (key_parse_owner(entry->key, repo, &one.oid))
		buf_add(&s->owned, &one, sizeof(one));
	if (s->owned.failed)
		return ERR_NOMEM;
	return ++s->seen_of_owner == NAME_OWNED_MAX ? ENOUGH : 0;
}

static int list_owned(struct search *s, const char *repo_id, struct err *err)
{
	char prefix[KEY_MAX];

	key_owners(repo_id, prefix);
	s->seen_of_owner = 0;
	int rc = store_list(s->transfer->store, prefix, take_owned, s, err);
	if (s->owned.failed)
		return err_nomem(err, "a list of objects");
	return rc == ENOUGH ? 0 : rc;
}

static struct owned *owned_at(const struct search *s, size_t i)
{
	return (struct owned *)(void *)s->owned.data + i;
}

static int latest_first(const void *left, const void *right)
{
	const struct owned *a = left, *b = right;

	if (a->mtime != b->mtime)
		return a->mtime > b->mtime ? -1 : 1;
	return oid_compare(&a->oid, &b->oid);
}

/* The latest, each once. */
static void choose_owned(struct search *s)
{
	size_t count = s->owned.size / sizeof(struct owned), kept = 0;

	if (count)
		qsort(s->owned.data, count, sizeof(struct owned), latest_first);
	for (size_t i = 0; i < count && kept < NAME_OBJECTS_MAX; i++) {
		bool again = false;
		for (size_t k = 0; k < kept && !again; k++)
			again = oid_equal(&owned_at(s, k)->oid, &owned_at(s, i)->oid);
		if (!again)
			*owned_at(s, kept++) = *owned_at(s, i);
	}
	s->owned.size = kept * sizeof(struct owned);
}

/* What cannot be read is passed over: it is only a hint. */
static int look_at_object(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct search *s = ctx;
	struct owned *one = owned_at(s, i);
	struct err ignored = ERR_INIT;

	(void)lane;
	(void)err;
	one->usable = !manifest_get_outline(s->transfer->store, &one->oid, &one->outline,
	                                    &ignored) &&
	              format_of(one->outline.model)->has_tensors;
	return 0;
}

static int keep_models(const struct search *s, struct named_object **out, size_t *count,
                       struct err *err)
{
	size_t all = s->owned.size / sizeof(struct owned), kept = 0;
	struct named_object *list = calloc(all + 1, sizeof(*list));

	if (!list)
		return err_nomem(err, "a list of objects");
	for (size_t i = 0; i < all; i++) {
		const struct owned *one = owned_at(s, i);
		if (one->usable)
			list[kept++] = (struct named_object){ one->oid, one->outline.size,
				                              one->outline.extents };
	}
	*out = list;
	*count = kept;
	return 0;
}

int name_claim_objects(const struct transfer *t, const char *name,
                       struct named_object **out, size_t *count, struct err *err)
{
	struct search s = { .transfer = t, .owned = BUF_INIT };
	struct claimants claimants;
	int rc = list_claimants(t->store, name, &claimants, err);

	for (size_t i = 0; !rc && i < claimants.count; i++)
		rc = list_owned(&s, claimants.ids[i], err);
	if (!rc) {
		choose_owned(&s);
		struct lanes_work work = { .count = s.owned.size / sizeof(struct owned),
			                   .task = look_at_object,
			                   .ctx = &s };
		rc = lanes_run(t->lanes, &work, err);
	}
	if (!rc)
		rc = keep_models(&s, out, count, err);
	buf_wipe(&s.owned);
	return rc;
}
