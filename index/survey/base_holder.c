#include "index/survey/base_holder.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"

/* An object that was read: which blobs it has, and what it notes as its base. */
struct holding {
	struct oid oid;
	uint64_t *words; /* the first bytes of the blobs' ids, sorted; owned */
	size_t count;
	char *base, *path, *commit; /* owned; NULL: not noted */
	struct holding *next;       /* the base, once that was read */
};

struct base_holders {
	const struct transfer *transfer;
	struct holding **list; /* owned, and each of them */
	size_t count;
};

int base_holders_new(const struct transfer *t, struct base_holders **out, struct err *err)
{
	struct base_holders *h = calloc(1, sizeof(*h));

	if (!h)
		return err_nomem(err, "the bases of models");
	h->transfer = t;
	*out = h;
	return 0;
}

static void holding_free(struct holding *one)
{
	if (!one)
		return;
	free(one->words);
	free(one->base);
	free(one->path);
	free(one->commit);
	free(one);
}

void base_holders_free(struct base_holders *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		holding_free(h->list[i]);
	free(h->list);
	free(h);
}

/* ---------------------------------------------------------------- reading */

static uint64_t word_of(const uint8_t *id)
{
	uint64_t word;

	memcpy(&word, id, sizeof(word));
	return word;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool copy_note(const struct manifest *m, const char *key, char **out)
{
	const char *value = manifest_note(m, key);

	*out = value ? strdup(value) : NULL;
	return *out || !value;
}

static int fill(struct holding *one, const struct manifest *m, struct err *err)
{
	const struct extents *x = &m->extents;

	one->words = malloc((x->count + 1) * sizeof(*one->words));
	if (!one->words || !copy_note(m, "base.oid", &one->base) ||
	    !copy_note(m, "base.path", &one->path) ||
	    !copy_note(m, "base.commit", &one->commit))
		return err_nomem(err, "the tensors of a base");
	for (size_t i = 0; i < x->count; i++)
		if (!x->list[i].inlined)
			one->words[one->count++] = word_of(x->list[i].id.bytes);
	qsort(one->words, one->count, sizeof(*one->words), by_value);
	return 0;
}

/* One that cannot be read holds nothing. */
static int read_holding(struct base_holders *h, struct holding *one, struct err *err)
{
	struct err why = ERR_INIT;
	struct manifest m;
	int rc = manifest_recall(h->transfer->store, &one->oid, manifest_parse, &m, &why);

	if (rc == ERR_NOMEM)
		return err_set(err, rc, "%s", why.text);
	if (rc)
		return 0;
	rc = fill(one, &m, err);
	manifest_wipe(&m);
	return rc;
}

static struct holding *recall(const struct base_holders *h, const struct oid *oid)
{
	for (size_t i = 0; i < h->count; i++)
		if (oid_equal(&h->list[i]->oid, oid))
			return h->list[i];
	return NULL;
}

static int keep(struct base_holders *h, struct holding *one, struct err *err)
{
	struct holding **list = realloc(h->list, (h->count + 1) * sizeof(*list));

	if (!list)
		return err_nomem(err, "the bases of models");
	h->list = list;
	h->list[h->count++] = one;
	return 0;
}

/* The object that is noted as `hex`; NULL where that is not an oid. */
static int find_noted(struct base_holders *h, const char *hex, struct holding **out,
                      struct err *err)
{
	struct oid oid;

	*out = NULL;
	if (!hex || !oid_parse(hex, &oid))
		return 0;
	*out = recall(h, &oid);
	if (*out)
		return 0;
	struct holding *one = calloc(1, sizeof(*one));
	if (!one)
		return err_nomem(err, "the bases of models");
	one->oid = oid;
	int rc = read_holding(h, one, err);
	if (!rc)
		rc = keep(h, one, err);
	if (rc)
		holding_free(one);
	else
		*out = one;
	return rc;
}

/* ---------------------------------------------------------------- asking */

struct asked {
	uint64_t bases[BASE_HOLDER_SAMPLES];
	size_t count;
};

static void choose_bases(const struct manifest *m, struct asked *out)
{
	const struct extents *x = &m->extents;
	size_t deltas = 0, seen = 0;

	for (size_t i = 0; i < x->count; i++)
		deltas += extent_finding(&x->list[i])->base_count > 0;
	out->count = 0;
	for (size_t i = 0; i < x->count; i++) {
		const struct extent_finding *f = extent_finding(&x->list[i]);
		if (!f->base_count)
			continue;
		/* The next one is due where its share of the samples begins. */
		if (deltas <= BASE_HOLDER_SAMPLES ||
		    seen * BASE_HOLDER_SAMPLES >= out->count * deltas)
			out->bases[out->count++] = word_of(f->bases[0]);
		seen++;
	}
}

static size_t count_held(const struct holding *one, const struct asked *asked)
{
	size_t held = 0;

	for (size_t i = 0; i < asked->count && one->count; i++)
		held += bsearch(&asked->bases[i], one->words, one->count,
		                sizeof(*one->words), by_value) != NULL;
	return held;
}

static int find_next(struct base_holders *h, struct holding *one, struct holding **out,
                     struct err *err)
{
	int rc = one->next ? 0 : find_noted(h, one->base, &one->next, err);

	*out = one->next;
	return rc;
}

int base_holders_find(struct base_holders *h, const struct manifest *m,
                      struct base_holder *out, struct err *err)
{
	const char *hex = manifest_note(m, "base.oid");
	struct base_holder here = { hex, manifest_note(m, "base.path"),
		                    manifest_note(m, "base.commit") };
	struct base_holder best = { NULL, NULL, NULL };
	struct asked asked;
	struct holding *one;
	size_t most = 0;

	choose_bases(m, &asked);
	int rc = find_noted(h, hex, &one, err);
	for (unsigned steps = 0; !rc && one && most < asked.count; steps++) {
		size_t held = count_held(one, &asked);
		if (held > most) {
			most = held;
			best = here;
		}
		if (steps == BASE_HOLDER_STEPS)
			break;
		here = (struct base_holder){ one->base, one->path, one->commit };
		rc = find_next(h, one, &one, err);
	}
	if (rc)
		return rc;
	if (!best.oid)
		return 1;
	*out = best;
	return 0;
}
