#include "agent/cmd/import_report.h"

#include <stdlib.h>

#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/common/err.h"
#include "index/batch/batch.h"
#include "index/batch/batch_scan.h"

enum { FAMILIES_SHOWN = 10 };

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---------------------------------------------------------------- an import */

int import_report_text(const struct import_report *r,
                       const struct batch_store_result *result)
{
	char bytes[SIZE_TEXT], stored[SIZE_TEXT];

	size_format(result->bytes, bytes);
	size_format(result->stored, stored);
	report_line("imported: %s of %s into %s, %s",
	            COUNT(result->files - result->failed, "file", "files"),
	            COUNT(batch_model_count(r->batch), "model", "models"), r->store,
	            bytes);
	report_line(
		"stored:   %s, %.1f %% (%zu tensors and chunks alone, %zu as deltas); %zu "
		"files were there already",
		stored, percent(result->stored, result->bytes), result->solos,
		result->deltas, result->there);
	if (result->failed)
		report_line("failed:   %s; run the same again when that is mended",
		            COUNT(result->failed, "file", "files"));
	if (!work_part_is_all(&r->part))
		report_line(
			"part:     %u of %u; when all are done, the same without --part "
			"brings what may be missing",
			r->part.nth + 1, r->part.of);
	return 0;
}

int import_report_json(const struct import_report *r,
                       const struct batch_store_result *result, struct err *err)
{
	struct json *j = json_object();

	json_put_str(j, "store", r->store);
	json_put_u64(j, "models", batch_model_count(r->batch));
	json_put_u64(j, "files", result->files);
	json_put_u64(j, "failed", result->failed);
	json_put_u64(j, "there", result->there);
	json_put_u64(j, "bytes", result->bytes);
	json_put_u64(j, "stored", result->stored);
	json_put_u64(j, "known", result->known);
	json_put_u64(j, "solos", result->solos);
	json_put_u64(j, "deltas", result->deltas);
	json_put_u64(j, "part", r->part.nth + 1);
	json_put_u64(j, "parts", r->part.of);
	json_put_u64(j, "exit", (uint64_t)r->exit_code);
	return report_json(j, err);
}

/* ---------------------------------------------------------------- an estimate */

/* A family: what derives from one base, as the plan has it. */
struct kin {
	uint32_t first; /* unit */
	size_t units;
	uint64_t bytes, stored;
};

static int by_bytes(const void *a, const void *b)
{
	const struct kin *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Of all families, the largest first; NULL where memory ran out. */
static struct kin *sum_families(const struct batch_look *look,
                                const struct batch_estimate *e)
{
	const struct batch_plan *plan = look->plan;
	struct kin *list = calloc(plan->families + 1, sizeof(*list));

	for (size_t i = plan->count; list && i-- > 0;) {
		struct kin *k = &list[plan->family[plan->order[i]]];
		k->first = plan->order[i];
		k->units += batch_unit_has_tensors(look->scan, plan->order[i]);
		k->bytes += batch_unit(look->scan, plan->order[i])->bytes;
		k->stored += e->units[plan->order[i]];
	}
	if (list)
		qsort(list, plan->families, sizeof(*list), by_bytes);
	return list;
}

static void tell_family(const struct batch_look *look, const struct kin *k)
{
	const struct batch_file *file = batch_file(
		look->batch, batch_unit(look->scan, k->first)->file);
	char bytes[SIZE_TEXT], stored[SIZE_TEXT];

	size_format(k->bytes, bytes);
	size_format(k->stored, stored);
	report_line("  %10s -> %10s  %5.1f %%  %s with %s (%s)", bytes, stored,
	            percent(k->stored, k->bytes), COUNT(k->units, "model", "models"),
	            batch_model(look->batch, file->model)->name, file->path);
}

int estimate_report_text(const struct batch_look *look, const struct batch_estimate *e)
{
	struct kin *list = sum_families(look, e);
	size_t count = look->plan->families, shown = 0;
	char bytes[SIZE_TEXT], stored[SIZE_TEXT];

	size_format(e->bytes, bytes);
	size_format(e->stored, stored);
	report_line("found:    %s, %s; %s of like models",
	            COUNT(batch_file_count(look->batch), "file", "files"), bytes,
	            COUNT(count, "family", "families"));
	report_line(
		"estimate: %s would be stored, %.1f %%: %.1f times less (from samples of "
		"%zu tensors and chunks; nothing was stored)",
		stored, percent(e->stored, e->bytes),
		e->stored ? (double)e->bytes / (double)e->stored : 1, e->trials);
	for (; list && shown < count && shown < FAMILIES_SHOWN; shown++)
		tell_family(look, &list[shown]);
	if (count > shown)
		report_line("  and %s",
		            COUNT(count - shown, "smaller family", "smaller families"));
	free(list);
	return 0;
}

int estimate_report_json(const struct batch_look *look, const struct batch_estimate *e,
                         struct err *err)
{
	struct json *j = json_object();

	json_put_u64(j, "files", batch_file_count(look->batch));
	json_put_u64(j, "families", look->plan->families);
	json_put_u64(j, "bytes", e->bytes);
	json_put_u64(j, "stored", e->stored);
	json_put_u64(j, "trials", e->trials);
	return report_json(j, err);
}
