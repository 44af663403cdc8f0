#!/usr/bin/python3
"""The rules of prediction 5 (docs/format-record.md, 2.3 and 4.4), one by one, for
test_reader.sh; as rules.py, whose words these are.

    rules_parts.py good STORE
    rules_parts.py bad FOLDER
"""
import random
import struct
import sys

from basics import sum_of, xor
from dtypes import DTYPES
from handmade import BITX, TYPE, ZSTD, coded, fill_of, new_store, put, sha, stored
from parts import read_parts, source_of, split
from rules import DAMAGE, NEWER, put_bad, put_object, put_solo
from record import Record, predict_parts
from zllm_reader import blob_key


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def parameters(row, parts):
    """`parts` are (base, first, rows, column, columns, value, stride)."""
    return struct.pack("<Q", row) + b"".join(
        struct.pack("<6QB7x", *part[1:], part[0]) for part in parts)


def half(values, near, dtype):
    unit, mode, codec, data = DTYPES[dtype][1], 0, 0, values
    packed = coded(xor(values, near) if near is not None else values, dtype)
    if values == near:
        mode, data = 2, b""
    elif fill_of(values, unit) is not None:
        mode, data = 3, fill_of(values, unit)
    elif len(packed) < len(values):
        mode, codec, data = 1, BITX if near is not None else ZSTD, packed
    return {"mode": mode, "codec": codec, "data": data}


def halves(frame, near, sources, dtype):
    first, second = split(frame, DTYPES[dtype][1], sources)
    predicted, _ = split(near, DTYPES[dtype][1], sources)
    return ([half(first, predicted, dtype)] if first else []) + \
        ([half(second, None, dtype)] if second else [])


def joined(both):
    return b"".join(struct.pack("<BBI", h["mode"], h["codec"], h.get("count", len(h["data"]))) +
                    h["data"] for h in both)


def predicted_by(dtype, base_dtype, bases, row, parts, values):
    """The prediction of so many values, and where each comes from."""
    r = Record()
    r.type, r.base_type = DTYPES[dtype], DTYPES[base_dtype] if base_dtype != dtype else None
    r.parts = read_parts(parameters(row, parts), values, len(bases))
    sources = [source_of(*r.parts, i) for i in range(values)]
    return predict_parts(r, bases, sources), sources


