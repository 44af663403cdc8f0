#include <inttypes.h>
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
#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/base/base_hint.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_model.h"
#include "index/model/format_table.h"
#include "index/store/store.h"
#include "index/survey/base_holder.h"
#include "index/survey/base_names.h"
#include "index/survey/object_cost.h"

struct show_options {
	bool json;
};

struct show {
	struct manifest manifest;
	struct extent_cost *costs;
	struct object_sum sum;
	struct base_holders *holders;
	struct base_holder base;  /* nothing in it: not known */
	struct base_names *names; /* of the tensors of `base` */
};

static const char *kind_name(enum extent_kind kind)
{
	static const char *const names[] = { "chunk", "header", "tensor", "gap" };

	return names[kind];
}

/* As the manifest has it: a newer program may know formats that we do not. */
static const char *model_name(const struct manifest *m)
{
	const char *note = manifest_note(m, MANIFEST_NOTE_FORMAT);

	return note ? note : format_of(m->extents.model)->name;
}

static const char *codec_name(const struct extent *x, const struct extent_cost *cost)
{
	const struct codec *codec = codec_by_id(cost->codec);

	if (x->inlined)
		return "inline";
	return cost->missing ? "missing" : codec ? codec->name : "unknown";
}

/* NULL where nothing predicts it. */
static const char *prediction_name(const struct extent_cost *cost)
{
	switch (cost->prediction) {
	case PREDICTION_BASE:
		return "base";
	case PREDICTION_LOW_RANK:
		return "low rank";
	case PREDICTION_CAST:
		return "cast";
	case PREDICTION_PARTS:
		return "parts";
	default:
		return NULL;
	}
}

/* What was tried: a codec, or that with a low-rank product. */
static const char *tried_name(const struct extent_trial *one)
{
	const struct codec *codec = codec_by_id(one->codec & ~EXTENT_TRIED_LOW_RANK);

	if (codec && one->codec == (EXTENT_TRIED_LOW_RANK | CODEC_ULP))
		return "low rank";
	return codec && !(one->codec & EXTENT_TRIED_LOW_RANK) ? codec->name : "unknown";
}

/* The digits of base `i` that stand in the record's key. */
static void base_text(const struct extent_cost *cost, unsigned i,
                      char text[2 * KEY_BASE_PREFIX + 1])
{
	hex_format(cost->record.bases[i], KEY_BASE_PREFIX, text);
}

/* Which of the candidates the record was made against, or NULL. */
static const struct extent_candidate *chosen_candidate(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);

	for (unsigned i = 0; i < f->candidate_count && f->base_count; i++)
		if (memcmp(f->candidates[i].id.bytes, f->bases[0], EXTENT_BASE_PREFIX) ==
		    0)
			return &f->candidates[i];
	return NULL;
}

/* The name of the tensor that was found by what it holds; NULL where one was found by its
 * name, or its name is not known. */
static const char *name_by_values(const struct show *s, const struct extent *x)
{
	const struct extent_candidate *chosen = chosen_candidate(x);

	return chosen && chosen->by_values ? base_names_find(s->names, chosen->id.bytes)
	                                   : NULL;
}

/* ---------------------------------------------------------------- json */

/* No member where it was not measured. */
static void put_bits(struct json *j, const char *name, unsigned hundredths)
{
	if (hundredths != EXTENT_UNKNOWN)
		json_put_real(j, name, hundredths / 100.0);
}

static struct json *candidate_json(const struct extent *x,
                                   const struct extent_candidate *c)
{
	struct json *j = json_object();
	char id[SHA256_HEX + 1];

	oid_format(&c->id, id);
	json_put_str(j, "id", id);
	json_put_str(j, "source", base_source_name(c->source));
	put_bits(j, "bit_distance", c->bits);
	if (c->permille != EXTENT_UNKNOWN)
		json_put_u64(j, "permille", c->permille);
	json_put_bool(j, "by_values", c->by_values);
	json_put_bool(j, "chosen", c == chosen_candidate(x));
	return j;
}

static struct json *candidates_json(const struct extent *x)
{
	struct json *all = json_array();

	for (unsigned i = 0; i < extent_finding(x)->candidate_count; i++)
		json_add(all, candidate_json(x, &extent_finding(x)->candidates[i]));
	return all;
}

static struct json *tried_json(const struct extent *x)
{
	struct json *tried = json_array();

