/* git zllm family: the tree of what derives from what in the store. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/object_name.h"
#include "agent/command.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "agent/where/connection.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/model/format_table.h"
#include "index/store/store.h"
#include "index/survey/family.h"

struct family_options {
	bool json;
};

enum { MEMBERS_MAX = 1000 /* that are measured and shown */ };

struct showing {
	struct connection connection;
	struct oid asked;
	struct family family;
	struct buf indent; /* of the level we are in */
	size_t shown;
};

/* Oldest first; of those pushed within one second, by their paths. */
static bool goes_before(const struct family_member *a, const struct family_member *b)
{
	if (a->mtime != b->mtime || !a->path || !b->path)
		return a->mtime < b->mtime;
	return strcmp(a->path, b->path) < 0;
}

/* The children of `parent` in `children`, in their order; returns how many. */
static size_t list_children(const struct family *f, int parent, int *children)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++) {
		size_t at = count;
		if (f->list[i].parent != parent)
			continue;
		for (; at && goes_before(&f->list[i], &f->list[children[at - 1]]); at--)
			children[at] = children[at - 1];
		children[at] = (int)i;
		count++;
	}
	return count;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---------------------------------------------------------------- text */

static bool has_tensors(const struct family_member *m)
{
	return format_of(m->model)->has_tensors;
}

static const char *parts_name(const struct family_member *m)
{
	return has_tensors(m) ? "tensors" : "chunks";
}

/* ", 13 of 15 tensors from it, ~1.689 bits a weight" */
static void add_tie(const struct family_member *m, const struct family_distance *d,
                    struct buf *out)
{
	if (m->parent == FAMILY_NONE)
		return;
	buf_addf(out, ", %u of %u %s %s", m->edge, m->tensors, parts_name(m),
	         m->shares ? "the same" : "from it");
	if (d->sampled.words)
		buf_addf(out, ", ~%.3f bits a weight", word_count_distance(&d->sampled));
}

/* "model.gguf at 0123456789ab", or its oid where no commit is known. */
static void add_name(const struct family_member *m, struct buf *out)
{
	char oid[SHA256_HEX + 1];

	oid_format(&m->oid, oid);
	if (m->path)
		buf_addf(out, "%s ", m->path);
	if (m->commit)
		buf_addf(out, "at %.12s", m->commit);
	else
		buf_addf(out, "%.12s", oid);
}

static void print_member(const struct showing *s, int i, const struct family_distance *d,
                         const char *branch)
{
	const struct family_member *m = &s->family.list[i];
	char size[SIZE_TEXT], stored[SIZE_TEXT];
	struct buf indent = BUF_INIT, name = BUF_INIT, tie = BUF_INIT;

	size_format(m->size, size);
	size_format(d->stored, stored);
	buf_add(&indent, s->indent.data, s->indent.size);
	add_tie(m, d, &tie);
	add_name(m, &name);
	report_line("%s%s%s: %s, stored %s (%.1f %%)%s%s", buf_text(&indent), branch,
	            buf_text(&name), size, stored, percent(d->stored, m->size),
	            buf_text(&tie),
	            oid_equal(&m->oid, &s->asked) ? "  <- asked for" : "");
	buf_wipe(&name);
	buf_wipe(&indent);
	buf_wipe(&tie);
}

static int print_below(struct showing *s, int parent, struct err *err)
{
	int *children = calloc(s->family.count, sizeof(*children));
	size_t indent = s->indent.size;
	int rc = children ? 0 : err_nomem(err, "a tree");
	size_t count = children ? list_children(&s->family, parent, children) : 0;

	for (size_t i = 0; !rc && i < count && s->shown < MEMBERS_MAX; i++) {
		struct family_distance d = { .stored = 0 };
		bool last = i + 1 == count;
		rc = family_measure(&s->connection.transfer, &s->family, children[i], &d,
		                    err);
		if (rc)
			break;
		s->shown++;
		print_member(s, children[i], &d, last ? "`- " : "|- ");
		buf_add_str(&s->indent, last ? "   " : "|  ");
		rc = print_below(s, children[i], err);
		s->indent.size = indent;
	}
	free(children);
	return rc;
}

/* Of a file that is not a model: why it is not compared, and what it has in
 * common with others. */
static void print_opaque(const struct family_member *m, const struct family *f)
{
	const struct family_sharing *sharing = &f->sharing;
	struct buf with = BUF_INIT;

	report_line("%s", "");
	report_line("It is not a model of a known format: it has no tensors to compare.");
	if (!m->tensors) {
		report_line(
			"It is stored whole inside its manifest, and shares nothing.");
	} else if (sharing->with == FAMILY_NONE) {
		report_line("None of its %s is in another object.",
		            COUNT(m->tensors, "chunk", "chunks"));
	} else {
		add_name(&f->list[sharing->with], &with);
		report_line("%u of its %s in other objects, too; %u of them "
		            "in %s.",
		            sharing->shared, COUNT(m->tensors, "chunk is", "chunks are"),
		            sharing->most, buf_text(&with));
	}
	buf_wipe(&with);
}

static const struct family_member *find_asked(const struct showing *s)
{
	for (size_t i = 0; i < s->family.count; i++)
		if (oid_equal(&s->family.list[i].oid, &s->asked))
			return &s->family.list[i];
	return NULL;
}

