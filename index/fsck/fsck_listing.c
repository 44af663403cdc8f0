#include "index/fsck/fsck_listing.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"

/* ---------------------------------------------------------------- order */

/* As their keys are in byte order. */
static int compare_records(const void *a, const void *b)
{
	const struct key_record *x = &((const struct fsck_record *)a)->what;
	const struct key_record *y = &((const struct fsck_record *)b)->what;
	int order = oid_compare(&x->id, &y->id);
	unsigned both = x->base_count < y->base_count ? x->base_count : y->base_count;

	for (unsigned i = 0; i < both && !order; i++)
		order = memcmp(x->bases[i], y->bases[i], KEY_BASE_PREFIX);
	return order ? order
	             : (x->base_count > y->base_count) - (x->base_count < y->base_count);
}

static int compare_oids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static size_t oid_count(const struct buf *oids)
{
	return oids->size / sizeof(struct oid);
}

/* Sorts them, and leaves each once. */
static void sort_oids(struct buf *oids)
{
	struct oid *list = (struct oid *)(void *)oids->data;
	size_t n = oid_count(oids), kept = 0;

	if (!n)
		return;
	qsort(list, n, sizeof(*list), compare_oids);
	for (size_t i = 0; i < n; i++)
		if (!kept || !oid_equal(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	oids->size = kept * sizeof(*list);
}

void fsck_listing_sort(struct fsck_listing *l)
{
	size_t kept = 0;

	if (!l->record_count)
		return;
	qsort(l->records, l->record_count, sizeof(*l->records), compare_records);
	for (size_t i = 0; i < l->record_count; i++)
		if (!kept || compare_records(&l->records[kept - 1], &l->records[i]))
			l->records[kept++] = l->records[i];
	l->record_count = kept;
}

/* ---------------------------------------------------------------- one key */

static int add_record(struct fsck_listing *l, const struct key_record *what,
                      uint64_t stored)
{
	if (l->record_count == l->record_cap) {
		size_t cap = l->record_cap ? l->record_cap + l->record_cap / 2 : 256;
		struct fsck_record *more = realloc(l->records, cap * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		l->records = more;
		l->record_cap = cap;
	}
	l->records[l->record_count++] = (struct fsck_record){ *what, 0, stored };
	l->record_bytes += stored;
	return 0;
}

static int add_oid(struct buf *to, const struct oid *oid)
{
	buf_add(to, oid, sizeof(*oid));
	return to->failed ? ERR_NOMEM : 0;
}

/* Owners come after objects in a listing. The last one that was noted is often the next. */
static int add_owner(struct fsck_listing *l, const struct oid *oid)
{
	const struct oid *last = (const struct oid *)(const void *)l->unmade.data;

	l->owners++;
	if (l->objects.size && bsearch(oid, l->objects.data, oid_count(&l->objects),
	                               sizeof(*oid), compare_oids))
		return 0;
	if (l->unmade.size && oid_equal(&last[oid_count(&l->unmade) - 1], oid))
		return 0;
	return add_oid(&l->unmade, oid);
}

enum { TOO_FOREIGN = 1 };

/* Where most of a bucket is somebody else's, it is not read to its end. */
static int add_foreign(struct fsck_listing *l, const char *key)
{
	if (l->foreign_count++ >= FSCK_FOREIGN_MAX)
		return l->ours_alone ? 0 : TOO_FOREIGN;
	buf_add(&l->foreign, key, strlen(key) + 1);
	return l->foreign.failed ? ERR_NOMEM : 0;
}

static bool begins(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

/* Whether the key is one of ours that is only counted. */
static bool is_counted(struct fsck_listing *l, const char *key)
{
	char repo[REPO_ID_HEX + 1];
	uint8_t url[KEY_NAME_HASH];
	struct key_marker marker;
	struct trash_key trash;
	struct key_annex annex;
	struct oid oid;

	if (begins(key, "annexes/") && key_parse_annex(key, &annex, &oid))
		return true;
	if (begins(key, "bases/") && key_parse_marker(key, &marker))
		return ++l->markers;
	if (begins(key, "trash/") && trash_key_parse(key, &trash))
		return ++l->trash;
	return (begins(key, "names/") && key_parse_name(key, repo)) ||
	       (begins(key, "remotes/") && key_parse_remote(key, repo, url)) ||
	       begins(key, KEY_PROBE) || strcmp(key, KEY_STORE_FILE) == 0;
}

static int note_key(void *ctx, const struct store_entry *entry)
{
	struct fsck_listing *l = ctx;
	char repo[REPO_ID_HEX + 1];
	struct key_record record;
	struct oid oid;

	if (key_parse_record(entry->key, &record))
		return add_record(l, &record, entry->size);
	if (key_parse_object(entry->key, &oid))
		return add_oid(&l->objects, &oid);
	if (key_parse_owner(entry->key, repo, &oid))
		return add_owner(l, &oid);
	return is_counted(l, entry->key) ? 0 : add_foreign(l, entry->key);
}

/* ---------------------------------------------------------------- the whole */

/* What is ours alone, as readers list it: where a folder that is nobody's cannot be read,
 * or holds a great many things. */
static int list_ours(struct fsck_listing *l, struct store *s, struct err *err)
{
	static const char *const prefixes[] = { "annexes/", "bases/",   "blobs/",
		                                "names/",   "objects/", "owners/",
		                                "remotes/", "trash/" };
	struct fsck_listing fresh = FSCK_LISTING_INIT;
	int rc = 0;

	fresh.foreign = l->foreign;
	fresh.foreign_count = l->foreign_count;
	fresh.ours_alone = true;
	l->foreign = (struct buf)BUF_INIT;
	fsck_listing_wipe(l);
	*l = fresh;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !rc; i++)
		rc = store_list(s, prefixes[i], note_key, l, err);
	return rc;
}

/* Owners are held against objects, which come before them in either listing. */
int fsck_list_all(struct fsck_listing *l, struct store *s, struct err *err)
{
	struct err ignored = ERR_INIT;
	int rc = store_list(s, "", note_key, l, &ignored);

	if (rc && rc != ERR_NOMEM)
		rc = list_ours(l, s, err);
	if (rc == ERR_NOMEM)
		return err_nomem(err, "a listing");
	sort_oids(&l->unmade);
	l->whole = true;
	return rc;
}

static int note_record(void *ctx, const struct store_entry *entry)
{
	struct fsck_listing *l = ctx;
	struct key_record record;

	return key_parse_record(entry->key, &record) ? add_record(l, &record, entry->size)
	                                             : 0;
}

int fsck_list_blob(struct fsck_listing *l, struct store *s, const struct oid *id,
                   struct err *err)
{
	char prefix[KEY_MAX];
	size_t first = l->record_count;

	key_blob(id, prefix);
	int rc = store_list(s, prefix, note_record, l, err);
	size_t end = l->record_count;
	for (size_t i = first; i < end && !rc; i++) {
		struct key_record what = l->records[i].what;
		for (unsigned k = 0; k < what.base_count && !rc; k++) {
			key_blobs_of_base(what.bases[k], prefix);
			rc = store_list(s, prefix, note_record, l, err);
		}
	}
	return rc == ERR_NOMEM ? err_nomem(err, "a listing") : rc;
}

void fsck_listing_wipe(struct fsck_listing *l)
{
	free(l->records);
	buf_wipe(&l->objects);
	buf_wipe(&l->unmade);
	buf_wipe(&l->foreign);
	*l = (struct fsck_listing)FSCK_LISTING_INIT;
}

/* ---------------------------------------------------------------- looking up */

struct fsck_record *fsck_records_of(const struct fsck_listing *l, const uint8_t *id,
                                    size_t n, size_t *count)
{
	size_t low = 0, high = l->record_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(l->records[middle].what.id.bytes, id, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < l->record_count; high++)
		if (memcmp(l->records[high].what.id.bytes, id, n) != 0)
			break;
	*count = high - low;
	return *count ? &l->records[low] : NULL;
}

struct fsck_record *fsck_record_read(const struct fsck_listing *l,
                                     const struct key_record *remembered)
{
	const struct fsck_record told = { .what = *remembered };
	size_t count;
	struct fsck_record *all = fsck_records_of(l, remembered->id.bytes, SHA256_SIZE,
	                                          &count);
	struct fsck_record *best = all;

	for (size_t i = 0; i < count; i++) {
		if (compare_records(&all[i], &told) == 0)
			return &all[i];
		if (record_is_better(&all[i].what, all[i].stored, &best->what,
		                     best->stored))
			best = &all[i];
	}
	return best;
}

size_t fsck_object_count(const struct fsck_listing *l)
{
	return oid_count(&l->objects);
}

struct oid fsck_object(const struct fsck_listing *l, size_t i)
{
	struct oid oid;

	memcpy(&oid, l->objects.data + i * sizeof(oid), sizeof(oid));
	return oid;
}
