#include "agent/cmd/fsck_report.h"

#include <stdlib.h>
#include <string.h>

#include "agent/cmd/clone_copies.h"
#include "agent/git/git_run.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/fsck/fsck_mend.h"
#include "index/fsck/fsck_touch.h"

enum { OBJECTS_SHOWN = 10, TENSORS_SHOWN = 3, COMMITS_SHOWN = 3, REMARKS_SHOWN = 20 };

/* ---------------------------------------------------------------- whom it touches */

/* The uses that one finding touches, object after object. */
struct touched {
	const struct fsck_report *report;
	struct buf uses; /* of const struct fsck_use * */
};

static const struct fsck_use *use_at(const struct touched *t, size_t i)
{
	return ((const struct fsck_use *const *)(const void *)t->uses.data)[i];
}

static size_t use_count(const struct touched *t)
{
	return t->uses.size / sizeof(const struct fsck_use *);
}

/* The first use behind `from` that is another object's. */
static size_t object_end(const struct touched *t, size_t from)
{
	size_t end = from;

	while (end < use_count(t) && use_at(t, end)->object == use_at(t, from)->object)
		end++;
	return end;
}

static int find_touched(const struct fsck_report *r, const struct fsck_finding *one,
                        struct touched *out, struct err *err)
{
	*out = (struct touched){ r, BUF_INIT };
	return r->touch ? fsck_touched_by(r->touch, one, &out->uses, err) : 0;
}

static const struct oid *touched_oid(const struct fsck_report *r, size_t object)
{
	return &fsck_touched(r->touch, object)->oid;
}

/* ---------------------------------------------------------------- commits */

/* The commits that brought the object, newest last but never more than a few: one to a
 * line. What git cannot tell is not told. */
static void add_commits(const struct oid *oid, const char *path, struct buf *out)
{
	char search[2 + SHA256_HEX + 1] = "-S";
	const char *argv[] = { "git",
		               "log",
		               "--all",
		               "--format=%H",
		               "--max-count=3",
		               "--diff-filter=AM",
		               search,
		               "--",
		               path,
		               NULL };
	int status;

	oid_format(oid, search + 2);
	struct git_run_io io = { .output = out, .quiet = true };
	if (git_run(argv, &io, &status, &(struct err)ERR_INIT) || status)
		out->size = 0;
	if (out->data)
		buf_text(out);
}

/* ---------------------------------------------------------------- text */

static const char *words_of(enum fsck_kind kind)
{
	static const char *const words[FSCK_KINDS] = {
		[FSCK_MANIFEST_DAMAGED] = "damaged manifest",
		[FSCK_MANIFEST_FALSE] = "false manifest",
		[FSCK_MANIFEST_MISSING] = "missing manifest",
		[FSCK_RECORD_WRONG] = "wrong record",
		[FSCK_RECORD_MISSING] = "missing record",
		[FSCK_BASE_MISSING] = "missing base",
		[FSCK_BASE_NOT_SOLO] = "base that is not solo",
		[FSCK_IN_TRASH] = "out of sight, in trash/",
		[FSCK_UNREADABLE] = "not to be judged",
		[FSCK_FOREIGN] = "not ours",
	};

	return words[kind];
}

static const char *source_words(enum fsck_source from)
{
	static const char *const words[FSCK_SOURCES] = {
		[FSCK_FROM_NOWHERE] = "nowhere",
		[FSCK_FROM_TRASH] = "trash/ of the store",
		[FSCK_FROM_RECORD] = "another record of the store",
		[FSCK_FROM_CACHE] = "the cache of bases",
		[FSCK_FROM_LFS] = "git-lfs's storage of this clone",
		[FSCK_FROM_WORKTREE] = "the worktree",
		[FSCK_FROM_FOLDER] = "the folder",
		[FSCK_FROM_STORE] = "the other store",
	};

	return words[from];
}

static void name_of(const struct fsck_finding *one, char name[KEY_MAX])
{
	if (*one->key) {
		strcpy(name, one->key);
		return;
	}
	oid_format(&one->id, name);
	name[2 * one->id_size] = 0;
}

/* "a, b, c and 4 more" of the tensors of one object. */
static void add_tensors(const struct touched *t, size_t from, size_t end, struct buf *out)
{
	size_t shown = 0, named = 0;

	for (size_t i = from; i < end; i++) {
		if (!use_at(t, i)->tensor)
			continue;
		if (named++ < TENSORS_SHOWN) {
			buf_addf(out, "%s%s", shown ? ", " : "", use_at(t, i)->tensor);
			shown++;
		}
	}
	if (named > shown)
		buf_addf(out, " and %zu more", named - shown);
}

static void add_owners(const struct fsck_report *r, const struct oid *oid,
                       struct buf *out)
{
	size_t count;
	const struct fsck_owner *owners = fsck_owners_of(r->touch, oid, &count);

	for (size_t i = 0; i < count && i < COMMITS_SHOWN; i++)
		buf_addf(out, "%s%s", i ? ", " : "; pushed by ", owners[i].repo);
}

