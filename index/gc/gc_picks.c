#include "index/gc/gc_picks.h"

#include "codec/common/err.h"
#include "index/gc/gc_run.h"

void gc_picks_wipe(struct gc_picks *p)
{
	buf_wipe(&p->bytes);
	*p = (struct gc_picks){ .count = 0 };
}

/* An array of things that begin with their ids, and a byte for each. */
struct judged {
	const void *list;
	size_t count, size;
	const uint8_t *verdicts;
	uint8_t wanted;
};

static int pick(struct gc_picks *out, const struct gc_run *run, struct judged from,
                struct err *err)
{
	for (size_t i = 0; i < from.count; i++) {
		const void *thing = (const uint8_t *)from.list + i * from.size;
		const uint32_t number = (uint32_t)i;
		if (from.verdicts[i] == from.wanted && gc_run_has(run, thing))
			buf_add(&out->bytes, &number, sizeof(number));
	}
	if (out->bytes.failed)
		return err_nomem(err, "a list of what is to be done");
	out->list = (const void *)out->bytes.data;
	out->count = out->bytes.size / sizeof(*out->list);
	return 0;
}

#define JUDGED(in, of, as) \
	((struct judged){ (in)->list, (in)->count, sizeof(*(in)->list), of, as })

int gc_picks_objects(struct gc_picks *out, const struct gc_run *run,
                     const struct gc_mark *mark, enum gc_verdict verdict, struct err *err)
{
	return pick(out, run,
	            JUDGED(&mark->view->objects, mark->objects, (uint8_t)verdict), err);
}

int gc_picks_object_entries(struct gc_picks *out, const struct gc_run *run,
                            const struct gc_mark *mark, enum gc_verdict verdict,
                            struct err *err)
{
	return pick(out, run,
	            JUDGED(&mark->view->object_entries, mark->object_entries,
	                   (uint8_t)verdict),
	            err);
}

int gc_picks_records(struct gc_picks *out, const struct gc_run *run,
                     const struct gc_mark *mark, enum gc_verdict verdict, struct err *err)
{
	return pick(out, run,
	            JUDGED(&mark->view->records, mark->records, (uint8_t)verdict), err);
}

int gc_picks_record_entries(struct gc_picks *out, const struct gc_run *run,
                            const struct gc_mark *mark, enum gc_verdict verdict,
                            struct err *err)
{
	return pick(out, run,
	            JUDGED(&mark->view->record_entries, mark->record_entries,
	                   (uint8_t)verdict),
	            err);
}

int gc_picks_missed(struct gc_picks *out, const struct gc_run *run,
                    const struct gc_mark *mark, struct err *err)
{
	return pick(out, run, JUDGED(&mark->view->needed, mark->missed, 1), err);
}
