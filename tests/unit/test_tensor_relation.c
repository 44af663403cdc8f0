/* How tensors may derive from one another: shapes, then names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/tensor_names.h"
#include "index/base/tensor_relation.h"
#include "index/base/tensor_role.h"
#include "index/model/extent.h"

/* The shapes of the tensors that tests make; each keeps its own. */
static uint64_t kept_shapes[4096][3];
static size_t kept_count;

/* The shape of `x`, to be changed. */
static uint64_t *shape_of(const struct extent *x)
{
	for (size_t i = 0; i < kept_count; i++)
		if (kept_shapes[i] == x->dims)
			return kept_shapes[i];
	fail();
	return NULL;
}

/* A tensor of up to three dimensions; 0 ends them. Its id tells its name and shape. */
static struct extent tensor(const char *name, enum dtype dtype, uint64_t a, uint64_t b,
                            uint64_t c)
{
	struct extent x = { .kind = EXTENT_TENSOR, .name = name, .dtype = dtype };
	uint64_t *dims = kept_shapes[kept_count++];

	assert_true(kept_count < sizeof(kept_shapes) / sizeof(kept_shapes[0]));
	memcpy(dims, (uint64_t[]){ a, b, c }, sizeof(kept_shapes[0]));
	x.dims = dims;
	x.size = dtype_unit(dtype);
	for (; x.dim_count < 3 && dims[x.dim_count]; x.dim_count++) {
		x.size *= dims[x.dim_count];
		memcpy(x.id.bytes + 8 * x.dim_count, &dims[x.dim_count], 8);
	}
	for (size_t i = 0; name[i]; i++)
		x.id.bytes[24 + i % 8] ^= (uint8_t)(name[i] * (i + 3));
	return x;
}

/* Part number `i` is { base, first, rows, column, width, at, stride }. */
static void expect_part(const struct tensor_relation *r, unsigned i, struct part want)
{
	const struct part *got = &r->basis.parts.list[i];

	assert_true(i < r->basis.parts.count);
	if (got->base != want.base || got->first != want.first ||
	    got->rows != want.rows || got->column != want.column ||
	    got->width != want.width || got->at != want.at || got->stride != want.stride)
		fail_msg("part %u: %u %llu+%llu %llu+%llu at %llu by %llu", i, got->base,
		         (unsigned long long)got->first, (unsigned long long)got->rows,
		         (unsigned long long)got->column, (unsigned long long)got->width,
		         (unsigned long long)got->at, (unsigned long long)got->stride);
}

static const struct {
	uint64_t x[3], base[3];
	enum dtype from;
	int kind; /* -1: none */
	unsigned parts;
	struct part part;
	uint64_t row;
} shapes[] = {
	{ { 9, 4 }, { 9, 4 }, DTYPE_BF16, RELATION_SAME, 0, { 0 }, 0 },
	{ { 9, 4 }, { 9, 4 }, DTYPE_F32, RELATION_CAST, 0, { 0 }, 0 },
	{ { 9, 4 }, { 9, 4 }, DTYPE_I8, -1, 0, { 0 }, 0 },
	{ { 9, 4 }, { 9 }, DTYPE_BF16, -1, 0, { 0 }, 0 },
	{ { 9, 4 }, { 36 }, DTYPE_BF16, -1, 0, { 0 }, 0 },
	{ { 9, 4 }, { 12, 4 }, DTYPE_BF16, RELATION_ROWS, 0, { 0 }, 0 },
	{ { 9, 4 },
	  { 7, 4 },
	  DTYPE_BF16,
	  RELATION_ROWS,
	  1,
	  { 0, 0, 1, 0, 28, 0, 28 },
	  36 },
	{ { 9, 4 },
	  { 7, 4 },
	  DTYPE_F16,
	  RELATION_ROWS,
	  1,
	  { 0, 0, 1, 0, 28, 0, 28 },
	  36 },
	{ { 9 }, { 7 }, DTYPE_BF16, RELATION_ROWS, 1, { 0, 0, 1, 0, 7, 0, 7 }, 9 },
	{ { 9, 4 },
	  { 9, 3 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 9, 0, 3, 0, 3 },
	  4 },
	{ { 9, 4 },
	  { 9, 6 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 9, 0, 4, 0, 6 },
	  4 },
	{ { 9, 4 },
	  { 7, 6 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 7, 0, 4, 0, 6 },
	  4 },
	{ { 9, 4 },
	  { 11, 3 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 9, 0, 3, 0, 3 },
	  4 },
	{ { 9, 4, 5 },
	  { 9, 3, 5 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 9, 0, 15, 0, 15 },
	  20 },
	{ { 9, 4, 5 },
	  { 8, 4, 7 },
	  DTYPE_BF16,
	  RELATION_WINDOW,
	  1,
	  { 0, 0, 32, 0, 5, 0, 7 },
	  5 },
	{ { 9, 4, 5 }, { 9, 3, 4 }, DTYPE_BF16, -1, 0, { 0 }, 0 },
};