static void tell_commits(const struct oid *oid, const char *path)
{
	struct buf commits = BUF_INIT;

	add_commits(oid, path, &commits);
	char *line = commits.data ? (char *)commits.data : NULL;
	for (int i = 0; i < COMMITS_SHOWN && line && *line; i++) {
		size_t n = strcspn(line, "\n");
		report_line("        commit %.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&commits);
}

/* A line for the object, and where nothing can mend it one for each commit. */
static void tell_object(const struct fsck_report *r, const struct oid *oid,
                        struct buf *tensors, bool lost)
{
	size_t count;
	const struct lfs_object *paths = clone_copies_paths(r->copies, oid, &count);
	struct buf owners = BUF_INIT;
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	add_owners(r, oid, &owners);
	report_line("    needed by %s%s%s%s%s%s", count ? paths[0].path : "object ",
	            count ? ", object " : "", hex, tensors->size ? ": " : "",
	            buf_text(tensors), buf_text(&owners));
	for (size_t i = 1; i < count && i < OBJECTS_SHOWN; i++)
		report_line("        also at %s", paths[i].path);
	if (lost && count)
		tell_commits(oid, paths[0].path);
	buf_wipe(&owners);
}

static int tell_objects(const struct fsck_report *r, const struct fsck_finding *one,
                        bool lost, struct err *err)
{
	struct buf tensors = BUF_INIT;
	struct touched t;
	size_t shown = 0, end;
	int rc = find_touched(r, one, &t, err);

	if (!rc && one->is_object)
		tell_object(r, &one->id, &tensors, lost);
	for (size_t i = 0; !rc && i < use_count(&t); i = end) {
		end = object_end(&t, i);
		if (shown++ >= OBJECTS_SHOWN)
			continue;
		tensors.size = 0;
		add_tensors(&t, i, end, &tensors);
		tell_object(r, touched_oid(r, use_at(&t, i)->object), &tensors, lost);
	}
	if (shown > OBJECTS_SHOWN)
		report_line("    and by %s",
		            COUNT(shown - OBJECTS_SHOWN, "more object", "more objects"));
	buf_wipe(&tensors);
	buf_wipe(&t.uses);
	return rc;
}

static void tell_remedy(const struct fsck_report *r, const struct fsck_finding *one)
{
	if (one->repaired && one->copy)
		report_line("    mended from %s", source_words(one->copy));
	else if (one->repaired)
		report_line("    set aside; nothing needs it");
	else if (r->repair)
		report_line("    not mended: %s",
		            one->why ? one->why : "no copy of it is here");
	else if (one->copy)
		report_line(
			"    a copy seems to be in %s; to mend it, run: git zllm fsck "
			"--repair",
			source_words(one->copy));
	else
		report_line(
			"    no copy is at hand; 'git zllm fsck --repair --from <store or "
			"folder>' mends it from one");
}

static int tell_finding(const struct fsck_report *r, size_t i, struct err *err)
{
	const struct fsck_finding *one = &r->result->findings.list[i];
	bool lost = r->repair && !one->repaired && fsck_mend_takes(one);
	char name[KEY_MAX];

	name_of(one, name);
	report_line("%s: %s", words_of(one->kind), name);
	if (!fsck_mend_takes(one))
		return 0;
	int rc = tell_objects(r, one, lost, err);
	if (!rc)
		tell_remedy(r, one);
	return rc;
}

/* Remarks of one kind may be many. */
static int tell_findings(const struct fsck_report *r, struct err *err)
{
	const struct fsck_findings *f = &r->result->findings;
	size_t remarks = 0;
	int rc = 0;

	for (size_t i = 0; i < f->count && !rc; i++) {
		const struct fsck_finding *one = &f->list[i];
		bool remark = !one->hurts && one->kind != FSCK_RECORD_WRONG;
		if (remark && !one->repaired && remarks++ >= REMARKS_SHOWN)
			continue;
		rc = tell_finding(r, i, err);
	}
	if (remarks > REMARKS_SHOWN)
		report_line("and %zu more of no harm", remarks - REMARKS_SHOWN);
	if (f->left_out)
		report_line(
			"and %zu more that are not listed; run it again after these are "
			"mended",
			f->left_out);
	return rc;
}

static size_t count_kind(const struct fsck_report *r, enum fsck_kind kind)
{
	const struct fsck_findings *f = &r->result->findings;
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->list[i].kind == kind;
	return count;
}

static size_t count_mendable(const struct fsck_report *r)
{
	const struct fsck_findings *f = &r->result->findings;
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += fsck_mend_takes(&f->list[i]);
	return count;
}

int fsck_report_text(const struct fsck_report *r, struct err *err)
{
	const struct fsck_result *result = r->result;
	size_t unmade = count_kind(r, FSCK_MANIFEST_MISSING);
	int rc = tell_findings(r, err);

	if (rc)
		return rc;
	if (unmade)
		report_line("%s an owner, and no manifest",
		            COUNT(unmade, "object has", "objects have"));
	if (r->repair && count_mendable(r))
		report_line("%zu of %zu mended", r->mended, count_mendable(r));
	if (!result->complete)
		report_line(
			"stopped: the budget is over; the same command goes on from here");
	report_line("%s whole, %zu not", COUNT(r->whole, "object", "objects"), r->left);
	return 0;
}

/* ---------------------------------------------------------------- JSON */

static void put_tensors(struct json *object, const struct touched *t, size_t from,
                        size_t end)
{
	struct json *tensors = json_array();

	for (size_t i = from; i < end; i++)
		if (use_at(t, i)->tensor)
			json_add_str(tensors, use_at(t, i)->tensor);
	json_put(object, "tensors", tensors);
}

static void put_paths(const struct fsck_report *r, struct json *object,
                      const struct oid *oid, bool lost)
{
	size_t count;
	const struct lfs_object *paths = clone_copies_paths(r->copies, oid, &count);
	struct json *list = json_array(), *commits = json_array();
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		json_add_str(list, paths[i].path);
	json_put(object, "paths", list);
	if (lost && count)
		add_commits(oid, paths[0].path, &text);
	char *line = text.size ? (char *)text.data : NULL, *next;
	for (; line && *line; line = next) {
		size_t n = strcspn(line, "\n");
		next = line + n + (line[n] == '\n');
		line[n] = 0;
		json_add_str(commits, line);
	}
	json_put(object, "commits", commits);
	buf_wipe(&text);
}

static struct json *object_json(const struct fsck_report *r, const struct oid *oid,
                                bool lost)
{
	struct json *object = json_object(), *repositories = json_array();
	char hex[SHA256_HEX + 1];
	size_t count;
	const struct fsck_owner *owners = fsck_owners_of(r->touch, oid, &count);

	oid_format(oid, hex);
	json_put_str(object, "oid", hex);
	put_paths(r, object, oid, lost);
	for (size_t i = 0; i < count; i++)
		json_add_str(repositories, owners[i].repo);
	json_put(object, "repositories", repositories);
	return object;
}

static int put_objects(const struct fsck_report *r, const struct fsck_finding *one,
                       struct json *to, struct err *err)
{
	bool lost = r->repair && !one->repaired && fsck_mend_takes(one);
	struct json *list = json_array();
	struct touched t;
	size_t end;
	int rc = find_touched(r, one, &t, err);

	if (!rc && one->is_object) {
		struct json *object = object_json(r, &one->id, lost);
		json_put(object, "tensors", json_array());
		json_add(list, object);
	}
	for (size_t i = 0; !rc && i < use_count(&t); i = end) {
		end = object_end(&t, i);
		struct json *object = object_json(
			r, touched_oid(r, use_at(&t, i)->object), lost);
		put_tensors(object, &t, i, end);
		json_add(list, object);
	}
	json_put(to, "objects", list);
	buf_wipe(&t.uses);
	return rc;
}

static int add_finding(const struct fsck_report *r, size_t i, struct json *list,
                       struct err *err)
{
	const struct fsck_finding *one = &r->result->findings.list[i];
	struct json *j = json_object();
	char hex[SHA256_HEX + 1];

	oid_format(&one->id, hex);
	hex[2 * one->id_size] = 0;
	json_put_str(j, "kind", fsck_kind_name(one->kind));
	json_put_bool(j, "hurts", one->hurts);
	json_put_str(j, "key", *one->key ? one->key : NULL);
	json_put_str(j, one->is_object ? "oid" : "blob", *hex ? hex : NULL);
	json_put_str(j, "text", one->text);
	json_put_bool(j, "set_aside", one->set_aside);
	json_put_bool(j, "repaired", one->repaired);
	json_put_str(j, "copy", one->copy ? fsck_source_name(one->copy) : NULL);
	json_put_str(j, "not_repaired", one->why);
	int rc = r->copies ? put_objects(r, one, j, err) : 0;
	json_add(list, j);
	return rc;
}

int fsck_report_json(const struct fsck_report *r, struct err *err)
{
	const struct fsck_result *result = r->result;
	struct json *j = json_object(), *list = json_array();
	int rc = 0;

	json_put_str(j, "store", r->store);
	json_put_str(j, "mode", r->mode);
	json_put_bool(j, "complete", result->complete);
	json_put_u64(j, "whole", r->whole);
	json_put_u64(j, "not_whole", r->left);
	json_put_u64(j, "no_manifest", count_kind(r, FSCK_MANIFEST_MISSING));
	json_put_u64(j, "records", result->listing.record_count);
	json_put_u64(j, "record_bytes", result->listing.record_bytes);
	json_put_u64(j, "foreign_keys", result->listing.foreign_count);
	for (size_t i = 0; i < result->findings.count && !rc; i++)
		rc = add_finding(r, i, list, err);
	json_put(j, "findings", list);
	json_put_u64(j, "findings_left_out", result->findings.left_out);
	json_put_u64(j, "repaired", r->mended);
	json_put_u64(j, "requests", r->spent.requests);
	json_put_u64(j, "bytes_read", r->spent.read);
	json_put_u64(j, "bytes_written", r->spent.written);
	json_put_u64(j, "exit", (uint64_t)r->exit_code);
	if (rc) {
		json_free(j);
		return rc;
	}
	return report_json(j, err);
}