static int print_text(struct showing *s, struct err *err)
{
	struct family_distance d = { .stored = 0 };
	int rc = family_measure(&s->connection.transfer, &s->family, s->family.root, &d,
	                        err);

	if (rc)
		return rc;
	s->shown = 1;
	print_member(s, s->family.root, &d, "");
	rc = print_below(s, s->family.root, err);
	if (!rc && s->shown < s->family.members)
		report_note("%s not shown", COUNT(s->family.members - s->shown,
		                                  "more member is", "more members are"));
	const struct family_member *asked = rc ? NULL : find_asked(s);
	if (asked && !has_tensors(asked))
		print_opaque(asked, &s->family);
	return rc;
}

/* ---------------------------------------------------------------- json */

static void put_member(const struct showing *s, int i, const struct family_distance *d,
                       struct json *j)
{
	const struct family_member *m = &s->family.list[i];
	char oid[SHA256_HEX + 1], parent[SHA256_HEX + 1];

	oid_format(&m->oid, oid);
	json_put_str(j, "oid", oid);
	if (m->parent != FAMILY_NONE)
		oid_format(&s->family.list[m->parent].oid, parent);
	json_put_str(j, "parent", m->parent == FAMILY_NONE ? NULL : parent);
	json_put_str(j, "path", m->path);
	json_put_str(j, "commit", m->commit);
	json_put_u64(j, "size", m->size);
	json_put_u64(j, "stored", d->stored);
	json_put_str(j, "model", format_of(m->model)->name);
	json_put_u64(j, "tensors", has_tensors(m) ? m->tensors : 0);
	json_put_u64(j, "chunks", has_tensors(m) ? 0 : m->tensors);
	json_put_u64(j, "deltas", m->deltas);
	json_put_u64(j, "tied", m->parent == FAMILY_NONE ? 0 : m->edge);
	json_put_str(j, "by",
	             m->parent == FAMILY_NONE       ? NULL
	             : m->shares && !has_tensors(m) ? "equal chunks"
	             : m->shares                    ? "equal tensors"
	                                            : "deltas");
	if (d->sampled.words)
		json_put_real(j, "bits_per_word", word_count_distance(&d->sampled));
	json_put_bool(j, "asked", oid_equal(&m->oid, &s->asked));
}

/* A member, its children in it. */
static int member_json(struct showing *s, int i, struct json **out, struct err *err)
{
	struct family_distance d = { .stored = 0 };
	int *children = calloc(s->family.count, sizeof(*children));
	struct json *j = json_object(), *list = json_array();
	int rc = children
	                 ? family_measure(&s->connection.transfer, &s->family, i, &d, err)
	                 : err_nomem(err, "a tree");
	size_t count = rc ? 0 : list_children(&s->family, i, children);

	put_member(s, i, &d, j);
	s->shown++;
	for (size_t k = 0; !rc && k < count && s->shown < MEMBERS_MAX; k++) {
		struct json *child = NULL;
		rc = member_json(s, children[k], &child, err);
		if (!rc)
			json_add(list, child);
	}
	json_put(j, "children", list);
	free(children);
	if (rc)
		json_free(j);
	else
		*out = j;
	return rc;
}

/* What the one that was asked for has in common with others. */
static void put_sharing(const struct family *f, struct json *j)
{
	struct json *sharing = json_object();
	char with[SHA256_HEX + 1];

	if (f->sharing.with != FAMILY_NONE)
		oid_format(&f->list[f->sharing.with].oid, with);
	json_put_u64(sharing, "shared", f->sharing.shared);
	json_put_str(sharing, "with", f->sharing.with == FAMILY_NONE ? NULL : with);
	json_put_u64(sharing, "of_it", f->sharing.most);
	json_put(j, "sharing", sharing);
}

static int print_json(struct showing *s, struct err *err)
{
	struct json *root = NULL;
	int rc = member_json(s, s->family.root, &root, err);

	if (rc)
		return rc;
	put_sharing(&s->family, root);
	json_put_u64(root, "members", s->family.members);
	json_put_bool(root, "complete", !s->family.cut && s->shown == s->family.members);
	return report_json(root, err);
}

/* ---------------------------------------------------------------- the command */

static int family(const char *name, const struct family_options *options, struct err *err)
{
	struct showing s = { .family = FAMILY_INIT, .indent = BUF_INIT };
	int rc = connection_open(ENDPOINT_DOWNLOAD, NULL, &s.connection, err);

	if (rc)
		return rc;
	rc = object_name_resolve(name, &s.asked, err);
	if (!rc)
		rc = family_find(&s.connection.transfer, &s.asked, &s.family, err);
	if (!rc && s.family.cut)
		report_note("the store holds more than this looks at: the tree may lack "
		            "members");
	if (!rc)
		rc = options->json ? print_json(&s, err) : print_text(&s, err);
	family_wipe(&s.family);
	buf_wipe(&s.indent);
	connection_close(&s.connection);
	return rc;
}

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct family_options, json) },
	{ 0 },
};

static int run_family(int argc, char **argv)
{
	struct family_options options = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc != 1)
		rc = err_set(&err, ERR_INPUT,
		             "family takes one path, <rev>:<path> or oid");
	if (!rc)
		rc = family(argv[0], &options, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_family = {
	.name = "family",
	.arguments = "[--json] <path> | <rev>:<path> | <oid>",
	.summary = "what derives from what in the store, as a tree",
	.details =
		"The family of a model, of all repositories of the store: under each object\n"
		"those whose tensors are stored as differences to it, or that are the same as\n"
		"its. For each: where it came from, its size, what its records take, how many\n"
		"tensors tie it to the one above, and the bits of a weight that differ from it,\n"
		"of all that its dtype has, on samples ('git zllm diff' counts them all). Of a file that is not a\n"
		"model: how many of its chunks are in other objects, too.\n",
	.options = specs,
	.run = run_family,
};