static void shapes_tell_what_maps_onto_what(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const uint64_t *d = shapes[i].x, *e = shapes[i].base;
		struct extent x = tensor("x", DTYPE_BF16, d[0], d[1], d[2]);
		struct extent base = tensor("y", shapes[i].from, e[0], e[1], e[2]);
		struct tensor_relation r = { .kind = RELATION_TIED };
		if (relation_by_shape(&x, &base, &r) != (shapes[i].kind >= 0))
			fail_msg("case %zu", i);
		if (shapes[i].kind < 0)
			continue;
		assert_int_equal(r.kind, shapes[i].kind);
		assert_ptr_equal(r.bases[0], &base);
		assert_int_equal(r.basis.base_count, 1);
		assert_int_equal(r.basis.bases[0].dtype, shapes[i].from);
		assert_int_equal(r.basis.parts.count, shapes[i].parts);
		assert_null(record_basis_fault(&r.basis, x.dtype, x.size));
		if (!shapes[i].parts)
			continue;
		assert_int_equal(r.basis.parts.row, shapes[i].row);
		expect_part(&r, 0, shapes[i].part);
		assert_true(parts_need(&r.basis.parts, 0) <=
		            base.size / dtype_unit(base.dtype));
	}
}

static void shapes_that_lie_have_no_parts(void **state)
{
	struct extent x = tensor("x", DTYPE_BF16, 9, 4, 0);
	struct extent base = tensor("y", DTYPE_BF16, 7, 4, 0);
	struct tensor_relation r;
	(void)state;

	base.size--;
	assert_false(relation_by_shape(&x, &base, &r));
	base = tensor("y", DTYPE_BF16, UINT64_MAX, UINT64_MAX, 0);
	shape_of(&base)[1] = 4;
	shape_of(&x)[0] = UINT64_MAX / 2;
	assert_false(relation_to_fused(&x, &base, 0, &r));
	x = tensor("x", DTYPE_BF16, 9, 0, 0);
	shape_of(&x)[1] = 0;
	x.dim_count = 2;
	assert_false(relation_by_shape(&x, &base, &r));
}

static void pieces_of_fused_tensors(void **state)
{
	struct extent k = tensor("k", DTYPE_BF16, 8, 32, 0);
	struct extent v = tensor("v", DTYPE_BF16, 32, 8, 0);
	struct extent rows = tensor("qkv", DTYPE_F32, 48, 32, 0);
	struct extent columns = tensor("qkv", DTYPE_BF16, 32, 48, 0);
	struct tensor_relation r;
	(void)state;

	assert_true(relation_to_fused(&k, &rows, -2, &r));
	assert_int_equal(r.kind, RELATION_PIECE);
	expect_part(&r, 0, (struct part){ 0, 0, 1, 0, 256, 1024, 1536 });
	assert_true(relation_to_fused(&v, &columns, -1, &r));
	expect_part(&r, 0, (struct part){ 0, 0, 32, 0, 8, 40, 48 });
	assert_int_equal(r.basis.parts.row, 8);
	assert_true(relation_to_fused(&k, &rows, 5, &r));
	assert_false(relation_to_fused(&k, &rows, 6, &r));
	assert_true(relation_to_fused(&k, &rows, -6, &r));
	assert_false(relation_to_fused(&k, &rows, -7, &r));
	assert_false(relation_to_fused(&rows, &k, 0, &r));
	assert_false(relation_to_fused(&k, &columns, 0, &r));
}

