"""Prediction 5: parts of a blob predicted by parts of bases (docs/format-record.md, 2.3
and 4.4). A value is looked up one by one: slow, and without a doubt."""
from basics import Cursor, known, need
from ulp_float import decode_sparse

ROW, PART, MOST = 8, 56, 3          # bytes, bytes, parts
LIMIT = 1 << 60
RAW, CODED, SAME, FILL, TIGHT, SPARSE = range(6)   # modes of a half
TIGHT_CODECS = (3, 4)               # float, ulp


class Part:
    """first, rows, column, columns, value, stride, base."""


def read_parts(data, values, bases):
    """The row's length and the parts that `data` (the parameters) describes."""
    need(len(data) > ROW and (len(data) - ROW) % PART == 0, "the parameters are no parts")
    need((len(data) - ROW) // PART <= MOST, "too many parts")
    cursor = Cursor(data, "the parts")
    row, parts = cursor.number(8), []
    need(row > 0 and 0 < values <= LIMIT and values % row == 0,
         "rows that do not add up to the blob")
    while cursor.at < len(data):
        p = Part()
        p.first, p.rows, p.column, p.columns, p.value, p.stride = (
            cursor.number(8) for _ in range(6))
        p.base, reserved = cursor.number(1), cursor.take(7)
        known(reserved == bytes(7), "reserved bytes of a part")
        need(p.rows > 0 and p.first + p.rows <= values // row, "the rows of a part")
        need(p.columns > 0 and p.column + p.columns <= row, "the columns of a part")
        need(p.stride >= p.columns, "the stride of a part")
        p.end = p.value + (p.rows - 1) * p.stride + p.columns
        need(p.end <= LIMIT, "a part beyond all bases")
        need(p.base < bases, "the base of a part")
        for q in parts:
            need((q.first, q.column) < (p.first, p.column), "parts out of order")
            need(q.first + q.rows <= p.first or p.first + p.rows <= q.first or
                 q.column + q.columns <= p.column or p.column + p.columns <= q.column,
                 "parts that overlap")
        parts.append(p)
    need({p.base for p in parts} == set(range(bases)), "a base that predicts nothing")
    return row, parts


def source_of(row, parts, i):
    """What predicts value i of the blob: a base's number and a value in it; or None."""
    r, c = divmod(i, row)
    for p in parts:
        if p.first <= r < p.first + p.rows and p.column <= c < p.column + p.columns:
            return p.base, p.value + (r - p.first) * p.stride + (c - p.column)
    return None


def split(data, unit, sources):
    """The values that have a source, and those that have none."""
    halves = bytearray(), bytearray()
    for i, source in enumerate(sources):
        halves[source is None].extend(data[i * unit:(i + 1) * unit])
    return map(bytes, halves)


def join(first, second, unit, sources):
    out, at = bytearray(), [0, 0]
    for source in sources:
        half = source is None
        out += (first, second)[half][at[half]:at[half] + unit]
        at[half] += unit
    return bytes(out)


def decode_halves(stored, prediction, sources, dtype, own, solo, what):
    """A coded frame. `own` is the (number, decoder) of the record's codec; `solo` has the
    decoders by number of what may code the bare half."""
    unit, cursor = dtype[1], Cursor(stored, what)
    near, _ = split(prediction, unit, sources)
    bare = unit * sources.count(None)
    first = decode_half(cursor, len(near), near, dtype, dict([own]), what) if near else b""
    second = decode_half(cursor, bare, None, dtype, solo, what) if bare else b""
    need(cursor.at == len(stored), f"{what} has bytes after its halves")
    return join(first, second, unit, sources)


def decode_half(cursor, size, near, dtype, decoders, what):
    mode, codec, count = cursor.number(1), cursor.number(1), cursor.number(4)
    stored, what = cursor.take(count), f"a half of {what}"
    need(mode <= SPARSE, f"{what} has mode {mode}")
    need(codec in decoders if mode in (CODED, TIGHT) else codec == 0, f"{what} has codec {codec}")
    need(mode != TIGHT or codec in TIGHT_CODECS, f"{what} is tight by codec {codec}")
    if mode == RAW:
        need(count == size, f"{what} is raw and has {count} bytes")
        return stored
    if mode == SAME:
        need(near is not None and count == 0, f"{what} is the same as nothing, or has bytes")
        return near
    if mode == FILL:
        need(count == dtype[1], f"{what} is filled with {count} bytes")
        return stored * (size // count)
    need(1 <= count < size, f"{what} is coded in {count} bytes")
    if mode == SPARSE:
        need(near is not None, f"{what} differs from nothing")
        return decode_sparse(stored, size, dtype, near, what)
    return decoders[codec](stored, size, dtype, near, mode == TIGHT, what)
