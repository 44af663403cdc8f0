#!/usr/bin/python3
"""The rules of docs/format-ulp-float.md, as rules.py has those of the other documents.

    rules_codes.py good STORE     adds to a store
    rules_codes.py bad FOLDER     one store for each rule broken
    rules_codes.py flips STORE    a new store of one small object for each dtype; prints
                                  NAME, OID, FILE and OFFSET of bytes that all matter
"""
import os
import random
import struct
import sys
from functools import partial

from dtypes import DTYPES
from handmade import (FLOAT, TYPE, ULP, ZSTD, make_manifest, make_record, new_store, put, sha,
                      stored)
from handmade_codes import Writer, code_float, code_ulp, write_table
from rules import DAMAGE, NEWER, OPTIONAL, change, put_bad, put_object, put_solo
from ulp_float import EXPONENTS
from record import Record, predict_cast
from zllm_reader import blob_key, object_key


def tensor(seed, dtype, count):
    """Values around zero, some anywhere."""
    rng, unit = random.Random(seed), DTYPES[TYPE[dtype]][1]
    code = {"F16": "<e"}.get(dtype, "<f")
    return b"".join(rng.randbytes(unit) if rng.random() < 0.02
                    else struct.pack(code, rng.gauss(0, 0.05))[-unit:] for _ in range(count))


def tuned(seed, base, unit):
    """Most values a little further, some anywhere."""
    rng, out = random.Random(seed), bytearray(base)
    for at in range(0, len(out) - unit + 1, unit):
        out[at] ^= rng.choice((0, 0, 0, 1, 1, 3))
        if rng.random() < 0.05:
            out[at:at + unit] = rng.randbytes(unit)
    return bytes(out)


def solo(store, blob, dtype, frame_size, **options):
    code = partial(code_float, **options)
    put(store, blob_key(sha(blob).hexdigest()),
        make_record(blob, FLOAT, TYPE[dtype], frame_size, code=code))
    return stored(blob)


def delta(store, blob, base, dtype, frame_size, offset=0, near=None, base_dtype=0, **options):
    name = sha(base).hexdigest()[:32]
    put(store, blob_key(sha(blob).hexdigest(), [name]),
        make_record(blob, ULP, TYPE[dtype], frame_size, base, offset, near=near,
                    base_dtype=base_dtype, code=partial(code_ulp, **options)))
    return stored(blob, [name])


# ---------------------------------------------------------------- what is allowed

def many_classes(seed):
    rng = random.Random(seed)
    return [(rng.randrange(256), rng.randrange(4)) for _ in range(2 + seed % 7)]


def good_counts(store):
    """Frames of few and of many values, of 4 and of 64 lanes, with blocks cut short."""
    for seed, dtype in enumerate(EXPONENTS):
        unit = DTYPES[TYPE[dtype]][1]
        base = tensor(seed, dtype, 36000) + bytes(unit - 1)
        blob = tuned(seed, base, unit)
        extents = [solo(store, base, dtype, 16384 * unit)]
        for count in 700, 16383, 16384, 20033:
            part = blob[:count * unit + unit - 1]
            extents.append(delta(store, part, base, dtype, 20033 * unit, new=0.5))
        extents.append(delta(store, blob[2 * unit:], base, dtype, 12000 * unit, 2 * unit))
        extents.append(solo(store, blob, dtype, 18000 * unit))
        put_object(store, extents)


def good_contexts(store):
    """Classes, banks and tables as no writer makes them today."""
    for seed in range(8):
        dtype = list(EXPONENTS)[seed % 7]
        unit = DTYPES[TYPE[dtype]][1]
        base = tensor(90 + seed, dtype, 9000)
        extents = [put_solo(store, base, ZSTD, TYPE[dtype], 9000 * unit)]
        for chance in 0, 0.1, 1:
            blob = tuned(seed + chance, base, unit)
            extents.append(delta(store, blob, base, dtype, 6000 * unit, seed=seed,
                                 classes=many_classes(seed), new=chance, pad=1))
        put_object(store, extents)


def good_bases(store):
    """Bases that end early, and those of another dtype."""
    base, sixteen = tensor(80, "F32", 5000), tensor(81, "BF16", 5000)
    extents = [solo(store, base, "F32", 20000), solo(store, sixteen, "BF16", 10000)]
    longer = tuned(80, base, 4) + tensor(82, "F32", 999)
    extents.append(delta(store, longer, base, "F32", 7000, classes=[(100, 0), (90, 1)], new=1))
    for dtype, other in ("BF16", base), ("F32", sixteen), ("F16", base):
        r = Record()
        r.type, r.base = DTYPES[TYPE[dtype]], ("", 0)
        base_dtype = 12 if other is base else 11
        r.base_type = DTYPES[base_dtype]
        near = predict_cast(r, other, 0, 5000 * r.type[1])
        extents.append(delta(store, tuned(83, near, r.type[1]), other, dtype, 4000, near=near,
                             base_dtype=base_dtype))
    put_object(store, extents)