static void fusions_of_pieces(void **state)
{
	struct extent q = tensor("q", DTYPE_BF16, 32, 32, 0);
	struct extent k = tensor("k", DTYPE_BF16, 8, 32, 0);
	struct extent v = tensor("v", DTYPE_BF16, 8, 32, 0);
	struct extent rows = tensor("qkv", DTYPE_BF16, 48, 32, 0);
	const struct extent *parts[] = { &q, &k, &v }, *two[] = { &q, &q };
	struct tensor_relation r;
	(void)state;

	assert_true(relation_to_parts(&rows, parts, 3, &r));
	assert_int_equal(r.kind, RELATION_FUSED);
	assert_int_equal(r.basis.base_count, 3);
	expect_part(&r, 0, (struct part){ 0, 0, 1, 0, 1024, 0, 1024 });
	expect_part(&r, 1, (struct part){ 1, 0, 1, 1024, 256, 0, 256 });
	expect_part(&r, 2, (struct part){ 2, 0, 1, 1280, 256, 0, 256 });
	assert_null(record_basis_fault(&r.basis, rows.dtype, rows.size));

	assert_false(relation_to_parts(&rows, parts, 2, &r)); /* not the whole */
	k.inlined = true;                                     /* has no record */
	assert_true(relation_to_parts(&rows, parts, 3, &r));
	assert_int_equal(r.basis.base_count, 2);
	assert_ptr_equal(r.bases[1], &v);
	expect_part(&r, 1, (struct part){ 1, 0, 1, 1280, 256, 0, 256 });
	k.inlined = false;
	v.dtype = DTYPE_F16;
	assert_false(relation_to_parts(&rows, parts, 3, &r));

	struct extent twice = tensor("qq", DTYPE_BF16, 64, 32, 0);
	assert_true(relation_to_parts(&twice, two, 2, &r));
	assert_int_equal(r.basis.base_count, 1); /* the same blob is one base */
	assert_null(record_basis_fault(&r.basis, twice.dtype, twice.size));
}

static void columns_side_by_side(void **state)
{
	struct extent a = tensor("gate", DTYPE_BF16, 16, 5, 0);
	struct extent b = tensor("up", DTYPE_BF16, 16, 5, 0);
	struct extent x = tensor("gate_up", DTYPE_BF16, 16, 10, 0);
	const struct extent *parts[] = { &a, &b };
	struct tensor_relation r;
	(void)state;

	assert_true(relation_to_parts(&x, parts, 2, &r));
	assert_int_equal(r.basis.parts.row, 10);
	expect_part(&r, 0, (struct part){ 0, 0, 16, 0, 5, 0, 5 });
	expect_part(&r, 1, (struct part){ 1, 0, 16, 5, 5, 0, 5 });
}

/* ---------------------------------------------------------------- names */

static const struct {
	const char *name;
	int role; /* -1: none */
	const char *place, *suffix;
} roles[] = {
	{ "model.layers.7.self_attn.qkv_proj.weight", ROLE_QUERY_KEY_VALUE,
	  "model.layers.7.self_attn.", "weight" },
	{ "transformer.h.3.attn.c_attn.bias", ROLE_QUERY_KEY_VALUE,
	  "transformer.h.3.attn.", "bias" },
	{ "blocks.0.attn.in_proj_weight", ROLE_QUERY_KEY_VALUE, "blocks.0.attn.",
	  "weight" },
	{ "blocks.0.attn.in_proj_bias", ROLE_QUERY_KEY_VALUE, "blocks.0.attn.", "bias" },
	{ "lm_head.weight", ROLE_HEAD, "", "weight" },
	{ "model.embed_tokens.weight", ROLE_EMBEDDING, "model.", "weight" },
	{ "q", ROLE_QUERY, "", "" },
	{ "model.norm.weight", -1, NULL, NULL },
	{ "my_q_proj_too.weight", -1, NULL, NULL },
	{ "", -1, NULL, NULL },
};

static void names_tell_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct tensor_role r;
		if (tensor_role_of(roles[i].name, &r) != (roles[i].role >= 0))
			fail_msg("'%s'", roles[i].name);
		if (roles[i].role < 0)
			continue;
		assert_int_equal(r.role, roles[i].role);
		assert_int_equal(r.place_length, strlen(roles[i].place));
		assert_memory_equal(r.place, roles[i].place, r.place_length);
		assert_string_equal(r.suffix, roles[i].suffix);
	}
}

/* Whether `x` finds something in a model of `list`; its first base's name. */
static const char *related(struct extent *list, size_t count, struct extent x,
                           struct tensor_relation *r)
{
	struct extents model = { .list = list, .count = count };
	struct tensor_names *names;
	struct err err = ERR_INIT;

	assert_int_equal(tensor_names_new(&model, &names, &err), 0);
	bool found = tensor_names_relate(names, &x, r);
	tensor_names_free(names);
	return found ? r->bases[0]->name : NULL;
}

#define BF16(name, a, b) tensor(name, DTYPE_BF16, a, b, 0)

static void a_tensor_of_the_same_name_comes_first(void **state)
{
	struct extent list[] = { BF16("a.q_proj.weight", 32, 32),
		                 BF16("a.qkv_proj.weight", 48, 32),
		                 BF16("lm_head.weight", 90, 32),
		                 BF16("embed_tokens.weight", 90, 32) };
	struct tensor_relation r;
	(void)state;

	assert_string_equal(related(list, 4, BF16("a.q_proj.weight", 32, 32), &r),
	                    "a.q_proj.weight");
	assert_int_equal(r.kind, RELATION_SAME);
	assert_string_equal(related(list, 4, BF16("embed_tokens.weight", 95, 32), &r),
	                    "embed_tokens.weight");
	assert_int_equal(r.kind, RELATION_ROWS);
	list[0].inlined = true;
	assert_string_equal(related(list, 4, BF16("a.q_proj.weight", 32, 32), &r),
	                    "a.qkv_proj.weight");
	assert_int_equal(r.kind, RELATION_PIECE);
	assert_null(related(list, 4, BF16("b.norm.weight", 32, 32), &r));
	assert_null(related(list, 0, BF16("a.q_proj.weight", 32, 32), &r));
}

