#include "agent/cmd/diff_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/dtype.h"
#include "index/model/extent.h"
#include "index/survey/model_side.h"

static const char *kind_name(enum diff_kind kind)
{
	static const char *const names[] = { "equal", "changed", "new", "gone" };

	return names[kind];
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---------------------------------------------------------------- a line */

static void add_shape(const struct extent *x, struct buf *out)
{
	buf_add_str(out, "[");
	for (unsigned i = 0; i < x->dim_count; i++)
		buf_addf(out, "%s%" PRIu64, i ? ", " : "", x->dims[i]);
	buf_add_str(out, "]");
}

static bool same_shape(const struct extent *a, const struct extent *b)
{
	return a->dim_count == b->dim_count &&
	       memcmp(a->dims, b->dims, a->dim_count * sizeof(a->dims[0])) == 0;
}

/* "BF16", "F32>BF16"; "[8, 4]", "[6, 4]>[8, 4]" */
static void describe(const struct tensor_diff *d, struct buf *dtype, struct buf *shape)
{
	const struct extent *x = d->new ? d->new : d->old;

	if (!x) {
		buf_add_str(dtype, "-");
		buf_add_str(shape, "-");
		return;
	}
	if (d->old && d->new && d->old->dtype != d->new->dtype)
		buf_addf(dtype, "%s>", dtype_name(d->old->dtype));
	buf_add_str(dtype, dtype_name(x->dtype));
	if (d->old && d->new && !same_shape(d->old, d->new)) {
		add_shape(d->old, shape);
		buf_add_str(shape, ">");
	}
	add_shape(x, shape);
}

/* "model.norm.weight", or "norm.weight>model.norm.weight" */
static void add_name(const struct tensor_diff *d, const struct side_part *part,
                     struct buf *out)
{
	const struct extent *x = d->new ? d->new : d->old;

	if (d->old && d->new &&strcmp(d->old->name, d->new->name) != 0)
		buf_addf(out, "%s>", d->old->name);
	buf_add_str(out, x ? x->name : part->name);
}

static void begin_line(struct diff_report *r, const struct side_part *part)
{
	if (r->files && part != r->part) {
		if (r->begun)
			report_line("%s", "");
		report_line("%s", part->name);
	}
	if (!r->begun || (r->files && part != r->part))
		report_line("%-7s %-9s %-16s %9s %6s %8s %9s  %s", "", "DTYPE", "SHAPE",
		            "SIZE", "BITS", "WORDS", "DELTA", "NAME");
	r->begun = true;
	r->part = part;
}

int diff_report_line(void *ctx, const struct tensor_diff *d)
{
	struct diff_report *r = ctx;
	const struct side_part *part = d->new_part ? d->new_part : d->old_part;
	struct buf dtype = BUF_INIT, shape = BUF_INIT, name = BUF_INIT;
	char size[SIZE_TEXT], delta[SIZE_TEXT] = "-", bits[16] = "-", words[16] = "-";

	if (d->kind == DIFF_EQUAL && !r->all)
		return 0;
	begin_line(r, part);
	describe(d, &dtype, &shape);
	add_name(d, part, &name);
	size_format(d->new_part ? d->new_size : d->old_size, size);
	if (d->kind == DIFF_CHANGED && d->compared) {
		snprintf(bits, sizeof(bits), "%.3f", word_count_distance(&d->count));
		snprintf(words, sizeof(words), "%.2f %%",
		         percent(d->count.changed, d->count.words));
		if (d->count.delta)
			size_format(d->count.delta, delta);
	}
	report_line("%-7s %-9s %-16s %9s %6s %8s %9s  %s", kind_name(d->kind),
	            buf_text(&dtype), buf_text(&shape), size, bits, words, delta,
	            buf_text(&name));
	buf_wipe(&name);
	buf_wipe(&dtype);
	buf_wipe(&shape);
	return 0;
}

void diff_report_sum(const struct model_diff_sum *s)
{
	char delta[SIZE_TEXT], unlike[SIZE_TEXT], size[SIZE_TEXT], old[SIZE_TEXT];
	uint64_t same = s->tensors[DIFF_CHANGED] + s->tensors[DIFF_NEW] +
	                s->tensors[DIFF_GONE];

	size_format(s->count.delta, delta);
	size_format(s->unlike, unlike);
	size_format(s->new_size, size);
	size_format(s->old_size, old);
	report_line("%zu equal, %zu changed, %zu new, %zu gone%s", s->tensors[DIFF_EQUAL],
	            s->tensors[DIFF_CHANGED], s->tensors[DIFF_NEW], s->tensors[DIFF_GONE],
	            same ? ""
	                 : ": nothing differs but what lies outside the tensors, "
	                   "if anything");
	if (s->old_size != s->new_size)
		report_line("%s of tensors before, %s now", old, size);
	if (s->count.words && same)
		report_line("%.3f bits a weight differ, and %.2f %% of the weights",
		            word_count_distance(&s->count),
		            percent(s->count.changed, s->count.words));
	if (s->count.delta)
		report_line("as deltas %s of %s (%.1f %%)%s%s", delta, size,
		            percent(s->count.delta, s->new_size),
		            s->unlike ? ", and without a base " : "",
		            s->unlike ? unlike : "");
}

/* ---------------------------------------------------------------- json */

static void put_extent(struct json *j, const char *dtype_key, const char *shape_key,
                       const struct extent *x)
{
	struct json *shape = json_array();

	for (unsigned i = 0; i < x->dim_count; i++)
		json_add_u64(shape, x->dims[i]);
	json_put_str(j, dtype_key, dtype_name(x->dtype));
	json_put(j, shape_key, shape);
}

int diff_report_json_line(void *ctx, const struct tensor_diff *d)
{
	struct diff_report *r = ctx;
	const struct extent *x = d->new ? d->new : d->old;
	struct json *j = json_object();

	json_put_str(j, "name", x ? x->name : NULL);
	json_put_str(j, "old_name", d->old ? d->old->name : NULL);
	json_put_str(j, "status", kind_name(d->kind));
	json_put_str(j, "file", d->new_part ? d->new_part->name : NULL);
	json_put_str(j, "old_file", d->old_part ? d->old_part->name : NULL);
	if (d->new)
		put_extent(j, "dtype", "shape", d->new);
	if (d->old)
		put_extent(j, "old_dtype", "old_shape", d->old);
	json_put_u64(j, "size", d->new_size);
	json_put_u64(j, "old_size", d->old_size);
	if (d->kind == DIFF_CHANGED && d->compared) {
		json_put_u64(j, "words", d->count.words);
		json_put_u64(j, "words_changed", d->count.changed);
		json_put_u64(j, "bits_changed", d->count.bits);
		json_put_real(j, "bits_per_word", word_count_distance(&d->count));
		json_put_u64(j, "delta", d->count.delta);
	}
	json_add(r->tensors, j);
	return 0;
}

int diff_report_json(struct diff_report *r, const struct model_diff_sum *s,
                     const char *old, const char *new, struct err *err)
{
	struct json *j = json_object();

	json_put_str(j, "old", old);
	json_put_str(j, "new", new);
	for (int kind = DIFF_EQUAL; kind <= DIFF_GONE; kind++)
		json_put_u64(j, kind_name((enum diff_kind)kind), s->tensors[kind]);
	json_put_u64(j, "size", s->new_size);
	json_put_u64(j, "old_size", s->old_size);
	json_put_u64(j, "words", s->count.words);
	json_put_u64(j, "words_changed", s->count.changed);
	json_put_u64(j, "bits_changed", s->count.bits);
	json_put_real(j, "bits_per_word", word_count_distance(&s->count));
	json_put_u64(j, "delta", s->count.delta);
	json_put_u64(j, "unlike", s->unlike);
	json_put(j, "tensors", r->tensors);
	r->tensors = NULL;
	return report_json(j, err);
}
