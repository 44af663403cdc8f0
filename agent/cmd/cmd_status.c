#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/push_command.h"
#include "agent/cmd/status_look.h"
#include "agent/command.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_objects.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "agent/where/connection.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/survey/base_holder.h"
#include "index/survey/object_cost.h"
#include "index/work/blob_set.h"

struct status_options {
	bool json;
	bool all;
};

/* How most bytes of an object came into the store. */
enum how { HOW_MISSING, HOW_INLINE, HOW_SOLO, HOW_DELTA, HOW_DEDUP, HOW_DAMAGED };

struct row {
	enum how how;
	uint64_t stored;
	uint64_t bytes[HOW_DEDUP + 1]; /* of the object, by how they are stored */
	char *base_oid, *base_path, *base_commit; /* owned; NULL when there is none */
};

struct status {
	struct connection connection;
	struct lfs_objects objects;
	struct row *rows; /* one for each object */
	struct blob_set *counted;
	struct base_holders *holders;
	uint64_t size, stored;
};

static const char *how_name(enum how how)
{
	static const char *const names[] = { "missing", "inline", "solo",
		                             "delta",   "dedup",  "damaged" };

	return names[how];
}

static bool is_whole(const struct row *row)
{
	return row->how != HOW_MISSING && row->how != HOW_DAMAGED;
}

/* ---------------------------------------------------------------- one object */

static bool copy_text(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

/* The object whose tensors its deltas are against; nothing where none is known. */
static int note_base(struct status *s, const struct manifest *m, struct row *row,
                     struct err *err)
{
	struct base_holder base;
	int rc = base_holders_find(s->holders, m, &base, err);

	if (rc)
		return rc < 0 ? rc : 0;
	if (!copy_text(base.oid, &row->base_oid) ||
	    !copy_text(base.path, &row->base_path) ||
	    !copy_text(base.commit, &row->base_commit))
		return err_nomem(err, "rows");
	return 0;
}

/* Adds up what no earlier object has paid for. */
static int count_records(struct status *s, const struct manifest *m,
                         const struct extent_cost *costs, struct row *row,
                         struct err *err)
{
	uint64_t *bytes = row->bytes;

	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		if (x->inlined) {
			bytes[HOW_INLINE] += x->size;
			continue;
		}
		int rc = blob_set_add(s->counted, &x->id, err);
		if (rc < 0)
			return rc;
		if (rc == 0)
			row->stored += costs[i].stored;
		if (rc == 1 && !costs[i].counted_before)
			bytes[HOW_DEDUP] += x->size;
		else
			bytes[costs[i].record.base_count ? HOW_DELTA : HOW_SOLO] +=
				x->size;
	}
	row->how = HOW_INLINE;
	for (int how = HOW_SOLO; how <= HOW_DEDUP; how++)
		if (bytes[how] > bytes[row->how])
			row->how = (enum how)how;
	return 0;
}

static int fill_row(struct status *s, const struct lfs_object *object,
                    const struct status_look *look, struct row *row, struct err *err)
{
	if (look->state != LOOK_WHOLE) {
		row->how = look->state == LOOK_DAMAGED ? HOW_DAMAGED : HOW_MISSING;
		if (look->why)
			report_note("%s is not whole: %s", object->path, look->why);
		return 0;
	}
	row->stored = look->manifest.stored;
	int rc = count_records(s, &look->manifest, look->costs, row, err);
	if (!rc && row->bytes[HOW_DELTA])
		rc = note_base(s, &look->manifest, row, err);
	return rc;
}

/* ---------------------------------------------------------------- printing */

static struct json *row_json(const struct lfs_object *object, const struct row *row)
{
	struct json *j = json_object();
	char oid[SHA256_HEX + 1];

	oid_format(&object->oid, oid);
	json_put_str(j, "path", object->path);
	json_put_str(j, "oid", oid);
	json_put_u64(j, "size", object->size);
	json_put_u64(j, "stored", row->stored);
	json_put_bool(j, "in_store", is_whole(row));
	json_put_str(j, "how", how_name(row->how));
	if (row->base_oid) {
		struct json *base = json_object();
		json_put_str(base, "oid", row->base_oid);
		json_put_str(base, "path", row->base_path);
		json_put_str(base, "commit", row->base_commit);
		json_put(j, "base", base);
	} else {
		json_put_str(j, "base", NULL);
	}
	return j;
}

