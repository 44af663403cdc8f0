#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>

#include "agent/command.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "agent/where/connection.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/survey/store_census.h"

struct stats_options {
	bool json;
};

/* What one level saved; a level can cost a little too (heads and manifests). */
static uint64_t saved(uint64_t before, uint64_t after)
{
	return before > after ? before - after : 0;
}

static int print_json(const struct store_census *s, const char *store, struct err *err)
{
	struct json *j = json_object();
	struct json *bytes = json_object();
	struct json *levels = json_object();

	json_put_str(j, "store", store);
	json_put_u64(j, "objects", s->objects);
	json_put_u64(j, "records", s->records);
	json_put_u64(j, "deltas", s->deltas);
	json_put_u64(j, "damaged", s->damaged);
	json_put_u64(bytes, "pushed", s->pushed_bytes);
	json_put_u64(bytes, "objects", s->object_bytes);
	json_put_u64(bytes, "blobs", s->blob_bytes);
	json_put_u64(bytes, "stored", s->stored_bytes);
	json_put(j, "bytes", bytes);
	json_put_u64(levels, "file_dedup", saved(s->pushed_bytes, s->object_bytes));
	json_put_u64(levels, "tensor_dedup", saved(s->object_bytes, s->blob_bytes));
	json_put_u64(levels, "delta", saved(s->delta_raw, s->delta_stored));
	json_put_u64(levels, "solo", saved(s->solo_raw, s->solo_stored));
	json_put(j, "saved", levels);
	return report_json(j, err);
}

static void print_level(const char *label, uint64_t bytes, uint64_t gain, uint64_t pushed)
{
	char size[SIZE_TEXT], less[SIZE_TEXT], part[SIZE_TEXT];

	size_format(bytes, size);
	size_format(gain, less);
	saved_format(pushed - gain, pushed, part);
	report_line("%-34s %10s %10s  %7s", label, size, less, part);
}

static void print_text(const struct store_census *s, const char *store)
{
	uint64_t pushed = s->pushed_bytes;
	char size[SIZE_TEXT], part[SIZE_TEXT];

	report_line("store %s: %s in %s (%s)", store,
	            COUNT(s->objects, "object", "objects"),
	            COUNT(s->records, "record", "records"),
	            COUNT(s->deltas, "delta", "deltas"));
	report_line("%s", "");
	report_line("%-34s %10s %10s  %7s", "LEVEL", "BYTES", "SAVED", "PART");
	size_format(pushed, size);
	report_line("%-34s %10s", "pushed, each repository by itself", size);
	print_level("after whole-file dedup", s->object_bytes,
	            saved(pushed, s->object_bytes), pushed);
	print_level("after tensor dedup", s->blob_bytes,
	            saved(s->object_bytes, s->blob_bytes), pushed);
	print_level("deltas against a base", s->delta_stored,
	            saved(s->delta_raw, s->delta_stored), pushed);
	print_level("solo and small things", s->solo_stored,
	            saved(s->solo_raw, s->solo_stored), pushed);
	size_format(s->stored_bytes, size);
	saved_format(s->stored_bytes, pushed, part);
	report_line("%-34s %10s %10s  %7s", "stored in all", size, "", part);
	if (s->damaged)
		report_note("%s could not be read; see 'git zllm fsck'",
		            COUNT(s->damaged, "manifest", "manifests"));
}

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct stats_options, json) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct stats_options options = { 0 };
	struct connection c;
	struct store_census census;
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc)
		rc = err_set(&err, ERR_INPUT, "stats takes no arguments");
	if (!rc)
		rc = connection_open(ENDPOINT_DOWNLOAD, NULL, &c, &err);
	if (rc)
		return report_error(&err);
	rc = store_census_take(&c.transfer, &census, &err);
	if (!rc && options.json)
		rc = print_json(&census, c.store->name, &err);
	else if (!rc)
		print_text(&census, c.store->name);
	connection_close(&c);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_stats = {
	.name = "stats",
	.arguments = "[--json]",
	.summary = "what the whole store saves, level by level",
	.details =
		"Counts the store of this repository: bytes as pushed, after whole-file\n"
		"dedup, after tensor dedup, and as stored, with what deltas and solo coding\n"
		"saved. Reads every manifest and lists every record.\n",
	.options = specs,
	.run = run,
};