	for (unsigned i = 0; i < extent_finding(x)->tried_count; i++) {
		struct json *one = json_object();
		json_put_str(one, "codec", tried_name(&extent_finding(x)->tried[i]));
		json_put_u64(one, "permille", extent_finding(x)->tried[i].permille);
		json_add(tried, one);
	}
	return tried;
}

static struct json *extent_json(const struct show *s, size_t i)
{
	const struct extent *x = &s->manifest.extents.list[i];
	const struct extent_cost *cost = &s->costs[i];
	struct json *j = json_object();
	struct json *shape = json_array(), *bases = json_array();
	char base[2 * KEY_BASE_PREFIX + 1];
	char id[SHA256_HEX + 1];

	oid_format(&x->id, id);
	base_text(cost, 0, base);
	for (unsigned k = 0; k < x->dim_count; k++)
		json_add_u64(shape, x->dims[k]);
	json_put_str(j, "kind", kind_name(x->kind));
	json_put_str(j, "name", x->name);
	json_put_str(j, "dtype", x->kind == EXTENT_TENSOR ? dtype_name(x->dtype) : NULL);
	json_put(j, "shape", shape);
	json_put_u64(j, "offset", x->offset);
	json_put_u64(j, "size", x->size);
	json_put_u64(j, "stored", cost->stored);
	json_put_str(j, "codec", codec_name(x, cost));
	json_put_str(j, "prediction", prediction_name(cost));
	if (cost->rank)
		json_put_u64(j, "rank", cost->rank);
	json_put_str(j, "id", id);
	json_put_str(j, "base", cost->record.base_count ? base : NULL);
	for (unsigned k = 0; k < cost->record.base_count; k++) {
		base_text(cost, k, base);
		json_add_str(bases, base);
	}
	json_put(j, "bases", bases);
	const struct extent_candidate *chosen = chosen_candidate(x);
	json_put_str(j, "base_source", chosen ? base_source_name(chosen->source) : NULL);
	json_put_str(j, "base_by_values", name_by_values(s, x));
	put_bits(j, "bit_distance", chosen ? chosen->bits : EXTENT_UNKNOWN);
	json_put(j, "candidates", candidates_json(x));
	if (extent_finding(x)->series_length) {
		json_put_u64(j, "series_length", extent_finding(x)->series_length);
		json_put_u64(j, "series_permille", extent_finding(x)->series_spent);
	}
	json_put(j, "tried", tried_json(x));
	return j;
}

static int print_json(const struct show *s, struct err *err)
{
	const struct manifest *m = &s->manifest;
	struct json *j = json_object();
	struct json *extents = json_array();
	char oid[SHA256_HEX + 1];

	oid_format(&m->oid, oid);
	json_put_str(j, "oid", oid);
	json_put_u64(j, "size", m->extents.size);
	json_put_u64(j, "stored", s->sum.stored);
	json_put_u64(j, "needed", s->sum.needed);
	json_put_u64(j, "added", s->sum.added);
	json_put_str(j, "model", model_name(m));
	json_put_str(j, "path", manifest_note(m, "path"));
	json_put_str(j, "commit", manifest_note(m, "commit"));
	json_put_str(j, "base_oid", s->base.oid);
	json_put_str(j, "base_path", s->base.path);
	json_put_str(j, "base_commit", s->base.commit);
	json_put_str(j, "base_source", manifest_note(m, "base.source"));
	json_put_str(j, "found_oid", manifest_note(m, "base.oid"));
	json_put_str(j, "found_path", manifest_note(m, "base.path"));
	json_put_str(j, "agent", manifest_note(m, "agent"));
	for (size_t i = 0; i < m->extents.count; i++)
		json_add(extents, extent_json(s, i));
	json_put(j, "extents", extents);
	return report_json(j, err);
}

/* ---------------------------------------------------------------- text */

static void add_shape(const struct extent *x, struct buf *out)
{
	if (x->kind != EXTENT_TENSOR)
		return;
	buf_add_str(out, "[");
	for (unsigned i = 0; i < x->dim_count; i++)
		buf_addf(out, "%s%" PRIu64, i ? ", " : "", x->dims[i]);
	buf_add_str(out, "]");
}

/* " by values: model.layers.7.mlp.up_proj.weight of base.safetensors" */
static void add_finding(const struct show *s, const struct extent *x, struct buf *out)
{
	const char *name = name_by_values(s, x);

	buf_add_str(out, " by values");
	if (name)
		buf_addf(out, ": %s", name);
	if (name && s->base.path)
		buf_addf(out, " of %s", s->base.path);
}

