/*
 * One pass over the manifests leaves, for each object, the first bytes of its blobs'
 * ids and of its bases' ids ("words"). Sorted together, the blobs' words are an index
 * from a base to the objects that hold it; each object then counts which others hold
 * its bases. Two words may be equal by chance once in 2^64: a wrong line in a tree.
 */
#include "index/survey/family.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/lanes.h"

enum { HOLDERS_MAX = 64 /* objects asked for one base */ };

/* A blob of an object. */
struct holding {
	uint64_t word;
	uint32_t object;
};

struct search {
	const struct transfer *transfer;
	pthread_mutex_t lock; /* guards what follows while manifests are read */
	struct family *family;
	struct buf found;      /* of struct family_member: before they are read */
	struct buf words;      /* uint64_t: of each object its blobs, then its bases */
	struct holding *index; /* sorted by word */
	size_t index_count;
	uint32_t *tally; /* for each object: tensors it holds for the one in hand */
};

void family_wipe(struct family *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].path);
		free(f->list[i].commit);
		free(f->list[i].base_oid);
	}
	free(f->list);
	*f = (struct family)FAMILY_INIT;
}

/* ---------------------------------------------------------------- manifests */

static int note_object(void *ctx, const struct store_entry *entry)
{
	struct search *s = ctx;
	struct family_member m = { .mtime = entry->mtime, .parent = FAMILY_NONE };

	if (!key_parse_object(entry->key, &m.oid))
		return 0;
	if (s->found.size / sizeof(m) == FAMILY_OBJECTS_MAX) {
		s->family->cut = true;
		return 1;
	}
	buf_add(&s->found, &m, sizeof(m));
	return s->found.failed ? ERR_NOMEM : 0;
}

static int list_objects(struct search *s, struct err *err)
{
	int rc = store_list(s->transfer->store, "objects/", note_object, s, err);

	if (s->found.failed)
		return err_nomem(err, "a list of objects");
	s->family->list = (struct family_member *)(void *)s->found.data;
	s->family->count = s->found.size / sizeof(struct family_member);
	s->found = (struct buf)BUF_INIT;
	return rc > 0 ? 0 : rc;
}

static uint64_t first_word(const uint8_t *id)
{
	uint64_t word;

	memcpy(&word, id, sizeof(word));
	return word;
}

static void add_word(struct search *s, const uint8_t *id)
{
	uint64_t word = first_word(id);

	buf_add(&s->words, &word, sizeof(word));
}

static void add_words(struct search *s, struct family_member *m, const struct extents *x)
{
	size_t begin = s->words.size, count = begin / sizeof(uint64_t);

	if (count + 2 * x->count > FAMILY_WORDS_MAX) {
		s->family->cut = true;
		return;
	}
	for (size_t i = 0; i < x->count; i++)
		if (!x->list[i].inlined)
			add_word(s, x->list[i].id.bytes);
	size_t tensors = s->words.size / sizeof(uint64_t) - count;
	for (size_t i = 0; i < x->count; i++)
		if (extent_finding(&x->list[i])->base_count)
			add_word(s, extent_finding(&x->list[i])->bases[0]);
	m->first = (uint32_t)count;
	m->tensors = (uint32_t)tensors;
	m->deltas = (uint32_t)(s->words.size / sizeof(uint64_t) - count - tensors);
}

static char *copy_note(const struct manifest *m, const char *key)
{
	const char *value = manifest_note(m, key);

	return value ? strdup(value) : NULL;
}

static int read_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct search *s = ctx;
	struct family_member *member = &s->family->list[i];
	struct manifest m;
	struct err ignored = ERR_INIT;

	(void)lane;
	if (manifest_get(s->transfer->store, &member->oid, manifest_parse, &m, &ignored))
		return 0;
	member->size = m.extents.size;
	member->model = m.extents.model;
	member->path = copy_note(&m, "path");
	member->commit = copy_note(&m, "commit");
	member->base_oid = copy_note(&m, "base.oid");
	pthread_mutex_lock(&s->lock);
	add_words(s, member, &m.extents);
	bool failed = s->words.failed;
	pthread_mutex_unlock(&s->lock);
	manifest_wipe(&m);
	return failed ? err_nomem(err, "the tensors of a store") : 0;
}

