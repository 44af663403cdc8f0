#include "index/gc/gc_mark.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/gc/gc_ages.h"

void gc_mark_wipe(struct gc_mark *m)
{
	free(m->objects);
	free(m->object_entries);
	free(m->records);
	free(m->record_entries);
	free(m->missed);
	gc_prefixes_wipe(&m->bases);
	gc_prefixes_wipe(&m->shield);
}

/* ---------------------------------------------------------------- objects */

/* An owner owns until it is destroyed, and one that never was may be a mirror's. */
bool gc_object_is_needed(const struct gc_view *v, const struct oid *oid,
                         enum gc_mark_way way)
{
	if (gc_owner_find(&v->owners, oid) || gc_owner_find(&v->owner_entries, oid))
		return true;
	return !(way & GC_MARK_UNOWNED) && !gc_owner_find(&v->traces, oid);
}

static bool is_unowned(const struct gc_view *v, const struct oid *oid)
{
	return !gc_owner_find(&v->owners, oid) &&
	       !gc_owner_find(&v->owner_entries, oid) && !gc_owner_find(&v->traces, oid);
}

/* The age is that of the youngest of the key, so a live manifest that makes the entry
 * needless is aged too. One that cannot be read makes nothing needless. */
static enum gc_verdict judge_object_entry(const struct gc_view *v,
                                          const struct gc_object *o,
                                          const struct gc_ages *ages, bool needed)
{
	const struct gc_object *live = gc_object_find(&v->objects, &o->oid);

	if (!gc_is_aged(ages, o->youngest) || (needed && live && live->unreadable))
		return GC_KEEP;
	if (needed && !live)
		return o->unreadable ? GC_KEEP : GC_RESTORE;
	return v->late ? GC_KEEP : GC_DESTROY;
}

static void judge_objects(struct gc_mark *m, const struct gc_ages *ages,
                          enum gc_mark_way way)
{
	const struct gc_view *v = m->view;

	for (size_t i = 0; i < v->objects.count; i++) {
		const struct oid *oid = &v->objects.list[i].oid;
		bool needed = gc_object_is_needed(v, oid, way);
		m->objects[i] = needed ? GC_KEEP : GC_MOVE;
		m->unowned += is_unowned(v, oid);
	}
	for (size_t i = 0; i < v->object_entries.count; i++) {
		const struct gc_object *o = &v->object_entries.list[i];
		bool needed = gc_object_is_needed(v, &o->oid, way);
		m->object_entries[i] = judge_object_entry(v, o, ages, needed);
	}
}

/* ---------------------------------------------------------------- what decodes */

static bool is_live_solo(const struct gc_view *v, const struct oid *id)
{
	const struct gc_record *r = gc_record_find(&v->records, id);

	return r && !r->record.base_count; /* it is the first of its blob */
}

static bool begins_so(const struct gc_record *r, const struct gc_records *in,
                      const uint8_t *prefix)
{
	return r && r < gc_records_end(in) &&
	       !memcmp(r->record.id.bytes, prefix, KEY_BASE_PREFIX);
}

/* Whether all blobs that the edge can mean, of which anything is known, are live and solo:
 * one at least. */
static bool base_is_live(const struct gc_view *v, const uint8_t base[KEY_BASE_PREFIX])
{
	const struct gc_record *first = gc_record_find_base(&v->records, base), *r;
	bool live = first;

	for (r = first; live && begins_so(r, &v->records, base); r++)
		live = is_live_solo(v, &r->record.id);
	r = gc_record_find_base(&v->record_entries, base);
	for (; live && begins_so(r, &v->record_entries, base); r++)
		live = is_live_solo(v, &r->record.id);
	return live;
}

static bool of_blob(const struct gc_record *r, const struct gc_records *in,
                    const struct oid *id)
{
	return r && r < gc_records_end(in) && oid_equal(&r->record.id, id);
}

