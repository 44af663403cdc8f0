#include "codec/record_basis.h"

#include "codec/cast.h"

const char *record_basis_fault(const struct record_basis *b, enum dtype dtype,
                               uint64_t size)
{
	unsigned unit = dtype_unit(dtype);
	enum dtype from = b->bases[0].dtype;

	if (from != dtype && !cast_exists(from, dtype))
		return "its base has a dtype that cannot predict it";
	for (unsigned i = 1; i < b->base_count; i++)
		if (b->bases[i].dtype != b->bases[0].dtype)
			return "its bases are of several dtypes";
	if (!b->parts.count)
		return b->base_count == 1 ? NULL : "it has several bases and no parts";
	if (b->base_count == 0 || b->base_count > RECORD_BASES_MAX || size % unit != 0)
		return "its size or its bases do not allow parts";
	for (unsigned i = 0; i < b->base_count; i++)
		if (b->bases[i].offset != 0)
			return "it has parts and an offset";
	return parts_fault(&b->parts, size / unit, b->base_count);
}

bool record_basis_equal(const struct record_basis *a, const struct record_basis *b)
{
	if (a->base_count != b->base_count)
		return false;
	for (unsigned i = 0; i < a->base_count; i++)
		if (!oid_equal(&a->bases[i].id, &b->bases[i].id) ||
		    a->bases[i].offset != b->bases[i].offset ||
		    a->bases[i].dtype != b->bases[i].dtype)
			return false;
	return parts_equal(&a->parts, &b->parts);
}
