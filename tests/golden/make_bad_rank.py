#!/usr/bin/python3
"""make_bad_rank.py: damaged records with a low-rank product."""
import struct

from bad_record import CODED, field, lie, main

TIGHT, ULP = 4, 4


def column(values, k=14):
    """4.7 of docs/format-record.md, as pairs of a number and how many bits it has."""
    out = [(k, 4)]
    for v in values:
        z = 2 * v if v >= 0 else -2 * v - 1
        ones = z >> k
        out += [(0xffff, 16), (z, 16)] if ones > 15 else \
            [((1 << ones) - 1, ones + 1), (z & (1 << k) - 1, k)]
    return out


def packed(columns):
    whole = at = 0
    for value, count in (pair for one in columns for pair in one):
        whole |= value << at
        at += count
    return whole.to_bytes((at + 7) // 8, "little")


def product(base, name):
    """spoil() gets the parameters, and changes them or returns others."""
    def add(spoil):
        def change(r):
            r.parts = bytearray(spoil(r.parts) or r.parts)
            r.parameters = len(r.parts)
        return lie(base, name)(change)
    return add


def number(base, name, at, size, value):
    def spoil(parameters):
        parameters[at:at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    product(base, name)(spoil)


number("rank-bf16", "row-of-no-values", 0, 8, 0)
number("rank-bf16", "row-that-does-not-divide", 0, 8, 69)
number("rank-bf16", "row-of-two", 0, 8, 140)
number("rank-bf16", "row-without-end", 0, 8, (1 << 64) - 1)
number("rank-bf16", "rank-of-none", 8, 1, 0)
number("rank-bf16", "rank-of-four", 8, 1, 4)
number("rank-bf16", "rank-of-six", 8, 1, 6)
number("rank-bf16", "rank-of-65", 8, 1, 65)
number("rank-bf16", "scale-too-small", 9, 1, -101)
number("rank-bf16", "scale-too-large", 9, 1, 61)
number("rank-bf16", "another-scale", 9, 1, -19)
number("rank-frames", "rows-that-frames-cut", 0, 8, 80)
field("rank-bf16", "no-parameters", parameters=0, parts=b"")
field("rank-bf16", "codec-bitx", codec=2)
field("rank-bf16", "no-base", bases=0, base_bytes=b"")
field("rank-bf16", "two-bases", bases=2, base_bytes=bytes(80))
field("rank-bf16", "base-dtype-of-bytes", base_dtype=0)
field("rank-bf16", "said-to-be-of-a-base-alone", prediction=1, base_dtype=0, parameters=0, parts=b"")
field("rank-bf16", "frames-within-a-row", frame_size=524288)


@product("rank-bf16", "parameters-cut-short")
def _(parameters):
    return parameters[:-1]


@product("rank-bf16", "a-byte-of-parameters-too-many")
def _(parameters):
    return parameters + b"\0"


@product("rank-bf16", "a-factor-of-another-value")
def _(parameters):
    parameters[40] ^= 16


@product("rank-exact", "rank-above-the-row")
def _(_):
    return struct.pack("<QBb6x", 32, 33, -20) + packed([column([], 15)] * 33)


@product("rank-exact", "a-factor-of-more-than-16-bits")
def _(_):
    return struct.pack("<QBb6x", 64, 1, -20) + \
        packed([column([1] * 63) + [((1 << 15) - 1, 16), ((1 << 14) - 1, 14)]])


def frame(base, name):
    """spoil() gets [left factors, mode, codec, remainder] of frame 0 and changes them; what
    it returns is put behind."""
    def add(spoil):
        def change(r):
            data = bytes(r.frames[0])
            end = 4 + struct.unpack_from("<I", data)[0]
            mode, codec, _ = struct.unpack_from("<BBI", data, end)
            found = [data[4:end], mode, codec, data[end + 6:]]
            tail = spoil(found) or b""
            left, mode, codec, rest = found
            r.frames[0] = bytearray(struct.pack("<I", len(left)) + left +
                                    struct.pack("<BBI", mode, codec, len(rest)) + rest + tail)
            r.restore_sizes()
        return lie(base, name)(change)
    return add


def part(base, name, at, value):
    """Another left factors (0), mode, codec or remainder (3); value() gets what is there."""
    def spoil(found):
        found[at] = value(found[at]) if callable(value) else value
    frame(base, name)(spoil)


part("rank-bf16", "left-factors-cut-short", 0, lambda b: b[:-1])
part("rank-bf16", "a-byte-of-left-factors-too-many", 0, lambda b: b + b"\0")
part("rank-bf16", "no-left-factors", 0, b"")
part("rank-bf16", "a-left-factor-of-another-value", 0, lambda b: b[:9] + bytes([b[9] ^ 4]) + b[10:])
part("rank-bf16", "all-left-factors-zero", 0, packed([column([], 15)] * 5))
part("rank-bf16", "remainder-of-an-unknown-mode", 1, 6)
part("rank-bf16", "remainder-said-to-be-coded", 1, CODED)
part("rank-bf16", "remainder-said-to-be-the-same", 1, 2)
part("rank-bf16", "remainder-without-codec", 2, 0)
part("rank-bf16", "remainder-of-bitx", 2, 2)
part("rank-bf16", "remainder-of-float", 2, 3)
part("rank-bf16", "remainder-cut-short", 3, lambda b: b[:-1])
part("rank-bf16", "no-remainder", 3, b"")


@frame("rank-exact", "a-byte-after-the-remainder")
def _(_):
    return b"\0"


@frame("rank-exact", "the-same-remainder-with-a-codec")
def _(found):
    found[2] = ULP


@lie("rank-bf16", "left-factors-without-end")
def _(r):
    r.frames[0][:4] = b"\xff" * 4


@lie("rank-bf16", "a-frame-of-three-bytes")
def _(r):
    del r.frames[0][3:]
    r.restore_sizes()


@lie("rank-bf16", "said-to-be-tight")
def _(r):
    r.table[0][1] = TIGHT


@lie("rank-bf16-even", "sums-of-more-than-31-bits")
def _(r):
    r.parts = bytearray(struct.pack("<QBb6x", 96, 2, -20) + packed([column([-32768] * 96)] * 2))
    r.parameters = len(r.parts)
    left = packed([column([-32768] * 30)] * 2)
    r.frames[0] = bytearray(struct.pack("<I", len(left)) + left + struct.pack("<BBI", 2, 0, 0))
    r.restore_sizes()


if __name__ == "__main__":
    main()