static int print_json(const struct status *s, struct err *err)
{
	struct json *j = json_object();
	struct json *objects = json_array();

	json_put_str(j, "store", s->connection.store->name);
	for (size_t i = 0; i < s->objects.count; i++)
		json_add(objects, row_json(&s->objects.list[i], &s->rows[i]));
	json_put(j, "objects", objects);
	json_put_u64(j, "size", s->size);
	json_put_u64(j, "stored", s->stored);
	return report_json(j, err);
}

/* "dedup 74 %, delta 26 % against base/model.safetensors at 0a2438d" */
static void how_text(const struct row *row, uint64_t size, struct buf *out)
{
	if (!is_whole(row) || !size) {
		buf_add_str(out, row->how == HOW_MISSING   ? "not in the store"
		                 : row->how == HOW_DAMAGED ? "damaged in the store"
		                                           : "inline");
		return;
	}
	for (int how = HOW_DEDUP; how > HOW_MISSING; how--) {
		unsigned percent = (unsigned)(100 * row->bytes[how] / size);
		if (!percent && how != (int)row->how)
			continue;
		buf_addf(out, "%s%s", out->size ? ", " : "", how_name((enum how)how));
		if (percent < 99)
			buf_addf(out, " %u %%", percent);
		if (how == HOW_DELTA && row->base_path)
			buf_addf(out, " against %s", row->base_path);
		if (how == HOW_DELTA && row->base_commit)
			buf_addf(out, " at %.7s", row->base_commit);
	}
}

static void print_row(const struct lfs_object *object, const struct row *row, int width)
{
	char size[SIZE_TEXT], stored[SIZE_TEXT] = "-", saved[SIZE_TEXT] = "-";
	struct buf how = BUF_INIT;

	size_format(object->size, size);
	if (is_whole(row)) {
		size_format(row->stored, stored);
		saved_format(row->stored, object->size, saved);
	}
	how_text(row, object->size, &how);
	report_line("%-*s  %10s %10s %8s  %s", width, object->path, size, stored, saved,
	            buf_text(&how));
	buf_wipe(&how);
}

static void print_text(const struct status *s)
{
	char size[SIZE_TEXT], stored[SIZE_TEXT], saved[SIZE_TEXT];
	int width = 6;

	for (size_t i = 0; i < s->objects.count; i++)
		if (strlen(s->objects.list[i].path) > (size_t)width)
			width = (int)strlen(s->objects.list[i].path);
	report_line("%-*s  %10s %10s %8s  %s", width, "OBJECT", "SIZE", "STORED", "SAVED",
	            "HOW");
	for (size_t i = 0; i < s->objects.count; i++)
		print_row(&s->objects.list[i], &s->rows[i], width);
	size_format(s->size, size);
	size_format(s->stored, stored);
	saved_format(s->stored, s->size, saved);
	report_line("%-*s  %10s %10s %8s", width, "in all", size, stored, saved);
}

/* To the remote that a push goes to when it is told nothing else. */
static int advise(const struct status *s, struct err *err)
{
	const char *remote = lfs_config_get(s->connection.config, "remote.pushdefault");
	struct lfs_objects missing = LFS_OBJECTS_INIT;
	struct buf command = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < s->objects.count && !rc; i++)
		if (!is_whole(&s->rows[i]))
			rc = lfs_objects_append(&missing, &s->objects.list[i], err);
	if (!rc && missing.count) {
		push_command_add(&command, remote ? remote : "origin", &missing);
		report_note(
			"%zu not in the store %s, or not whole; to bring %s there, in "
			"a clone that has %s run: %s",
			missing.count, s->connection.store->name,
			missing.count > PUSH_COMMAND_OIDS ? "the first 20"
			: missing.count == 1              ? "it"
							  : "them",
			missing.count == 1 ? "it" : "them", buf_text(&command));
	}
	buf_wipe(&command);
	lfs_objects_wipe(&missing);
	return rc;
}