static void pieces_find_what_is_fused_whatever_its_family_calls_it(void **state)
{
	struct extent list[] = { BF16("transformer.h.0.attn.c_attn.weight", 48, 32),
		                 BF16("transformer.h.1.attn.c_attn.weight", 48, 32),
		                 BF16("transformer.h.1.mlp.gate_up_proj.weight", 60,
		                      32) };
	struct tensor_relation r;
	(void)state;

	assert_string_equal(
		related(list, 3, BF16("model.layers.1.k_proj.weight", 8, 32), &r),
		"transformer.h.1.attn.c_attn.weight");
	assert_int_equal(r.basis.parts.list[0].at, 32 * 32);
	related(list, 3, BF16("model.layers.1.v_proj.weight", 8, 32), &r);
	assert_int_equal(r.basis.parts.list[0].at, 40 * 32);
	related(list, 3, BF16("model.layers.1.q_proj.weight", 32, 32), &r);
	assert_int_equal(r.basis.parts.list[0].at, 0);
	related(list, 3, BF16("model.layers.1.up_proj.weight", 30, 32), &r);
	assert_int_equal(r.basis.parts.list[0].at, 30 * 32);
	assert_null(related(list, 3, BF16("model.layers.2.k_proj.weight", 8, 32), &r));
	assert_null(related(list, 3, BF16("model.layers.1.k_proj.bias", 8, 32), &r));
	assert_null(related(list, 3, BF16("model.layers.1.k_proj.weight", 8, 31), &r));
}

static void what_is_fused_finds_its_pieces(void **state)
{
	struct extent list[] = {
		BF16("enc.0.v.weight", 8, 32),  BF16("enc.0.q.weight", 32, 32),
		BF16("dec.0.k.weight", 8, 32),  BF16("dec.0.v.weight", 8, 32),
		BF16("dec.0.q.weight", 32, 32), BF16("enc.0.k.weight", 8, 32)
	};
	struct tensor_relation r;
	(void)state;

	assert_string_equal(related(list, 6, BF16("dec.0.qkv.weight", 48, 32), &r),
	                    "dec.0.q.weight");
	assert_string_equal(r.bases[1]->name, "dec.0.k.weight");
	assert_string_equal(r.bases[2]->name, "dec.0.v.weight");
	/* Two places have these numbers: which is meant is not known. */
	assert_null(related(list, 6, BF16("x.0.qkv.weight", 48, 32), &r));
	assert_null(related(list, 6, BF16("dec.1.qkv.weight", 48, 32), &r));
	assert_null(related(list, 6, BF16("dec.0.qkv.weight", 47, 32), &r));
}

static void heads_and_embeddings_stand_for_one_another(void **state)
{
	struct extent embedding[] = { BF16("model.embed_tokens.weight", 90, 32) };
	struct extent head[] = { BF16("lm_head.weight", 90, 32) };
	struct tensor_relation r;
	(void)state;

	assert_string_equal(related(embedding, 1, BF16("lm_head.weight", 90, 32), &r),
	                    "model.embed_tokens.weight");
	assert_int_equal(r.kind, RELATION_TIED);
	assert_string_equal(related(embedding, 1, BF16("lm_head.weight", 99, 32), &r),
	                    "model.embed_tokens.weight");
	assert_int_equal(r.basis.parts.count, 1);
	assert_string_equal(related(head, 1, BF16("wte.weight", 90, 32), &r),
	                    "lm_head.weight");
	assert_null(related(embedding, 1, BF16("lm_head.bias", 90, 0), &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_tell_what_maps_onto_what),
		cmocka_unit_test(shapes_that_lie_have_no_parts),
		cmocka_unit_test(pieces_of_fused_tensors),
		cmocka_unit_test(fusions_of_pieces),
		cmocka_unit_test(columns_side_by_side),
		cmocka_unit_test(names_tell_roles),
		cmocka_unit_test(a_tensor_of_the_same_name_comes_first),
		cmocka_unit_test(pieces_find_what_is_fused_whatever_its_family_calls_it),
		cmocka_unit_test(what_is_fused_finds_its_pieces),
		cmocka_unit_test(heads_and_embeddings_stand_for_one_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