/* "  git, 1.85 bits, rank 8": who named the base, how far it is by estimate, and what is
 * added to it. Without a base, the nearest that was considered and not taken. */
static void add_reason(const struct show *s, const struct extent *x,
                       const struct extent_cost *cost, struct buf *out)
{
	const struct extent_candidate *chosen = chosen_candidate(x);
	const struct extent_candidate *c = chosen ? chosen
	                                          : extent_finding(x)->candidates;

	if (!extent_finding(x)->candidate_count)
		return;
	buf_addf(out, "  %s%s", chosen ? "" : "not ", base_source_name(c->source));
	if (c->by_values)
		add_finding(s, x, out);
	if (c->bits != EXTENT_UNKNOWN)
		buf_addf(out, ", %u.%02u bits", c->bits / 100, c->bits % 100);
	if (cost->rank)
		buf_addf(out, ", rank %u", cost->rank);
	if (extent_finding(x)->series_length == 1)
		buf_add_str(out, ", the series begins anew");
}

/* "  (ulp 20.9, bitx 32.9, float 65.9 %)": what samples of it took, in percent */
static void add_tried(const struct extent *x, struct buf *out)
{
	for (unsigned i = 0; i < extent_finding(x)->tried_count; i++) {
		const struct extent_trial *one = &extent_finding(x)->tried[i];
		buf_addf(out, "%s%s %u.%u", i ? ", " : "  (", tried_name(one),
		         one->permille / 10, one->permille % 10);
	}
	if (extent_finding(x)->tried_count)
		buf_add_str(out, " %)");
}

/* "8d94d1319157", or the first of three: "8d94d13191+2". */
static void add_base(const struct extent_cost *cost, struct buf *out)
{
	unsigned count = cost->record.base_count;
	char base[2 * KEY_BASE_PREFIX + 1];

	base_text(cost, 0, base);
	if (count > 1)
		buf_addf(out, "%.10s+%u", base, count - 1);
	else
		buf_addf(out, "%.12s", count ? base : "-");
}

static void print_extent(const struct show *s, size_t i)
{
	const struct extent *x = &s->manifest.extents.list[i];
	const struct extent_cost *cost = &s->costs[i];
	struct buf shape = BUF_INIT, base = BUF_INIT, tried = BUF_INIT;
	char size[SIZE_TEXT], stored[SIZE_TEXT];
	char name[32];

	snprintf(name, sizeof(name), "(%s)", kind_name(x->kind));
	size_format(x->size, size);
	size_format(cost->stored, stored);
	add_base(cost, &base);
	add_shape(x, &shape);
	add_reason(s, x, cost, &tried);
	add_tried(x, &tried);
	report_line("%-10s %-14s %9s %9s  %-7s %-12s %s%s",
	            x->kind == EXTENT_TENSOR ? dtype_name(x->dtype) : "-",
	            buf_text(&shape), size, x->inlined ? "-" : stored,
	            codec_name(x, cost), buf_text(&base), x->name ? x->name : name,
	            buf_text(&tried));
	buf_wipe(&shape);
	buf_wipe(&base);
	buf_wipe(&tried);
}

static void print_origin(const char *label, const char *path, const char *commit)
{
	if (path)
		report_line("%-7s %s%s%.12s%s", label, path, commit ? " (commit " : "",
		            commit ? commit : "", commit ? ")" : "");
}

/* "found   by git, through tuned/model.safetensors": what led to the base, where that is
 * another object. */
static void print_finder(const struct manifest *m, const struct base_holder *base)
{
	const char *oid = manifest_note(m, "base.oid"),
		   *path = manifest_note(m, "base.path"),
		   *source = manifest_note(m, "base.source");
	bool other = oid && (!base->oid || strcmp(oid, base->oid) != 0);

	if (!oid || !source)
		return;
	if (!other)
		report_line("%-7s by %s", "found", source);
	else if (path)
		report_line("%-7s by %s, through %s", "found", source, path);
	else
		report_line("%-7s by %s, through object %s", "found", source, oid);
}

/* A base that the store's markers gave has no path that we know. */
static void print_base(const struct show *s)
{
	if (s->base.path)
		print_origin("base", s->base.path, s->base.commit);
	else if (s->base.oid)
		report_line("%-7s object %s", "base", s->base.oid);
	print_finder(&s->manifest, &s->base);
}