static const uint64_t *words_of(const struct search *s, const struct family_member *m)
{
	return (const uint64_t *)(const void *)s->words.data + m->first;
}

/* ---------------------------------------------------------------- who holds what */

static int by_word(const void *left, const void *right)
{
	const struct holding *a = left, *b = right;

	if (a->word != b->word)
		return a->word < b->word ? -1 : 1;
	return a->object < b->object ? -1 : a->object > b->object;
}

static int make_index(struct search *s, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < s->family->count; i++)
		count += s->family->list[i].tensors;
	s->index = malloc((count + 1) * sizeof(*s->index));
	s->tally = calloc(s->family->count + 1, sizeof(*s->tally));
	if (!s->index || !s->tally)
		return err_nomem(err, "the tensors of a store");
	for (size_t i = 0; i < s->family->count; i++) {
		const struct family_member *m = &s->family->list[i];
		for (uint32_t k = 0; k < m->tensors; k++)
			s->index[s->index_count++] = (struct holding){ words_of(s, m)[k],
				                                       (uint32_t)i };
	}
	qsort(s->index, s->index_count, sizeof(*s->index), by_word);
	return 0;
}

static size_t find_holders(const struct search *s, uint64_t word)
{
	size_t low = 0, high = s->index_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->index[middle].word < word)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds one, or takes it back, for every object that holds one of `n` words. */
static void count_holders(struct search *s, const uint64_t *words, uint32_t n, bool reset)
{
	for (uint32_t k = 0; k < n; k++) {
		size_t at = find_holders(s, words[k]);
		for (size_t i = at; i < s->index_count && i < at + HOLDERS_MAX &&
		                    s->index[i].word == words[k];
		     i++) {
			uint32_t *tally = &s->tally[s->index[i].object];
			*tally = reset ? 0 : *tally + 1;
		}
	}
}

/* ---------------------------------------------------------------- parents */

static bool is_noted_base(const struct family_member *m, const struct family_member *of)
{
	char hex[SHA256_HEX + 1];

	oid_format(&m->oid, hex);
	return of->base_oid && strcmp(of->base_oid, hex) == 0;
}

static bool older(const struct family_member *a, const struct family_member *b)
{
	if (a->mtime != b->mtime)
		return a->mtime < b->mtime;
	return oid_compare(&a->oid, &b->oid) < 0;
}

/* Whether `a` makes a better parent of `m` than `b`, both holding as much. */
static bool better(const struct family_member *a, const struct family_member *b,
                   const struct family_member *m)
{
	if (is_noted_base(a, m) != is_noted_base(b, m))
		return is_noted_base(a, m);
	return older(a, b);
}

/* Whether `m` may hang on `o` by equal tensors: on one that was there before. Pushed within
 * one second, one that notes `m` as its base came after it. */
static bool came_before(const struct family_member *o, const struct family_member *m)
{
	return older(o, m) && !is_noted_base(m, o);
}

static void choose_parent(struct search *s, size_t i)
{
	struct family_member *list = s->family->list, *m = &list[i];
	bool deltas = m->deltas > 0;
	const uint64_t *words = words_of(s, m) + (deltas ? m->tensors : 0);
	uint32_t n = deltas ? m->deltas : m->tensors, most = 0;

	count_holders(s, words, n, false);
	for (uint32_t k = 0; k < n; k++) {
		size_t at = find_holders(s, words[k]);
		for (size_t h = at; h < s->index_count && h < at + HOLDERS_MAX &&
		                    s->index[h].word == words[k];
		     h++) {
			size_t o = s->index[h].object;
			uint32_t held = s->tally[o];
			if (o == i || held < most ||
			    (!deltas && !came_before(&list[o], m)) ||
			    (held == most && m->parent != FAMILY_NONE &&
			     !better(&list[o], &list[m->parent], m)))
				continue;
			most = held;
			m->parent = (int)o;
		}
	}
	count_holders(s, words, n, true);
	m->edge = most;
	m->shares = !deltas;
	if (!deltas && 2 * (uint64_t)most < m->tensors)
		m->parent = FAMILY_NONE;
}

