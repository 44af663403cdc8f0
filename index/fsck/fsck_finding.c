#include "index/fsck/fsck_finding.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

const char *fsck_kind_name(enum fsck_kind kind)
{
	static const char *const names[FSCK_KINDS] = {
		[FSCK_MANIFEST_DAMAGED] = "manifest-damaged",
		[FSCK_MANIFEST_FALSE] = "manifest-false",
		[FSCK_MANIFEST_MISSING] = "manifest-missing",
		[FSCK_RECORD_WRONG] = "record-damaged",
		[FSCK_RECORD_MISSING] = "record-missing",
		[FSCK_BASE_MISSING] = "base-missing",
		[FSCK_BASE_NOT_SOLO] = "base-not-solo",
		[FSCK_IN_TRASH] = "in-trash",
		[FSCK_UNREADABLE] = "unreadable",
		[FSCK_FOREIGN] = "foreign",
	};

	return names[kind];
}

bool fsck_kind_hurts(enum fsck_kind kind)
{
	return kind != FSCK_BASE_NOT_SOLO && kind != FSCK_IN_TRASH &&
	       kind != FSCK_FOREIGN && kind != FSCK_MANIFEST_MISSING;
}

void fsck_findings_wipe(struct fsck_findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].text);
		free(f->list[i].why);
	}
	free(f->list);
	*f = (struct fsck_findings){ NULL, 0, 0, 0 };
}

static bool is_same(const struct fsck_finding *a, const struct fsck_finding *b)
{
	return a->kind == b->kind && a->id_size == b->id_size &&
	       a->is_object == b->is_object && oid_equal(&a->id, &b->id) &&
	       strcmp(a->key, b->key) == 0;
}

static bool is_of_record(const struct fsck_finding *f)
{
	return f->kind == FSCK_RECORD_WRONG || f->kind == FSCK_RECORD_MISSING ||
	       f->kind == FSCK_BASE_MISSING;
}

/* A blob whose record is wrong, or which has none, was met before: one that was set aside
 * is missing now, and a base is another object's tensor. */
static bool is_of_same_blob(const struct fsck_finding *old,
                            const struct fsck_finding *one)
{
	size_t n = old->id_size < one->id_size ? old->id_size : one->id_size;

	return is_of_record(one) && !*one->key && is_of_record(old) &&
	       memcmp(old->id.bytes, one->id.bytes, n) == 0;
}

/* Damage comes in handfuls: the list is walked. */
static struct fsck_finding *find(const struct fsck_findings *f,
                                 const struct fsck_finding *one)
{
	for (size_t i = f->count; i-- > 0;)
		if (is_same(&f->list[i], one) || is_of_same_blob(&f->list[i], one))
			return &f->list[i];
	return NULL;
}

static bool make_room(struct fsck_findings *f)
{
	if (f->count < f->cap)
		return true;
	size_t cap = f->cap ? 2 * f->cap : 16;
	struct fsck_finding *more = realloc(f->list, cap * sizeof(*more));
	if (!more)
		return false;
	f->list = more;
	f->cap = cap;
	return true;
}

int fsck_findings_add(struct fsck_findings *f, const struct fsck_finding *one,
                      struct fsck_finding **out, struct err *err)
{
	struct fsck_finding *old = find(f, one);

	if (out)
		*out = old;
	if (old) {
		old->set_aside |= one->set_aside;
		old->repaired = false; /* it came again */
		old->hurts |= one->hurts;
		return 0;
	}
	if (f->count == FSCK_FINDINGS_MAX) {
		f->left_out++;
		return 0;
	}
	char *text = strdup(one->text ? one->text : "");
	if (!text || !make_room(f)) {
		free(text);
		return err_nomem(err, "a list of what was found");
	}
	f->list[f->count] = *one;
	f->list[f->count].text = text;
	f->list[f->count].why = NULL;
	if (out)
		*out = &f->list[f->count];
	f->count++;
	return 0;
}