def make_parted(blob, bases, row, parts, dtype, base_dtype, frame_size, patch=None):
    """`patch` changes the head's fields and frame 0, which is a list of its halves."""
    unit = DTYPES[dtype][1]
    near, sources = predicted_by(dtype, base_dtype, bases, row, parts, len(blob) // unit)
    h = {"prediction": 5, "n": len(bases), "size": len(blob), "offset": 0,
         "base_dtype": base_dtype, "parameters": parameters(row, parts), "tail": b""}
    frames = [halves(blob[at:at + frame_size], near[at:at + frame_size],
                     sources[at // unit:(at + frame_size) // unit], dtype)
              for at in range(0, len(blob), frame_size)]
    if patch:
        patch(h, frames[0])
    head = struct.pack("<8sHBBBBHQII16sIB11x", b"ZLLMREC\0", 1, BITX, dtype, h["prediction"],
                       h["n"], 0, h["size"], frame_size, len(frames), sum_of(blob),
                       len(h["parameters"]), h["base_dtype"])
    head += b"".join(sha(base).digest() + struct.pack("<Q", h["offset"])
                     for base in (bases * 3)[:h["n"]])
    head += h["parameters"]
    body = b""
    for i, both in enumerate(frames):
        frame = blob[i * frame_size:(i + 1) * frame_size]
        data, mode = joined(both) + (h["tail"] if i == 0 else b""), 1
        if len(data) >= len(frame):
            data, mode = frame, 0
        head += struct.pack("<IB3x16s", len(data), mode, sum_of(frame))
        body += data
    return head + sum_of(head)[:8] + body


def near_to(near, sources, unit, seed):
    """Values near their predictions; bare ones few of many."""
    rng = random.Random(seed)
    out = bytearray(near)
    for i, source in enumerate(sources):
        if source is None:
            out[i * unit:(i + 1) * unit] = bytes(rng.choice((3, 5)) for _ in range(unit))
        elif rng.randrange(9) == 0:
            out[i * unit] ^= 1
    return bytes(out)


def put_parted(store, bases, row, parts, values, dtype="BF16", base_dtype=None, frame=400,
               patch=None, solid=True):
    """A blob of so many values, near to what its bases say."""
    numbers = TYPE[dtype], TYPE[base_dtype or dtype]
    near, sources = predicted_by(*numbers, bases, row, parts, values)
    blob = near_to(near, sources, DTYPES[numbers[0]][1], values) if solid else near
    ids = [sha(base).hexdigest()[:32] for base in bases]
    put(store, blob_key(sha(blob).hexdigest(), ids),
        make_parted(blob, bases, row, parts, *numbers, frame, patch))
    for base in bases:
        put_solo(store, base, ZSTD, numbers[1], 600)
    return stored(blob, ids)


def good(store):
    a, b, c = noise(1, 3000), noise(2, 1800), noise(3, 2400)
    put_object(store, [
        put_parted(store, [a], 2000, [(0, 0, 1, 0, 1500, 0, 1500)], 2000),       # grown
        put_parted(store, [a], 60, [(0, 0, 30, 0, 50, 0, 50)], 1800),            # longer rows
        put_parted(store, [a], 40, [(0, 0, 30, 0, 40, 10, 50)], 1200),           # shorter
        put_parted(store, [a], 1, [(0, 7, 90, 0, 1, 1321, 2)], 100),             # every second
        put_parted(store, [a], 40, [(0, 3, 9, 5, 30, 77, 140)], 640, frame=2),   # in the middle
        put_parted(store, [b], 900, [(0, 0, 1, 0, 900, 0, 1 << 59)], 900),       # a stride unused
        put_parted(store, [a, b, c], 3600, [(0, 0, 1, 0, 1500, 0, 1500),
                                            (1, 0, 1, 1500, 900, 0, 900),
                                            (2, 0, 1, 2400, 1200, 0, 1200)], 3600),
        put_parted(store, [a, b], 90, [(1, 0, 20, 0, 45, 0, 45),
                                       (0, 0, 20, 45, 45, 33, 50)], 1800, frame=1000),
        put_parted(store, [a], 10, [(0, 0, 5, 0, 5, 0, 5), (0, 0, 5, 5, 5, 25, 5),
                                    (0, 9, 1, 0, 10, 0, 10)], 100),              # one base
        put_parted(store, [a, a], 1800, [(1, 0, 1, 0, 900, 0, 900),
                                         (0, 0, 1, 900, 900, 0, 900)], 1800),    # one blob twice
        put_parted(store, [a], 30, [(0, 0, 20, 0, 25, 5, 30)], 600, "BF16", "F32"),
        put_parted(store, [a], 30, [(0, 0, 40, 0, 25, 5, 30)], 1200, "F32", "BF16"),
        put_parted(store, [a, b], 90, [(0, 0, 5, 0, 45, 0, 45), (1, 0, 5, 45, 45, 9, 45)],
                   450, "F16", "F32"),
        put_parted(store, [a], 60, [(0, 0, 30, 0, 50, 0, 50)], 1800, "U8"),
        put_parted(store, [a], 60, [(0, 0, 30, 0, 50, 0, 50)], 1800, solid=False),
        put_parted(store, [c], 60, [(0, 5, 2, 0, 50, 0, 50)], 600, "F32", frame=4)])


def field(name, value):
    return lambda h, both: h.update({name: value})


def part(row, *parts):
    return field("parameters", parameters(row, parts))


def change(number, **fields):
    return lambda h, both: both[number].update(fields)


GOOD = (0, 0, 20, 0, 40, 0, 40)
BROKEN = [
    # Rule broken, verdict, patch of a record of 20 rows of 50, of which a base has 40.
    ("prediction 7", NEWER, field("prediction", 7)),
    ("an offset", DAMAGE, field("offset", 2)),
    ("no base", DAMAGE, field("n", 0)),
    ("a base without a part", DAMAGE, field("n", 2)),
    ("a size within a value", DAMAGE, field("size", 1999)),
    ("a base of another dtype", DAMAGE, field("base_dtype", TYPE["U8"])),
    ("no parts", DAMAGE, part(50)),
    ("four parts", DAMAGE, part(50, *[(0, i, 1, 0, 40, 0, 40) for i in range(4)])),
    ("half a part", DAMAGE, field("parameters", parameters(50, [GOOD])[:-8])),
    ("reserved bytes of a part", NEWER, field("parameters", parameters(50, [GOOD])[:-1] + b"\1")),
    ("a row of no values", DAMAGE, part(0, GOOD)),
    ("rows that do not divide", DAMAGE, part(49, GOOD)),
    ("no rows", DAMAGE, part(50, (0, 0, 0, 0, 40, 0, 40))),
    ("a row too many", DAMAGE, part(50, (0, 1, 20, 0, 40, 0, 40))),
    ("no columns", DAMAGE, part(50, (0, 0, 20, 0, 0, 0, 40))),
    ("a column too many", DAMAGE, part(50, (0, 0, 20, 11, 40, 0, 40))),
    ("rows that overflow", DAMAGE, part(50, (0, (1 << 64) - 1, 2, 0, 40, 0, 40))),
    ("columns that overflow", DAMAGE, part(50, (0, 0, 20, (1 << 64) - 1, 2, 0, 40))),
    ("a stride that is short", DAMAGE, part(50, (0, 0, 20, 0, 40, 0, 39))),
    ("a stride that overflows", DAMAGE, part(50, (0, 0, 20, 0, 40, 0, (1 << 63) + 1))),
    ("a place that overflows", DAMAGE, part(50, (0, 0, 20, 0, 40, (1 << 64) - 40, 40))),
    ("a part over 2^60", DAMAGE, part(50, (0, 0, 20, 0, 40, 1 << 60, 40))),
    ("a base that is short", DAMAGE, part(50, (0, 0, 20, 0, 40, 1, 40))),
    ("base number 1 of 1", DAMAGE, part(50, (1, 0, 20, 0, 40, 0, 40))),
    ("parts that overlap", DAMAGE, part(50, (0, 0, 10, 0, 40, 0, 40), (0, 9, 11, 0, 40, 0, 40))),
    ("parts out of order", DAMAGE, part(50, (0, 9, 11, 0, 40, 0, 40), (0, 0, 9, 0, 40, 0, 40))),
    ("bytes after the halves", DAMAGE, field("tail", b"\0")),
    ("a half too few", DAMAGE, lambda h, both: both.pop()),
    ("a half of mode 4", DAMAGE, change(1, mode=4)),
    ("a bare half that is the same", DAMAGE, change(1, mode=2, codec=0, data=b"")),
    ("a bare half of bitx", DAMAGE, change(1, codec=BITX)),
    ("a predicted half of zstd", DAMAGE, change(0, codec=ZSTD)),
    ("a raw half with a codec", DAMAGE, change(1, mode=0)),
    ("a half beyond the frame", DAMAGE, change(1, count=(1 << 32) - 1)),
    ("a half of no bytes", DAMAGE, change(0, data=b"")),
]


def bad(folder):
    base = noise(9, 1600)
    for number, (rule, verdict, patch) in enumerate(BROKEN):
        name = f"p{number:02}"
        extent = put_parted(new_store(f"{folder}/{name}"), [base], 50, [GOOD], 1000,
                            patch=patch)
        put_bad(folder, name, [extent], verdict, f"parts: {rule}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("good", "bad"):
        sys.exit(__doc__)
    {"good": good, "bad": bad}[sys.argv[1]](sys.argv[2])