/* "31.5 MB, needs 18.9 MB of the store, added 0.3 MB to it, saved 99 %" */
static void print_sizes(const struct show *s)
{
	uint64_t whole = s->manifest.extents.size;
	char size[SIZE_TEXT], needed[SIZE_TEXT], added[SIZE_TEXT], saved[SIZE_TEXT];

	size_format(whole, size);
	size_format(s->sum.needed, needed);
	size_format(s->sum.added, added);
	saved_format(s->sum.added, whole, saved);
	report_line("size    %s, needs %s of the store, added %s to it, saved %s", size,
	            needed, added, saved);
}

static void print_text(const struct show *s)
{
	const struct manifest *m = &s->manifest;
	char oid[SHA256_HEX + 1];

	oid_format(&m->oid, oid);
	report_line("object  %s", oid);
	report_line("model   %s, %s", model_name(m),
	            COUNT(m->extents.count, "extent", "extents"));
	print_sizes(s);
	print_origin("from", manifest_note(m, "path"), manifest_note(m, "commit"));
	print_base(s);
	report_line("%s", "");
	report_line("%-10s %-14s %9s %9s  %-7s %-12s %s", "DTYPE", "SHAPE", "SIZE",
	            "STORED", "CODEC", "BASE", "NAME");
	for (size_t i = 0; i < m->extents.count; i++)
		print_extent(s, i);
}

/* ---------------------------------------------------------------- the command */

static int find_all(const struct connection *c, const struct oid *oid, struct show *s,
                    struct err *err)
{
	int rc = manifest_recall(c->store, oid, manifest_parse, &s->manifest, err);

	if (rc > 0)
		return err_set(
			err, ERR_MISSING,
			"store %s does not have this object; it was not pushed yet",
			c->store->name);
	if (rc)
		return rc;
	rc = object_cost_find(&c->transfer, &s->manifest, OBJECT_COST_CODECS, &s->costs,
	                      err);
	if (!rc)
		rc = object_cost_sum(&c->transfer, &s->manifest, s->costs, &s->sum, err);
	if (!rc)
		rc = base_holders_new(&c->transfer, &s->holders, err);
	if (!rc)
		rc = base_holders_find(s->holders, &s->manifest, &s->base, err);
	if (rc >= 0)
		rc = base_names_new(&c->transfer, s->base.oid, &s->names, err);
	return rc;
}

static int show(const char *name, const struct show_options *options, struct err *err)
{
	struct connection c;
	struct show s = { 0 };
	struct oid oid;
	int rc = connection_open(ENDPOINT_DOWNLOAD, NULL, &c, err);

	if (rc)
		return rc;
	rc = object_name_resolve(name, &oid, err);
	if (!rc)
		rc = find_all(&c, &oid, &s, err);
	if (!rc && options->json)
		rc = print_json(&s, err);
	else if (!rc)
		print_text(&s);
	base_holders_free(s.holders);
	base_names_free(s.names);
	free(s.costs);
	manifest_wipe(&s.manifest);
	connection_close(&c);
	return rc;
}

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct show_options, json) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct show_options options = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc != 1)
		rc = err_set(&err, ERR_INPUT, "show takes one path, <rev>:<path> or oid");
	if (!rc)
		rc = show(argv[0], &options, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_show = {
	.name = "show",
	.arguments = "[--json] <path> | <rev>:<path> | <oid>",
	.summary = "how one object is stored: its tensors, their codecs, bases and sizes",
	.details =
		"Prints where the object came from and where its bases did; what it needs of\n"
		"the store (its records, those it shares with others, and those of its bases),\n"
		"and what its push added there, of which 'saved' is told; and a line for each\n"
		"extent of the file: dtype, shape, size, stored bytes, codec, the blob\n"
		"that is its base, the tensor's name, and why: who named the base (user, git,\n"
		"card, markers), which tensor it is where that was found by what it holds and\n"
		"not by its name ('by values: NAME of PATH'), how many bits of a weight differ\n"
		"on samples (of all bits of its dtype, as in 'diff' and 'family'), and what each\n"
		"codec that was tried made\n"
		"of them. A base that was considered\n"
		"and not taken is shown as 'not git, 5.71 bits'. 'rank 8' means that a low-rank\n"
		"product is added to the base. What is stored inside the\n"
		"manifest is 'inline'.\n",
	.options = specs,
	.run = run,
};
