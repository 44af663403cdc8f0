/* Which codec and which base: the smallest, where a base is worth what it ties. */
#include "tests/unit/trial_blob.h"

#include "codec/codec_table.h"
#include "codec/low_rank.h"
#include "index/base/base_choice.h"
#include "index/base/base_hint.h"
#include "index/base/relatives.h"
#include "index/blob/blob_find.h"
#include "index/model/extent.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "index/store/store_keys.h"
#include "index/upload.h"

enum { ROWS = 300, COLUMNS = 256, VALUES = ROWS * COLUMNS, BYTES = 2 * VALUES };

static const char repo_id[] = "0123456789abcdef0123456789abcdef";

/* ---------------------------------------------------------------- words */

/* A model of one tensor of BF16, or of I32 of half as many columns. */
struct model {
	struct model_file file;
	struct extents extents;
	struct extent *tensor;
	struct blob_file blob;
};

static void model_make(struct model *m, const uint8_t *values, enum dtype dtype)
{
	struct buf out = BUF_INIT, head = BUF_INIT;
	struct err err = ERR_INIT;
	struct oid whole;

	buf_addf(
		&head,
		"{\"w.weight\":{\"dtype\":\"%s\",\"shape\":[%d,%u],\"data_offsets\":[0,%d]}}",
		dtype_name(dtype), ROWS, COLUMNS * 2 / dtype_unit(dtype), BYTES);
	buf_add_u64(&out, head.size);
	buf_add(&out, head.data, head.size);
	buf_add(&out, values, BYTES);
	m->file = model_file_of(out.data, out.size);
	buf_wipe(&head);
	buf_wipe(&out);
	int fd = open(m->file.path, O_RDONLY);
	assert_int_equal(model_scan(fd, m->file.size, &m->extents, &err), 0);
	assert_int_equal(extents_hash(fd, &m->extents, &whole, NULL, &err), 0);
	m->tensor = &m->extents.list[1];
	assert_int_equal(m->tensor->kind, EXTENT_TENSOR);
	m->blob = (struct blob_file){ m->tensor->id,     m->tensor->sum, dtype, fd,
		                      m->tensor->offset, BYTES,          NULL };
}

/* BF16 weights of a seed, moved by `step` at the most. */
static void tune_make(struct model *m, uint64_t seed, float step)
{
	uint8_t *values = weights_of(VALUES, seed, step);

	model_make(m, values, DTYPE_BF16);
	free(values);
}

static void model_end(struct model *m)
{
	close(m->blob.fd);
	extents_wipe(&m->extents);
	model_file_remove(&m->file);
}

static void push(void **state, const struct model *m)
{
	struct trial_world *w = *state;
	struct upload_request request = { .oid = m->file.oid,
		                          .size = m->file.size,
		                          .path = m->file.path };
	struct upload_result result;
	struct err err = ERR_INIT;

	w->transfer.repo_id = repo_id;
	assert_int_equal(upload_object(&w->transfer, &request, &result, &err), 0);
	assert_int_equal(result.deltas, 0);
}

/* What is known when a model is pushed that has one model as hint. */
struct asking {
	struct base_hint hint;
	struct base_hints hints;
	struct relatives *relatives;
	const struct extent *wanted[1];
	struct base_task task;
};

static void ask(void **state, struct asking *a, struct model *m, const struct model *base)
{
	struct err err = ERR_INIT;

	a->hint = (struct base_hint){ .source = BASE_SOURCE_USER };
	if (base)
		a->hint.oid = base->file.oid;
	a->hints = (struct base_hints){ .list = &a->hint, .count = base != NULL };
	a->wanted[0] = m->tensor;
	assert_int_equal(relatives_new(a->wanted, 1, &a->relatives, &err), 0);
	assert_int_equal(
		relatives_load(a->relatives, transfer_of(state), &a->hints, &err), 0);
	a->task = (struct base_task){ transfer_of(state), a->relatives, m->tensor,
		                      &m->blob };
}

static void choose(void **state, struct model *m, const struct model *base,
                   struct base_choice *out)
{
	struct asking a;
	struct err err = ERR_INIT;

	ask(state, &a, m, base);
	*out = (struct base_choice){ 0 };
	assert_int_equal(base_choose(&a.task, out, &err), 0);
	if (out->codec->needs_base)
		assert_ptr_equal(out->hint, &a.hint);
	else
		assert_null(out->hint);
	relatives_free(a.relatives);
}

