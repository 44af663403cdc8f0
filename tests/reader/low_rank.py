"""Prediction 2: a base plus a low-rank product (docs/format-record.md, 2.7, 4.6 and 4.7). A
value is made one by one: slow, and without a doubt."""
import struct

from basics import Cursor, known, need
from parts import decode_half

LIMIT = 1 << 18                     # values of a row, and of a frame
ALL_ZERO, ONES, PLAIN = 15, 16, 16
DTYPES = ("BF16", "F16", "F32")


class Bits:
    """Bits of a byte string, lowest first; none after the end."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def take(self, count):
        need(self.at + count <= 8 * len(self.data), f"{self.what} ends early")
        value = 0
        for i in range(count):
            value |= (self.data[(self.at + i) // 8] >> (self.at + i) % 8 & 1) << i
        self.at += count
        return value

    def end(self):
        need(self.at > 8 * len(self.data) - 8, f"{self.what} has bytes left over")


def read_column(bits, count):
    """4.7"""
    k = bits.take(4)
    if k == ALL_ZERO:
        return [0] * count
    out = []
    for _ in range(count):
        ones = 0
        while ones < ONES and bits.take(1):
            ones += 1
        z = bits.take(PLAIN) if ones == ONES else (ones << k) + bits.take(k)
        need(z < 1 << 16, f"{bits.what} has an integer of more than 16 bits")
        out.append(-(z + 1) // 2 if z % 2 else z // 2)
    return out


class Product:
    """row, rank, scale, right[component][column]."""


def read_product(data, dtype, size, frame):
    """The product that `data` (the parameters) describes, of a blob of so many bytes."""
    cursor, p = Cursor(data, "the product"), Product()
    p.row, p.rank = cursor.number(8), cursor.number(1)
    p.scale = struct.unpack("<b", cursor.take(1))[0]
    reserved = cursor.take(6)
    need(1 <= p.row <= LIMIT and 1 <= p.rank <= min(64, p.row), "a product of such a shape")
    need(-100 <= p.scale <= 60, f"a product in units of 2^{p.scale}")
    known(reserved == bytes(6), "reserved bytes of a product")
    bits = Bits(data[16:], "the right factors")
    p.right = [read_column(bits, p.row) for _ in range(p.rank)]
    bits.end()
    need(dtype[0] in DTYPES, f"a product in {dtype[0]}")
    width = p.row * dtype[1]
    need(size > 0 and size % width == 0 and frame % width == 0, "rows that do not add up")
    need(frame // dtype[1] <= LIMIT, "frames that are too large for a product")
    return p


def f32(value):
    """The nearest F32 of a number that a double has exactly, as bits."""
    try:
        return int.from_bytes(struct.pack("<f", value), "little")
    except OverflowError:
        return 0xff800000 if value < 0 else 0x7f800000


def number(bits):
    return struct.unpack("<f", bits.to_bytes(4, "little"))[0]


def add(base, d, scale, widen, narrow):
    """2.7. Two F32 added as doubles and rounded again are rounded right: 53 bits are more
    than twice 24."""
    wide = widen(base)
    if d == 0 or wide & 0x7f800000 == 0x7f800000:
        return base
    return narrow(f32(number(wide) + number(f32(d)) * 2.0 ** scale))


def predict(p, left, base, dtype, widen, narrow):
    """`left` has a list for each component."""
    unit, out = dtype[1], bytearray()
    for r in range(len(left[0])):
        for c in range(p.row):
            at = (r * p.row + c) * unit
            d = sum(a[r] * b[c] for a, b in zip(left, p.right))
            value = int.from_bytes(base[at:at + unit], "little")
            out += add(value, d, p.scale, widen, narrow).to_bytes(unit, "little")
    return bytes(out)


def decode_product(stored, p, base, dtype, casts, own, what):
    """A coded frame. `own` is the (number, decoder) of the record's codec."""
    cursor = Cursor(stored, what)
    bits = Bits(cursor.take(cursor.number(4)), f"the left factors of {what}")
    rows = len(base) // dtype[1] // p.row
    left = [read_column(bits, rows) for _ in range(p.rank)]
    bits.end()
    need(sum(max(map(abs, a)) * max(map(abs, b)) for a, b in zip(left, p.right)) < 1 << 31,
         f"{what} has a sum of more than 31 bits")
    near = predict(p, left, base, dtype, *casts)
    frame = decode_half(cursor, len(base), near, dtype, dict([own]), what)
    need(cursor.at == len(stored), f"{what} has bytes after its remainder")
    return frame