/* ---------------------------------------------------------------- the command */

static int list_objects(struct status *s, const struct status_options *options,
                        struct err *err)
{
	static const char *const every[] = { "--all", NULL };
	static const char *const tree[] = { "--no-walk", NULL };
	struct buf revisions = BUF_INIT;

	if (!options->all)
		buf_add_str(&revisions, "HEAD\n");
	int rc = lfs_objects_add(&s->objects, &revisions, options->all ? every : tree,
	                         err);
	buf_wipe(&revisions);
	if (!rc)
		lfs_objects_unique(&s->objects);
	return rc;
}

/* Adds up what is there. */
static void count_row(struct status *s, size_t i)
{
	if (!is_whole(&s->rows[i]))
		return;
	s->size += s->objects.list[i].size;
	s->stored += s->rows[i].stored;
}

/* The rows from `first` on; *extents is how many their manifests had. */
static int fill_batch(struct status *s, size_t first, size_t count, size_t *extents,
                      struct err *err)
{
	struct status_look *looks = calloc(count, sizeof(*looks));
	const struct lfs_object *objects = s->objects.list + first;
	int rc = looks ? status_look_run(&s->connection.transfer, objects, count, looks,
	                                 err)
	               : err_nomem(err, "rows");

	*extents = 0;
	for (size_t i = 0; i < count && !rc; i++) {
		rc = fill_row(s, &objects[i], &looks[i], &s->rows[first + i], err);
		*extents += looks[i].manifest.extents.count;
		count_row(s, first + i);
	}
	if (looks)
		status_look_wipe(looks, count);
	free(looks);
	return rc;
}

static int fill_rows(struct status *s, struct err *err)
{
	size_t count = s->objects.count, n = 0, extents = 0;
	int rc = blob_set_new(&s->counted, err);

	if (!rc)
		rc = base_holders_new(&s->connection.transfer, &s->holders, err);
	s->rows = calloc(count ? count : 1, sizeof(*s->rows));
	if (!rc && !s->rows)
		rc = err_nomem(err, "rows");
	for (size_t i = 0; i < count && !rc; i += n) {
		n = status_look_batch(n, extents);
		if (n > count - i)
			n = count - i;
		rc = fill_batch(s, i, n, &extents, err);
	}
	return rc;
}

static void status_wipe(struct status *s)
{
	for (size_t i = 0; s->rows && i < s->objects.count; i++) {
		free(s->rows[i].base_oid);
		free(s->rows[i].base_path);
		free(s->rows[i].base_commit);
	}
	free(s->rows);
	base_holders_free(s->holders);
	blob_set_free(s->counted);
	lfs_objects_wipe(&s->objects);
	connection_close(&s->connection);
}

static int status(const struct status_options *options, struct err *err)
{
	struct status s = { .objects = LFS_OBJECTS_INIT };
	int rc = connection_open(ENDPOINT_DOWNLOAD, NULL, &s.connection, err);

	if (rc)
		return rc;
	rc = list_objects(&s, options, err);
	if (!rc)
		rc = fill_rows(&s, err);
	if (!rc && options->json)
		rc = print_json(&s, err);
	else if (!rc)
		print_text(&s);
	if (!rc && !options->json)
		rc = advise(&s, err);
	status_wipe(&s);
	return rc;
}

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct status_options, json) },
	{ "all", OPTION_FLAG, NULL,
	  "the objects of all refs and their history, not HEAD's",
	  offsetof(struct status_options, all) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct status_options options = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc)
		rc = err_set(&err, ERR_INPUT, "status takes no arguments");
	if (!rc)
		rc = status(&options, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_status = {
	.name = "status",
	.arguments = "[--all] [--json]",
	.summary = "this repository's objects: size, stored, saved, and how",
	.details =
		"A line for each LFS object of HEAD, or of all refs with --all. A record that\n"
		"several objects share is counted for the first that is listed; an object\n"
		"all of whose records were counted before is 'dedup'. One whose manifest or\n"
		"records are cut, or missing, is 'damaged': 'git lfs push --object-id <remote> <oid>'\n"
		"mends it, in a clone that has it.\n",
	.options = specs,
	.run = run,
};