def good_shifts(store):
    """All shifts, filled up with ones instead of zeros; symbols that no value can have."""
    for dtype, shifts in ("BF16", range(5, 9)), ("F16", (7, 8)), ("F32", range(21, 25)):
        unit = DTYPES[TYPE[dtype]][1]
        put_object(store, [solo(store, tensor(70 + shift, dtype, 5001), dtype, 3000 * unit,
                                shift=shift, pad=shift % 2) for shift in shifts])
    put_object(store, [solo(store, small("F8_E5M2"), "F8_E5M2", 600, never=256),
                       solo(store, small("BF16"), "BF16", 900, never=128, shift=8)])


def good(store):
    good_counts(store)
    good_contexts(store)
    good_bases(store)
    good_shifts(store)


# ---------------------------------------------------------------- what is refused

def u32(change):
    """A part whose first number is changed."""
    return lambda part: struct.pack("<I", struct.unpack("<I", part[:4])[0] + change & 0xffffffff) \
        + part[4:]


def with_table(f, value, count):
    """A bit string of `count` bits and one table of the frequencies f."""
    bits = Writer()
    bits.number(value, count)
    write_table(bits, f)
    bits.number(0, 8)
    return {"bits": lambda _: bits.bytes()}


TABLES = [
    # Rule broken, frequencies in a table of ulp for BF16, and of float.
    ("a table of one symbol", [2048], [2048]),
    ("a table of more than 2048", [1500, 600], [1500, 600]),
    ("a frequency over 2048", [8000], [8000]),
    ("a table of less than 2048", [1] * 106, [1] * 1024),
    ("a table that goes beyond its symbols", [1500] + [0] * 105 + [548],
     [1500] + [0] * 1023 + [548]),
]
PARTS = [
    # Rule broken, what is changed.
    ("a state below 2^15", {"states": lambda p: struct.pack("<I", 32767) + p[4:]}),
    ("a state of 2^31", {"states": lambda p: struct.pack("<I", 1 << 31) + p[4:]}),
    ("a word too many", {"words": lambda p: p + b"\0\0"}),
    ("half a word too many", {"words": lambda p: p + b"\0"}),
    ("a word too few", {"words": lambda p: p[:-2]}),
    ("no words", {"words": lambda p: b""}),
    ("a state too few", {"states": lambda p: p[4:], "words": lambda p: b""}),
    ("a bit string that ends early",
     {"bits": lambda p: p[:4], "raw": lambda p: b"", "fields": lambda p: b"",
      "states": lambda p: b"", "words": lambda p: b""}),
]
RAW = [
    # Rule broken, dtype, what is changed.
    ("more nibbles than values", "BF16", u32(2000)),
    ("a nibble too many", "BF16", u32(1)),
    ("a nibble too few", "F16", u32(-1)),
    ("2^32 - 1 nibbles", "BF16", lambda p: b"\xff" * 4 + p[4:]),
    ("4 raw bits too many", "F32", lambda p: u32(4)(p) + b"\0"),
    ("a raw bit too many", "F32", lambda p: u32(1)(p) + b"\0"[:(p[0] & 7) == 0]),
    ("4 raw bits too few", "F32", lambda p: u32(-4)(p)[:4 + (p[0] + p[1] * 256 - 4 + 7) // 8]),
    ("more than 28 raw bits for each value", "F32",
     lambda p: struct.pack("<I", 28 * 1000 + 4) + p[4:] + bytes(3505 - len(p))),
    ("raw bits beyond the end", "F32", lambda p: b"\xff" * 4 + p[4:]),
]
FLOATS = [
    # Rule broken, dtype, options.
    ("a shift of 4 in BF16", "BF16", {"shift": 4}),
    ("a shift of 9 in BF16", "BF16", {"shift": 9}),
    ("a shift of 6 in F16", "F16", {"shift": 6}),
    ("a shift of 9 in F16", "F16", {"shift": 9}),
    ("a shift of 20 in F32", "F32", {"shift": 20}),
    ("a shift of 25 in F32", "F32", {"shift": 25}),
    ("a shift of 255", "BF16", {"patch": {"bits": lambda p: b"\xff" + p[1:]}}),
    ("a shift in F8", "F8_E4M3", {"patch": {"bits": lambda p: b"\1" + p[1:]}}),
    ("states that end elsewhere", "BF16", {"first": (1 << 15) + 1}),
]
BEYOND = [
    # What only the sum of the frame need show.
    ("a symbol beyond F8", "F8_E4M3", {"beyond": 256}),
    ("a symbol beyond F16", "F16", {"beyond": 256}),
    ("a symbol beyond BF16", "BF16", {"beyond": 128, "shift": 8}),
]


def bad_blobs(seed, dtype, count=1000):
    unit = DTYPES[TYPE[dtype]][1]
    base = tensor(seed, dtype, count)
    return tuned(seed, base, unit), base


def small(dtype, count=1000):
    """Values whose symbols are small, whatever the shift."""
    return bytes(i * 7 % 4 for i in range(DTYPES[TYPE[dtype]][1] * count))


def cases():
    """Rule, verdict, codec, dtype, options of the codec."""
    for rule, ulp, other in TABLES:
        patch = with_table(ulp, 100 << 3, 3 + 8 + 2 + 15)
        yield rule, DAMAGE, ULP, "BF16", {"patch": patch}
        yield rule, DAMAGE, FLOAT, "BF16", {"patch": with_table(other, 5, 8)}
    for rule, patch in PARTS:
        yield rule, DAMAGE, ULP, "BF16", {"patch": patch}
        yield rule, DAMAGE, FLOAT, "F32", {"patch": patch}
    for rule, dtype, raw in RAW:
        yield rule, DAMAGE, ULP, dtype, {"patch": {"raw": raw}}
    for rule, dtype, options in FLOATS:
        yield rule, DAMAGE, FLOAT, dtype, options
    for rule, dtype, options in BEYOND:
        yield rule, OPTIONAL, FLOAT, dtype, options
    yield "states that end elsewhere", DAMAGE, ULP, "F16", {"first": (1 << 15) + 1}


def bad(folder):
    for number, (rule, verdict, codec, dtype, options) in enumerate(cases()):
        name = f"k{number:02}"
        store, (blob, base) = new_store(f"{folder}/{name}"), bad_blobs(3, dtype)
        put_solo(store, base, ZSTD, TYPE[dtype], len(base))
        if codec == ULP:
            extent = delta(store, blob, base, dtype, len(blob), **options)
            put_bad(folder, name, [extent], verdict, f"ulp: {rule}")
        else:
            blob = small(dtype) if "shift" in options else blob
            extent = solo(store, blob, dtype, len(blob), **options)
            put_bad(folder, name, [extent], verdict, f"float: {rule}")
    bad_heads(folder)
    bad_ends(folder)


def bad_heads(folder):
    """Dtypes and predictions that the codecs do not go with."""
    blob, base = bad_blobs(4, "BF16")
    for number, (codec, dtype, near, verdict) in enumerate((
            (FLOAT, "I16", None, NEWER), (FLOAT, "F64", None, NEWER), (ULP, "U16", base, NEWER),
            (FLOAT, "BF16", base, DAMAGE), (ULP, "BF16", None, DAMAGE))):
        store = new_store(f"{folder}/h{number}")
        code = code_ulp if near else code_float
        frame = lambda data, _, prediction: code(data, TYPE["BF16"], prediction)
        bases = [sha(base).hexdigest()[:32]] if near else []
        put(store, blob_key(sha(blob).hexdigest(), bases),
            make_record(blob, codec, TYPE[dtype], 1000 * 2, near, code=frame))
        put_solo(store, base, ZSTD, TYPE["BF16"], 2000)
        put_bad(folder, f"h{number}", [stored(blob, bases)], verdict,
                f"record: codec {codec} of {dtype}, {len(bases)} bases")


def bad_ends(folder):
    """A last frame of no whole value, coded."""
    blob = tensor(5, "F32", 1000) + b"\0\1\2"
    store = new_store(f"{folder}/e0")
    put(store, blob_key(sha(blob).hexdigest()),
        make_record(blob, FLOAT, TYPE["F32"], 4000, code=code_float,
                    patch=change(1, mode=1, stored=b"\0\1")))
    put_bad(folder, "e0", [stored(blob)], DAMAGE, "float: a coded frame of no value")


# ---------------------------------------------------------------- flipped bits

def flips(store):
    """Blocks are full and nothing is left over, so that every bit matters."""
    new_store(store)
    for seed, dtype in enumerate(EXPONENTS):
        unit = DTYPES[TYPE[dtype]][1]
        blob, base = bad_blobs(40 + seed, dtype, 1024)
        for extent, name in (solo(store, base, dtype, len(base)), "float"), \
                (delta(store, blob, base, dtype, len(blob)), "ulp"):
            oid, manifest = make_manifest([extent])
            put(store, object_key(oid), manifest)
            key = blob_key(sha(extent["data"]).hexdigest(), [b.hex() for b in extent["bases"]])
            head, end = 96 + 40 * len(extent["bases"]), os.path.getsize(f"{store}/{key}")
            for at in head, head + 2, head + 5, head + 40, (head + end) // 2, end - 20, end - 1:
                print(f"{name}-{dtype}-{at - head}", oid, f"{store}/{key}", at)


if __name__ == "__main__":
    commands = {"good": good, "bad": bad, "flips": flips}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](sys.argv[2])
