#include "agent/cmd/gc_facts.h"

#include <stdlib.h>
#include <string.h>

#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/size_text.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/work/lanes.h"

void gc_facts_wipe(struct gc_facts *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].path);
		free(f->list[i].commit);
	}
	free(f->list);
	*f = (struct gc_facts){ .count = 0 };
}

int gc_facts_add(struct gc_facts *f, const struct oid *oid, struct err *err)
{
	if (!(f->count & (f->count - 1))) { /* room for a power of two */
		size_t room = f->count ? 2 * f->count : 1;
		struct gc_fact *list = realloc(f->list, room * sizeof(*list));
		if (!list)
			return err_nomem(err, "a list of objects");
		f->list = list;
	}
	f->list[f->count++] = (struct gc_fact){ .oid = *oid };
	return 0;
}

/* ---------------------------------------------------------------- reading */

struct reading {
	struct gc_facts *facts;
	const struct transfer *transfer;
	size_t told;
};

static char *copy_note(const struct manifest *m, const char *key)
{
	const char *note = manifest_note(m, key);

	return note ? strdup(note) : NULL;
}

/* What cannot be read is not known, and is none the worse for that. */
static int read_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct reading *r = ctx;
	struct gc_fact *f = &r->facts->list[i];
	struct manifest_outline outline;
	struct manifest m;
	struct err ignored = ERR_INIT;

	(void)lane;
	(void)err;
	if (i >= r->told &&
	    !manifest_get_outline(r->transfer->store, &f->oid, &outline, &ignored)) {
		f->known = true;
		f->size = outline.size;
		return 0;
	}
	if (manifest_recall(r->transfer->store, &f->oid, manifest_parse, &m, &ignored))
		return 0;
	f->known = true;
	f->size = m.extents.size;
	f->path = copy_note(&m, "path");
	f->commit = copy_note(&m, "commit");
	manifest_wipe(&m);
	return 0;
}

int gc_facts_read(struct gc_facts *f, const struct transfer *t, size_t told,
                  struct err *err)
{
	struct reading r = { f, t, told };
	struct lanes_work work = { .count = f->count, .task = read_one, .ctx = &r };
	int rc = lanes_run(t->lanes, &work, err);

	f->bytes = 0;
	for (size_t i = 0; i < f->count; i++)
		f->bytes += f->list[i].size;
	return rc;
}

/* ---------------------------------------------------------------- telling */

void gc_fact_tell(const struct gc_fact *f, const char *suffix)
{
	char oid[SHA256_HEX + 1], size[SIZE_TEXT] = "?";

	oid_format(&f->oid, oid);
	if (f->known)
		size_format(f->size, size);
	report_line("  %s %10s  %s%s%.10s%s%s", oid, size, f->path ? f->path : "",
	            f->commit ? " @ " : "", f->commit ? f->commit : "",
	            *suffix ? "  " : "", suffix);
}

struct json *gc_fact_json(const struct gc_fact *f)
{
	struct json *j = json_object();
	char oid[SHA256_HEX + 1];

	oid_format(&f->oid, oid);
	json_put_str(j, "oid", oid);
	if (f->known)
		json_put_u64(j, "size", f->size);
	json_put_str(j, "path", f->path);
	json_put_str(j, "commit", f->commit);
	return j;
}
