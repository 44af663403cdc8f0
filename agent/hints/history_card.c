/* The base that a model's card names, found among the store's names. */
#include <stdlib.h>
#include <string.h>

#include "agent/hints/history_private.h"
#include "agent/hints/model_card.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/name_claim.h"

enum { CARD_HINTS_MAX = 32, FOLDERS_MAX = 16 /* from the model's own up to the root */ };

/* ---------------------------------------------------------------- names to objects */

static const struct named *look_up(struct history *h, const struct model_name *name)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < h->named_count; i++)
		if (strcmp(h->named[i].name.text, name->text) == 0)
			return &h->named[i];
	if (!h->transfer || h->named_count == NAMES_MAX)
		return NULL;
	struct named *named = &h->named[h->named_count++];
	*named = (struct named){ .name = *name };
	if (name_claim_objects(h->transfer, name->text, &named->objects, &named->count,
	                       &ignored))
		named->count = 0; /* only a hint */
	return named;
}

struct likeness {
	const struct named_object *object;
	uint64_t gap; /* bytes */
};

static int by_gap(const void *left, const void *right)
{
	const struct likeness *a = left, *b = right;

	if (a->gap != b->gap)
		return a->gap < b->gap ? -1 : 1;
	if (a->object->extents != b->object->extents)
		return a->object->extents > b->object->extents ? -1 : 1;
	return oid_compare(&a->object->oid, &b->object->oid);
}

void question_add_named(struct question *q, const struct model_name *name)
{
	const struct named *named = look_up(q->h, name);
	struct likeness list[NAME_OBJECTS_MAX];
	size_t count = 0;

	for (; named && count < named->count && count < NAME_OBJECTS_MAX; count++) {
		const struct named_object *object = &named->objects[count];
		list[count].object = object;
		list[count].gap = object->size < q->size ? q->size - object->size
		                                         : object->size - q->size;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_gap);
	for (size_t i = 0; i < count; i++)
		question_add_object(q, &list[i].object->oid, name->text);
}

/* ---------------------------------------------------------------- the card */

static void read_cards(const struct question *q, const struct commit_id *commit,
                       const char *folder, size_t n, struct model_names *names)
{
	for (unsigned i = 0; i < MODEL_CARD_FILES; i++) {
		struct buf path = BUF_INIT, text = BUF_INIT;
		buf_addf(&path, "%.*s%s", (int)n, folder, model_card_file(i));
		if (!path.failed && git_repo_text_at(q->h->repo, commit, buf_text(&path),
		                                     MODEL_CARD_SIZE_MAX, &text))
			model_card_read(i, (const char *)text.data, text.size, names);
		buf_wipe(&path);
		buf_wipe(&text);
	}
}

/* The cards of the model's folder, and of those above it. */
static void read_all_cards(const struct question *q, const struct commit_id *commit,
                           struct model_names *names)
{
	const char *path = q->where->path;
	size_t n = strlen(path);

	for (int folders = 0; folders < FOLDERS_MAX; folders++) {
		while (n && path[n - 1] != '/')
			n--;
		read_cards(q, commit, path, n, names);
		if (!n)
			break;
		n--;
	}
}

/* The commit that brings the model should have its card; a later one may. */
void history_card_hints(struct question *q)
{
	struct model_names names = { .count = 0 };
	const struct commit_list *local = &q->h->scan.local;

	if (!q->h->transfer || q->size < MODEL_SIZE_MIN)
		return;
	read_all_cards(q, &q->where->commit, &names);
	if (!names.count && local->count)
		read_all_cards(q, &local->list[0], &names);
	question_begin_tier(q, BASE_SOURCE_CARD, CARD_HINTS_MAX);
	for (size_t i = 0; i < names.count; i++)
		question_add_named(q, &names.list[i]);
}