/* What the manifest says that this codec made of the samples, or UINT_MAX. */
static unsigned noted(const struct extent *x, const struct codec *codec)
{
	for (unsigned i = 0; i < extent_finding(x)->tried_count; i++)
		if (extent_finding(x)->tried[i].codec == (unsigned)codec->id)
			return extent_finding(x)->tried[i].permille;
	return UINT32_MAX;
}

/* The least that was noted, of codecs with or without a base. */
static unsigned least(const struct extent *x, enum codec_id like)
{
	const struct codec *codec;
	unsigned best = UINT32_MAX;

	for (unsigned i = 0; (codec = codec_at(i)) != NULL; i++)
		if (codec->needs_base == codec_by_id(like)->needs_base &&
		    noted(x, codec) < best)
			best = noted(x, codec);
	return best;
}

/* ---------------------------------------------------------------- rules */

static void a_fine_tune_is_a_delta_against_its_base(void **state)
{
	struct model base, tune;
	struct base_choice choice;
	const struct codec *codec;

	tune_make(&base, 1, 0);
	tune_make(&tune, 1, 1e-5f);
	push(state, &base);
	choose(state, &tune, &base, &choice);
	assert_int_equal(choice.codec->id, CODEC_ULP);
	assert_int_equal(choice.solo->id, CODEC_FLOAT);
	assert_int_equal(choice.basis.base_count, 1);
	assert_true(oid_equal(&choice.basis.bases[0].id, &base.tensor->id));
	/* All that can code it were tried, and the reason is noted. */
	for (unsigned i = 0; (codec = codec_at(i)) != NULL; i++)
		assert_int_equal(noted(tune.tensor, codec) <= 1000,
		                 codec->takes(DTYPE_BF16));
	assert_int_equal(tune.tensor->finding->candidate_count, 1);
	assert_int_equal(tune.tensor->finding->candidates[0].permille,
	                 noted(tune.tensor, choice.codec));
	assert_true(oid_equal(&tune.tensor->finding->candidates[0].id, &base.tensor->id));
	base_choice_wipe(&choice);
	model_end(&base);
	model_end(&tune);
}

static void without_a_base_the_best_solo_codec_is_chosen(void **state)
{
	struct model m;
	struct base_choice choice;
	uint8_t *noise = noise_of(BYTES, 4);

	tune_make(&m, 1, 0);
	choose(state, &m, NULL, &choice);
	assert_int_equal(choice.codec->id, CODEC_FLOAT);
	assert_ptr_equal(choice.solo, choice.codec);
	assert_int_equal(m.tensor->finding->candidate_count, 0);
	model_end(&m);
	/* What no codec makes smaller is not coded. */
	model_make(&m, noise, DTYPE_I32);
	choose(state, &m, NULL, &choice);
	assert_int_equal(choice.codec->id, CODEC_RAW);
	model_end(&m);
	free(noise);
}

static void what_is_named_as_base_and_has_nothing_in_common_is_none(void **state)
{
	struct model base, other;
	struct base_choice choice;

	tune_make(&base, 1, 0);
	tune_make(&other, 2, 0);
	push(state, &base);
	choose(state, &other, &base, &choice);
	assert_false(choice.codec->needs_base);
	/* It was tried, since the user named it. */
	assert_int_equal(other.tensor->finding->candidate_count, 1);
	assert_in_range(other.tensor->finding->candidates[0].permille,
	                least(other.tensor, CODEC_FLOAT), 1000);
	model_end(&base);
	model_end(&other);
}

/* Values that are the nearer to those of seed 1 the larger `part` is, up to 64. Either the
 * first of each row are those, and the rest is new, at which bitx is best; or all have
 * moved, at which ulp is. The caller frees. */
static uint8_t *mixed_of(enum codec_id best, unsigned part)
{
	float step = 2e-3f;

	if (best == CODEC_ULP) {
		for (unsigned i = part; i < 64; i++)
			step *= 1.06f;
		return weights_of(VALUES, 1, step);
	}
	uint8_t *mixed = weights_of(VALUES, 2, 0), *old = weights_of(VALUES, 1, 0);
	for (size_t row = 0; row < ROWS; row++)
		memcpy(mixed + row * COLUMNS * 2, old + row * COLUMNS * 2,
		       COLUMNS * part / 128 * 2);
	free(old);
	return mixed;
}

/* From what is not related to what is near: at each mixture a delta is chosen exactly
 * where it is at most 97 % of what the best codec without a base takes. */
