"""docs/format-record.md, 3: the dtypes, and casts between the bits of their values."""
import struct

# 3. Dtypes: number -> name, unit, bytes of a number (w), rotated
DTYPES = {
    0: ("bytes", 1, 1, False), 1: ("BOOL", 1, 1, False), 2: ("U8", 1, 1, False),
    3: ("I8", 1, 1, False), 4: ("U16", 2, 2, False), 5: ("I16", 2, 2, False),
    6: ("U32", 4, 4, False), 7: ("I32", 4, 4, False), 8: ("U64", 8, 8, False),
    9: ("I64", 8, 8, False), 10: ("F16", 2, 2, True), 11: ("BF16", 2, 2, True),
    12: ("F32", 4, 4, True), 13: ("F64", 8, 8, True), 14: ("F8_E4M3", 1, 1, False),
    15: ("F8_E5M2", 1, 1, False), 16: ("F8_E8M0", 1, 1, False), 17: ("C64", 8, 4, True),
    18: ("F4", 1, 1, False), 19: ("F6_E2M3", 1, 1, False), 20: ("F6_E3M2", 1, 1, False),
    21: ("F8_E4M3FNUZ", 1, 1, False), 22: ("F8_E5M2FNUZ", 1, 1, False),
}
CASTABLE = ("BF16", "F16", "F32")


# Casts, between the bits of values.

def f32_of_f16(v):
    sign, exponent, mantissa = v >> 15 << 31, v >> 10 & 31, v & 1023
    if exponent == 31:
        return sign | 0x7f800000 | mantissa << 13
    return int.from_bytes(struct.pack("<f", *struct.unpack("<e", v.to_bytes(2, "little"))),
                          "little")


def is_nan(v):
    return v & 0x7fffffff > 0x7f800000


def bf16_of_f32(v):
    if is_nan(v):
        return 0x7fc0
    return (v + 0x7fff + (v >> 16 & 1)) >> 16       # to nearest, ties to even


def f16_of_f32(v):
    sign = v >> 31 << 15
    if is_nan(v):
        return sign | 0x7e00
    try:                                            # to nearest, ties to even
        half = struct.pack("<e", *struct.unpack("<f", v.to_bytes(4, "little")))
    except OverflowError:
        return sign | 0x7c00
    return int.from_bytes(half, "little")


TO_F32 = {"BF16": lambda v: v << 16, "F16": f32_of_f16, "F32": lambda v: v}
FROM_F32 = {"BF16": bf16_of_f32, "F16": f16_of_f32, "F32": lambda v: v}