/* Whether one that is not object `i` holds `word`, and who holds most of all words, by the
 * tally. */
static bool note_holders(const struct search *s, size_t i, uint64_t word,
                         struct family_sharing *out)
{
	bool found = false;

	for (size_t at = find_holders(s, word), h = at;
	     h < s->index_count && h < at + HOLDERS_MAX && s->index[h].word == word;
	     h++) {
		uint32_t o = s->index[h].object, held = s->tally[o];
		const struct family_member *list = s->family->list;
		if (o == i)
			continue;
		found = true;
		if (held < out->most || (held == out->most && out->with != FAMILY_NONE &&
		                         !older(&list[o], &list[out->with])))
			continue;
		out->most = held;
		out->with = (int)o;
	}
	return found;
}

static void find_sharing(struct search *s, size_t i)
{
	const struct family_member *m = &s->family->list[i];
	const uint64_t *words = words_of(s, m);
	struct family_sharing found = { 0, 0, FAMILY_NONE };

	count_holders(s, words, m->tensors, false);
	for (uint32_t k = 0; k < m->tensors; k++)
		found.shared += note_holders(s, i, words[k], &found);
	count_holders(s, words, m->tensors, true);
	s->family->sharing = found;
}

/* Two objects may hold bases of each other: of a ring the weakest tie is cut. */
static void cut_rings(struct family *f)
{
	for (size_t i = 0; i < f->count; i++) {
		size_t steps = 0;
		int at = (int)i, weakest = (int)i;
		do {
			if (f->list[at].edge < f->list[weakest].edge)
				weakest = at;
			at = f->list[at].parent;
		} while (at != FAMILY_NONE && at != (int)i && ++steps < f->count);
		if (at == (int)i)
			f->list[weakest].parent = FAMILY_NONE;
	}
}

/* ---------------------------------------------------------------- the family */

static int find_member(const struct family *f, const struct oid *oid)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = oid_compare(&f->list[middle].oid, oid);
		if (order == 0)
			return (int)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return FAMILY_NONE;
}

static int root_of(const struct family *f, int i)
{
	while (f->list[i].parent != FAMILY_NONE)
		i = f->list[i].parent;
	return i;
}

static void mark_related(struct family *f, int asked)
{
	f->root = root_of(f, asked);
	for (size_t i = 0; i < f->count; i++) {
		f->list[i].related = root_of(f, (int)i) == f->root;
		f->members += f->list[i].related;
	}
}

static int search(struct search *s, const struct oid *oid, struct err *err)
{
	struct family *f = s->family;
	char hex[SHA256_HEX + 1];
	int rc = list_objects(s, err);

	if (rc)
		return rc;
	int asked = find_member(f, oid);
	oid_format(oid, hex);
	if (asked == FAMILY_NONE)
		return err_set(err, ERR_MISSING, "store %s does not have object %s",
		               s->transfer->store->name, hex);
	struct lanes_work work = { .count = f->count, .task = read_one, .ctx = s };
	rc = lanes_run(s->transfer->lanes, &work, err);
	if (!rc)
		rc = make_index(s, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < f->count; i++)
		choose_parent(s, i);
	cut_rings(f);
	find_sharing(s, (size_t)asked);
	mark_related(f, asked);
	return 0;
}

int family_find(const struct transfer *t, const struct oid *oid, struct family *out,
                struct err *err)
{
	struct family found = FAMILY_INIT;
	struct search s = {
		.transfer = t, .family = &found, .found = BUF_INIT, .words = BUF_INIT
	};

	pthread_mutex_init(&s.lock, NULL);
	int rc = search(&s, oid, err);
	pthread_mutex_destroy(&s.lock);
	buf_wipe(&s.found);
	buf_wipe(&s.words);
	free(s.index);
	free(s.tally);
	if (rc)
		family_wipe(&found);
	else
		*out = found;
	return rc;
}