static void a_delta_that_gains_too_little_is_not_worth_a_base(void **state)
{
	static const enum codec_id best[] = { CODEC_BITX, CODEC_ULP };
	struct model base;

	tune_make(&base, 1, 0);
	push(state, &base);
	for (int way = 0; way < 2; way++) {
		unsigned solos = 0, not_worth_it = 0, by_it = 0;
		for (unsigned part = 0; part <= 64; part++) {
			struct model m;
			struct base_choice choice;
			uint8_t *mixed = mixed_of(best[way], part);
			model_make(&m, mixed, DTYPE_BF16);
			choose(state, &m, &base, &choice);
			unsigned solo = least(m.tensor, CODEC_FLOAT);
			unsigned delta = least(m.tensor, CODEC_ULP);
			assert_int_equal(choice.codec->needs_base,
			                 delta <= solo * 97 / 100);
			solos += !choice.codec->needs_base;
			not_worth_it += !choice.codec->needs_base && delta < solo;
			by_it += choice.codec->id == best[way];
			base_choice_wipe(&choice);
			model_end(&m);
			free(mixed);
		}
		print_message("%u of 65 by %s, %u solo, %u of which a delta would be "
		              "smaller\n",
		              by_it, codec_by_id(best[way])->name, solos, not_worth_it);
		assert_true(by_it > 0 && not_worth_it > 0 && solos > not_worth_it);
	}
	model_end(&base);
}

static void a_base_that_cannot_be_read_is_passed_over(void **state)
{
	struct model base, tune;
	struct base_choice choice;
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	tune_make(&base, 1, 0);
	tune_make(&tune, 1, 1e-5f);
	push(state, &base);
	key_blob(&base.tensor->id, key);
	assert_int_equal(store_remove(transfer_of(state)->store, key, &err), 0);
	choose(state, &tune, &base, &choice);
	assert_int_equal(choice.codec->id, CODEC_FLOAT);
	model_end(&base);
	model_end(&tune);
}

static void a_codec_that_is_asked_for_is_taken_where_it_can(void **state)
{
	static const struct {
		enum codec_id asked;
		bool base;
		enum codec_id chosen, solo;
	} cases[] = {
		{ CODEC_BITX, true, CODEC_BITX, CODEC_RAW },
		{ CODEC_BITX, false, CODEC_RAW, CODEC_RAW },
		{ CODEC_ZSTD, true, CODEC_ZSTD, CODEC_ZSTD },
		{ CODEC_FLOAT, false, CODEC_RAW, CODEC_RAW }, /* takes no integers */
	};
	uint8_t *noise = noise_of(BYTES, 4);
	struct model base, m;

	model_make(&base, noise, DTYPE_I32);
	noise[1000] ^= 1;
	push(state, &base);
	for (int i = 0; i < 4; i++) {
		struct base_choice choice = { 0 };
		struct asking a;
		model_make(&m, noise, DTYPE_I32);
		ask(state, &a, &m, cases[i].base ? &base : NULL);
		base_choose_by_codec(&a.task, codec_by_id(cases[i].asked), &choice);
		assert_int_equal(choice.codec->id, cases[i].chosen);
		assert_int_equal(choice.solo->id, cases[i].solo);
		assert_int_equal(m.tensor->finding->tried_count, 0);
		relatives_free(a.relatives);
		model_end(&m);
	}
	model_end(&base);
	free(noise);
}

/* A merged adapter: what lies off the base is a product, and the choice has it. */
static void a_product_that_pays_is_part_of_the_choice(void **state)
{
	enum { RANK = 4 };
	uint8_t *values = merged_of(ROWS, COLUMNS, RANK, 1);
	struct model base, merged;
	struct base_choice choice;

	tune_make(&base, 1, 0);
	model_make(&merged, values, DTYPE_BF16);
	push(state, &base);
	choose(state, &merged, &base, &choice);
	assert_int_equal(choice.codec->id, CODEC_ULP);
	assert_non_null(choice.low_rank);
	assert_in_range(choice.low_rank->rank, RANK, 2 * RANK);
	base_choice_wipe(&choice);
	assert_null(choice.low_rank);
	free(values);
	model_end(&base);
	model_end(&merged);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_fine_tune_is_a_delta_against_its_base),
		IN_WORLD(without_a_base_the_best_solo_codec_is_chosen),
		IN_WORLD(what_is_named_as_base_and_has_nothing_in_common_is_none),
		IN_WORLD(a_delta_that_gains_too_little_is_not_worth_a_base),
		IN_WORLD(a_base_that_cannot_be_read_is_passed_over),
		IN_WORLD(a_codec_that_is_asked_for_is_taken_where_it_can),
		IN_WORLD(a_product_that_pays_is_part_of_the_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
