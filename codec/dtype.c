#include "codec/dtype.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned bits;
} dtypes[DTYPE_COUNT] = {
	[DTYPE_BYTES] = { "BYTES", 8 },
	[DTYPE_BOOL] = { "BOOL", 8 },
	[DTYPE_U8] = { "U8", 8 },
	[DTYPE_I8] = { "I8", 8 },
	[DTYPE_U16] = { "U16", 16 },
	[DTYPE_I16] = { "I16", 16 },
	[DTYPE_U32] = { "U32", 32 },
	[DTYPE_I32] = { "I32", 32 },
	[DTYPE_U64] = { "U64", 64 },
	[DTYPE_I64] = { "I64", 64 },
	[DTYPE_F16] = { "F16", 16 },
	[DTYPE_BF16] = { "BF16", 16 },
	[DTYPE_F32] = { "F32", 32 },
	[DTYPE_F64] = { "F64", 64 },
	[DTYPE_F8_E4M3] = { "F8_E4M3", 8 },
	[DTYPE_F8_E5M2] = { "F8_E5M2", 8 },
	[DTYPE_F8_E8M0] = { "F8_E8M0", 8 },
	[DTYPE_C64] = { "C64", 64 },
	[DTYPE_F4] = { "F4", 4 },
	[DTYPE_F6_E2M3] = { "F6_E2M3", 6 },
	[DTYPE_F6_E3M2] = { "F6_E3M2", 6 },
	[DTYPE_F8_E4M3FNUZ] = { "F8_E4M3FNUZ", 8 },
	[DTYPE_F8_E5M2FNUZ] = { "F8_E5M2FNUZ", 8 },
};

const char *dtype_name(unsigned dtype)
{
	return dtype < DTYPE_COUNT ? dtypes[dtype].name : NULL;
}

int dtype_from_name(const char *name, size_t n)
{
	for (int i = 0; i < DTYPE_COUNT; i++)
		if (strlen(dtypes[i].name) == n && memcmp(dtypes[i].name, name, n) == 0)
			return i;
	return -1;
}

unsigned dtype_bits(enum dtype dtype)
{
	return dtypes[dtype].bits;
}

unsigned dtype_unit(enum dtype dtype)
{
	unsigned bits = dtype_bits(dtype);

	return bits < 8 ? 1 : bits / 8;
}