bool gc_blob_decodes(const struct gc_view *v, const struct oid *id)
{
	const struct gc_record *r = gc_record_find(&v->records, id);

	for (; of_blob(r, &v->records, id); r++) {
		bool decodes = true;
		for (unsigned i = 0; i < r->record.base_count && decodes; i++)
			decodes = base_is_live(v, r->record.bases[i]);
		if (decodes)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- sets */

static void add_bases(struct gc_prefixes *set, const struct key_record *record)
{
	for (unsigned i = 0; i < record->base_count; i++)
		gc_prefixes_add(set, record->bases[i]);
}

static void add_bases_of(struct gc_prefixes *set, const struct gc_records *in,
                         const struct oid *id)
{
	const struct gc_record *r = gc_record_find(in, id);

	for (; of_blob(r, in, id); r++)
		add_bases(set, &r->record);
}

/* A mark misses a needed blob that live records do not decode: nothing of it, and of what
 * any of its records stands on, is destroyed. */
static int find_missed(struct gc_mark *m, struct err *err)
{
	const struct gc_view *v = m->view;

	for (size_t i = 0; i < v->needed.count; i++) {
		const struct oid *id = &v->needed.list[i].id;
		m->missed[i] = !gc_blob_decodes(v, id);
		if (!m->missed[i])
			continue;
		m->missed_count++;
		gc_prefixes_add(&m->shield, id->bytes);
		add_bases_of(&m->shield, &v->records, id);
		add_bases_of(&m->shield, &v->record_entries, id);
	}
	return gc_prefixes_seal(&m->shield, err);
}

/* Bases of bases that are not solo, which only an older version or a stranger leaves. *more
 * is whether there were any. */
static int add_deeper(struct gc_mark *m, bool *more, struct err *err)
{
	const struct gc_records *live = &m->view->records;
	size_t before = m->bases.sorted;

	for (size_t i = 0; i < live->count; i++) {
		const struct gc_record *r = &live->list[i];
		if (r->record.base_count &&
		    gc_prefixes_has(&m->bases, r->record.id.bytes) &&
		    !is_live_solo(m->view, &r->record.id))
			add_bases(&m->bases, &r->record);
	}
	int rc = gc_prefixes_seal(&m->bases, err);
	*more = m->bases.sorted > before;
	return rc;
}

static int find_bases(struct gc_mark *m, struct err *err)
{
	const struct gc_view *v = m->view;
	bool more = true;

	for (size_t i = 0; i < v->needed.count; i++)
		add_bases_of(&m->bases, &v->records, &v->needed.list[i].id);
	int rc = gc_prefixes_seal(&m->bases, err);
	while (!rc && more)
		rc = add_deeper(m, &more, err);
	return rc;
}

/* ---------------------------------------------------------------- records */

static bool is_needed_record(const struct gc_mark *m, const struct gc_record *r)
{
	const struct oid *id = &r->record.id;

	if (gc_blob_find(&m->view->needed, id) || gc_prefixes_has(&m->shield, id->bytes))
		return true;
	return gc_prefixes_has(&m->bases, id->bytes) &&
	       (!r->record.base_count || !is_live_solo(m->view, id));
}

static enum gc_verdict judge_record(const struct gc_mark *m, const struct gc_record *r,
                                    const struct gc_ages *ages)
{
	if (is_needed_record(m, r))
		return GC_KEEP;
	return gc_is_fresh(ages, r->since) ? GC_SPARE : GC_MOVE;
}

static enum gc_verdict judge_record_entry(const struct gc_mark *m,
                                          const struct gc_record *r,
                                          const struct gc_ages *ages)
{
	const struct oid *id = &r->record.id;
	const struct gc_blob *blob = gc_blob_find(&m->view->needed, id);

	if (blob && m->missed[blob - m->view->needed.list])
		return GC_RESTORE;
	if (m->view->late || gc_prefixes_has(&m->shield, id->bytes) ||
	    !gc_is_aged(ages, r->youngest))
		return GC_KEEP;
	return blob || gc_prefixes_has(&m->bases, id->bytes) ? GC_FINISH : GC_DESTROY;
}

static int judge_records(struct gc_mark *m, const struct gc_ages *ages, struct err *err)
{
	const struct gc_view *v = m->view;
	int rc = find_missed(m, err);

	if (!rc)
		rc = find_bases(m, err);
	for (size_t i = 0; i < v->records.count && !rc; i++)
		m->records[i] = judge_record(m, &v->records.list[i], ages);
	for (size_t i = 0; i < v->record_entries.count && !rc; i++)
		m->record_entries[i] = judge_record_entry(m, &v->record_entries.list[i],
		                                          ages);
	return rc;
}

/* ---------------------------------------------------------------- the mark */

static uint8_t *verdicts(size_t count)
{
	return calloc(count + 1, 1); /* all GC_KEEP */
}

int gc_mark_make(struct gc_mark *out, const struct gc_view *v, const struct gc_ages *ages,
                 enum gc_mark_way way, struct err *err)
{
	*out = (struct gc_mark){
		.view = v,
		.objects = verdicts(v->objects.count),
		.object_entries = verdicts(v->object_entries.count),
		.records = verdicts(v->records.count),
		.record_entries = verdicts(v->record_entries.count),
		.missed = verdicts(v->needed.count),
	};
	if (!out->objects || !out->object_entries || !out->records ||
	    !out->record_entries || !out->missed)
		return err_nomem(err, "a mark");
	judge_objects(out, ages, way);
	return v->blind.code ? 0 : judge_records(out, ages, err);
}

bool gc_mark_is_whole(const struct gc_mark *m)
{
	return !m->view->blind.code && !m->missed_count;
}
