#include "index/base/tensor_relation.h"

#include "codec/cast.h"
#include "codec/common/checked.h"
#include "index/model/extent.h"

/* A tensor as rows along dimension `k`: `outer` times `length` times `inner`. */
struct folded {
	uint64_t outer, length, inner; /* in values */
};

static bool dtypes_suit(const struct extent *x, const struct extent *base)
{
	return x->dtype == base->dtype || cast_exists(base->dtype, x->dtype);
}

static bool multiply(const uint64_t *dims, unsigned from, unsigned to, uint64_t *out)
{
	*out = 1;
	for (unsigned i = from; i < to; i++)
		if (checked_mul(*out, dims[i], out))
			return false;
	return true;
}

/* False where the shape is not that of the bytes, or values are no whole bytes. */
static bool fold(const struct extent *x, unsigned k, struct folded *out)
{
	uint64_t all, bytes;

	if (dtype_bits(x->dtype) % 8 != 0 || k >= x->dim_count ||
	    !multiply(x->dims, 0, x->dim_count, &all) ||
	    checked_mul(all, dtype_unit(x->dtype), &bytes) || bytes != x->size || !bytes)
		return false;
	out->length = x->dims[k];
	return multiply(x->dims, 0, k, &out->outer) &&
	       multiply(x->dims, k + 1, x->dim_count, &out->inner);
}

/* In which dimensions two shapes of one rank differ: a bit each. */
static unsigned differences(const struct extent *x, const struct extent *y)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < x->dim_count && i < TENSOR_DIMS_MAX; i++)
		bits |= (unsigned)(x->dims[i] != y->dims[i]) << i;
	return bits;
}

static unsigned highest_bit(unsigned bits)
{
	return 31 - (unsigned)__builtin_clz(bits);
}

static void add_base(struct tensor_relation *r, const struct extent *base)
{
	unsigned i = r->basis.base_count++;

	r->bases[i] = base;
	r->basis.bases[i] = (struct record_base){ .id = base->id, .dtype = base->dtype };
}

/* Where a part lies along the one dimension, in both tensors. */
struct range {
	uint64_t to, from, length;
};

/* Adds `base` and the part that it predicts. */
static void add_part(struct tensor_relation *r, const struct folded *x,
                     const struct folded *base, struct range range,
                     const struct extent *extent)
{
	struct parts *p = &r->basis.parts;

	p->row = x->length * x->inner;
	p->list[p->count++] = (struct part){
		.base = r->basis.base_count,
		.rows = x->outer < base->outer ? x->outer : base->outer,
		.column = range.to * x->inner,
		.width = range.length * x->inner,
		.at = range.from * x->inner,
		.stride = base->length * x->inner,
	};
	add_base(r, extent);
}

/* ---------------------------------------------------------------- one base */

/* The common upper left corner of two tensors that differ in dimension `k`, and in the
 * first one perhaps. */
static bool common_corner(const struct extent *x, const struct extent *base, unsigned k,
                          struct tensor_relation *out)
{
	struct folded to, from;

	if (!fold(x, k, &to) || !fold(base, k, &from))
		return false;
	struct range range = { 0, 0, to.length < from.length ? to.length : from.length };
	add_part(out, &to, &from, range, base);
	return true;
}

bool relation_by_shape(const struct extent *x, const struct extent *base,
                       struct tensor_relation *out)
{
	struct tensor_relation made = { .kind = RELATION_SAME };

	if (!dtypes_suit(x, base) || x->dim_count != base->dim_count)
		return false;
	unsigned differ = differences(x, base), k = differ ? highest_bit(differ) : 0;
	if (differ & ~(1U << k) & ~1U)
		return false; /* in two besides the first */
	if (!differ) {
		made.kind = x->dtype == base->dtype ? RELATION_SAME : RELATION_CAST;
		add_base(&made, base);
	} else {
		made.kind = k ? RELATION_WINDOW : RELATION_ROWS;
		if (!k && x->dims[0] < base->dims[0])
			add_base(&made, base); /* all of x is predicted */
		else if (!common_corner(x, base, k, &made))
			return false;
	}
	*out = made;
	return true;
}

bool relation_to_fused(const struct extent *x, const struct extent *fused, int place,
                       struct tensor_relation *out)
{
	struct tensor_relation made = { .kind = RELATION_PIECE };
	struct folded to, from;

	if (!dtypes_suit(x, fused) || x->dim_count != fused->dim_count)
		return false;
	unsigned differ = differences(x, fused);
	if (__builtin_popcount(differ) != 1)
		return false;
	unsigned k = highest_bit(differ);
	if (!fold(x, k, &to) || !fold(fused, k, &from))
		return false;
	uint64_t back = place < 0 ? (uint64_t)-place : 0;
	if (to.length > from.length || back > from.length / to.length)
		return false;
	uint64_t at = place < 0 ? from.length - back * to.length
	                        : (uint64_t)place * to.length;
	if (at > from.length - to.length)
		return false;
	add_part(&made, &to, &from, (struct range){ 0, at, to.length }, fused);
	*out = made;
	return true;
}

/* ---------------------------------------------------------------- several bases */

/* The one dimension in which all `parts` may differ from `x`; -1 where there is none. */
static int fused_dimension(const struct extent *x, const struct extent *const *parts,
                           unsigned count)
{
	unsigned differ = 0;

	for (unsigned i = 0; i < count; i++) {
		if (parts[i]->dtype != parts[0]->dtype || !dtypes_suit(x, parts[i]) ||
		    parts[i]->dim_count != x->dim_count)
			return -1;
		differ |= differences(x, parts[i]);
	}
	return __builtin_popcount(differ) == 1 ? (int)highest_bit(differ) : -1;
}

static bool twice(const struct tensor_relation *r, const struct extent *base)
{
	for (unsigned i = 0; i < r->basis.base_count; i++)
		if (oid_equal(&r->bases[i]->id, &base->id))
			return true;
	return false;
}

bool relation_to_parts(const struct extent *x, const struct extent *const *parts,
                       unsigned count, struct tensor_relation *out)
{
	struct tensor_relation made = { .kind = RELATION_FUSED };
	struct folded to, from;
	int k = count <= RECORD_BASES_MAX ? fused_dimension(x, parts, count) : -1;
	uint64_t at = 0;

	if (k < 0 || !fold(x, (unsigned)k, &to))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (!fold(parts[i], (unsigned)k, &from) || from.length > to.length - at)
			return false;
		if (!parts[i]->inlined && !twice(&made, parts[i]))
			add_part(&made, &to, &from, (struct range){ at, 0, from.length },
			         parts[i]);
		at += from.length;
	}
	if (at != to.length || !made.basis.base_count)
		return false;
	*out = made;
	return true;
}
