#!/usr/bin/python3
"""The rules of the documents, one by one, for test_reader.sh.

    rules.py good STORE     what the documents allow, though git-zllm writes little of it;
                            prints OID and SIZE of each object
    rules.py bad FOLDER     one store for each rule broken; prints for each its name, the
                            oid to ask for, the verdict, and the rule

Verdicts: `damage` and `newer` are what every reader owes; `refused` is either of them;
`optional` is damage in a sum that only the one who reads a whole blob compares.
"""
import os
import random
import struct
import sys

from dtypes import DTYPES
from handmade import (BITX, RAW, TYPE, ZSTD, inline, make_manifest, make_record, new_store, pack,
                      plane, put, sha, stored)
from record import Record, predict_cast
from zllm_reader import blob_key, object_key

DAMAGE, NEWER, REFUSED, OPTIONAL = "damage", "newer", "refused", "optional"


# ---------------------------------------------------------------- what is allowed

def text(seed, size, step=1):
    """Bytes that pack well in planes of `step`, and are not constant."""
    rng = random.Random(seed)
    return bytes(rng.choice((3, 5)) if i % step == 0 else i % step for i in range(size))


def put_object(store, extents, **other):
    oid, manifest = make_manifest(extents, **other)
    put(store, object_key(oid), manifest)
    print(oid, sum(len(e["data"]) for e in extents))


def put_solo(store, blob, codec, dtype, frame_size):
    put(store, blob_key(sha(blob).hexdigest()), make_record(blob, codec, dtype, frame_size))
    return stored(blob)


def put_delta(store, blob, base, dtype, frame_size, offset=0):
    near = sha(base).hexdigest()[:32]
    put(store, blob_key(sha(blob).hexdigest(), [near]),
        make_record(blob, BITX, dtype, frame_size, base, offset))
    return stored(blob, [near])


def put_chain(store, seed, deltas, named):
    """So many deltas on one another, under their own names or those of solo records."""
    blobs = [text(seed + i, 900) for i in range(deltas + 1)]
    put_solo(store, blobs[-1], ZSTD, 0, 400)
    for blob, base in zip(blobs, blobs[1:]):
        name = [sha(base).hexdigest()[:32]] if named else []
        put(store, blob_key(sha(blob).hexdigest(), name), make_record(blob, BITX, 0, 400, base))
    return [stored(blobs[0])]


def good_dtypes(store):
    """Every dtype, solo and delta: odd frames, blobs that end within a number."""
    for number, (_, u, *_) in DTYPES.items():
        base = text(number, 1303 * u + 3 * u // 4, u)
        blob = bytearray(base) + b"\7" * 41
        blob[5 * u] ^= 1
        blob[450 * u:850 * u] = b"\0\x80" * (200 * u)
        head = struct.pack("<Q", number) * 3
        put_object(store, [
            inline(head), put_solo(store, base, ZSTD, number, 401 * u),
            put_delta(store, bytes(blob), base, number, 400 * u),
            put_delta(store, bytes(blob[u:]), base, number, 150 * u, u),
            put_delta(store, base[7:-9], base, number, 500 * u, 7),       # all the same
            put_delta(store, bytes(blob[:90 * u]), base, number, 64 * u, len(base) - 20),
            put_delta(store, bytes(blob[:91 * u]), base, number, 64 * u,
                      (1 << 64) - 1 - 2 * 91 * u),
        ], packing=number % 2)


def put_cast(store, blob_of, base, base_dtype, dtype, offset=0, extra=b""):
    """A delta against a base of another dtype; `blob_of` changes the prediction."""
    r = Record()
    r.type, r.base_type, r.base = DTYPES[dtype], DTYPES[base_dtype], ("", offset)
    values = len(base) // r.base_type[1] + 9
    near = predict_cast(r, base, 0, values * r.type[1]) + bytes(len(extra))
    blob = blob_of(near[:len(near) - len(extra)]) + extra
    name = sha(base).hexdigest()[:32]
    put(store, blob_key(sha(blob).hexdigest(), [name]),
        make_record(blob, BITX, dtype, 24000, base, offset, near=near, base_dtype=base_dtype))
    return stored(blob, [name])


def castable(dtype):
    """Every 16-bit value, or 32-bit values around all that rounding can meet."""
    if dtype != "F32":
        return b"".join(struct.pack("<H", v) for v in range(65536))
    rng = random.Random(12)
    low = [0, 1, 0x7fff, 0x8000, 0x8001, 0xfff, 0x1000, 0x1001, 0x3000, 0xffff]
    words = [v << 16 | rng.choice(low) for v in range(65536)]
    return struct.pack("<65536I", *words)


def nudged(near):
    return bytes(b ^ (i % 97 == 0) for i, b in enumerate(near))


def good_casts(store):
    """Bases of another float dtype: all their values, at odd places, cut short."""
    for base_dtype in "BF16", "F16", "F32":
        base = castable(base_dtype)
        extents = [put_solo(store, base, ZSTD, TYPE[base_dtype], 1 << 20)]
        short = base[70001:70001 + 9003]
        extents.append(put_solo(store, short, ZSTD, TYPE[base_dtype], 1 << 20))
        for dtype in {"BF16", "F16", "F32"} - {base_dtype}:
            numbers = TYPE[base_dtype], TYPE[dtype]
            extents.append(put_cast(store, nudged, base, *numbers))
            extents.append(put_cast(store, bytes, short, *numbers))
            extents.append(put_cast(store, nudged, short, *numbers, 3, b"\1"))
        put_object(store, extents)


def good_frames(store):
    """Codec raw, frames of one byte, the largest frames, frames of fills."""
    noise = random.Random(5).randbytes(3001)
    put_object(store, [put_solo(store, noise, RAW, 0, 1000)])
    put_object(store, [put_solo(store, noise[:300], ZSTD, 0, 1), inline(b"x")], packing=1)
    put_object(store, [put_solo(store, text(50, (2 << 20) + 9), ZSTD, 0, 2 << 20)])
    put_object(store, [put_solo(store, b"\1\2\3\4" * 3000, RAW, TYPE["F32"], 4096)])


def many_tensors(count, head=b"h"):
    """So many, empty ones, behind eight times 64 KiB that are not their header."""
    return [inline(head, kind=1), inline(bytes(8 << 16), kind=3)] + [inline(b"", kind=2)] * count


def good_extents(store):
    """No extent at all; all kinds; a name of many bytes; 16 dimensions; notes."""
    put_object(store, [], packing=1, notes=())
    put_object(store, [
        inline(b"head", kind=1), inline(b"", kind=2, name=b"\xff" * 65535, shape=[0] * 16),
        put_solo(store, text(51, 100), ZSTD, 0, 100) | {"kind": 2, "name": b"t", "shape": [9]},
        inline(b"gap", kind=3), inline(b"", kind=2, dtype=22)],
        patch={"model": 1}, notes=[(b"key%d" % i, b"") for i in range(64)])
    put_object(store, many_tensors(1024, b"a"), patch={"model": 1})
    put_object(store, many_tensors(1024 + 8, b"b"), patch={"model": 1, "version": 2})
    # A model of a format that nobody knows yet.
    put_object(store, [inline(b"head", kind=1), inline(b"1234", kind=2, name=b"w", dtype=12)],
               patch={"model": 1}, notes=[(b"format", b"next year's")])


def good_oddities(store):
    """What no writer leaves, and a reader takes all the same."""
    # Three deltas on one another, and names that do not go with their heads.
    put_object(store, put_chain(store, 54, 3, named=True))
    put_object(store, put_chain(store, 64, 3, named=False))
    lone = text(74, 900)
    put(store, blob_key(sha(lone).hexdigest(), ["1" * 32, "2" * 32]),
        make_record(lone, ZSTD, 0, 400))
    put_object(store, [stored(lone)])

    # Trials by codecs that nobody knows.
    trials = {"flags": 7 << 3, "trials": struct.pack("<BH", 255, 65535) * 7}
    put_object(store, [put_solo(store, text(56, 300), ZSTD, 0, 200) | trials])

    # Findings that make no sense, and none at all.
    for n, finding in enumerate((b"", b"\xff", b"\xff" * 300)):
        noted = {"flags": 64, "finding": struct.pack("<H", len(finding)) + finding}
        put_object(store, [put_solo(store, text(80 + n, 300), ZSTD, 0, 200) | noted])

    # Manifests that remember another record than the store has.
    moved = put_solo(store, text(52, 500), ZSTD, 0, 200)
    put_object(store, [stored(moved["data"], ["0" * 32])])
    base = text(53, 600)
    put_solo(store, base, ZSTD, 0, 200)
    put_object(store, [put_delta(store, base + b"more", base, 0, 256) | {"flags": 0, "bases": []}])


def good(store):
    new_store(store, {"later": [1], "format": 1, "id": "a" * 32})
    good_dtypes(store)
    good_casts(store)
    good_frames(store)
    good_extents(store)
    good_oddities(store)


# ---------------------------------------------------------------- what is refused

def change(frame, **fields):
    """A patch of one frame."""
    return lambda h, frames: frames[frame].update(fields)


def replane(kind, data, count=None):
    """Frame 0 with this as its one plane."""
    body = bytes([kind]) + struct.pack("<I", len(data) if count is None else count) + data
    return change(0, stored=body)


# In frames of 400: coded, coded, fill, coded.
BLOB = text(60, 800) + b"\7" * 400 + text(61, 333)
PART = BLOB[:400]
SKIPPABLE = b"\x50\x2a\x4d\x18\0\0\0\0"
RECORDS = [
    # Rule broken, verdict, patch of a solo record of zstd and bytes.
    ("magic", DAMAGE, {"magic": b"ZLLMREX\0"}),
    ("version 0", DAMAGE, {"version": 0}),
    ("version 2", NEWER, {"version": 2}),
    ("codec 200", NEWER, {"codec": 200}),
    ("codec of a delta", DAMAGE, {"codec": BITX}),
    ("codec raw, coded frames", DAMAGE, {"codec": RAW}),
    ("dtype 23", NEWER, {"dtype": 23}),
    ("dtype whose unit the frame size is no multiple of", DAMAGE,
     {"dtype": TYPE["F64"], "frame_size": 404}),
    ("prediction 3", NEWER, {"prediction": 3}),
    ("prediction 6", NEWER, {"prediction": 6}),
    ("a dtype of the base without a cast", DAMAGE, {"reserved": b"\x0c" + bytes(11)}),
    ("prediction without base", DAMAGE, {"prediction": 1, "codec": BITX}),
    ("base without prediction", DAMAGE, {"n": 1}),
    ("4 bases", DAMAGE, {"n": 4, "prediction": 3}),
    ("flags", NEWER, {"flags": 1}),
    ("size", DAMAGE, {"size": len(BLOB) - 1}),
    ("frames of 0 bytes", DAMAGE, {"frame_size": 0}),
    ("frames over 2 MiB", DAMAGE, {"frame_size": 2097153, "f": 1}),
    ("count of frames", DAMAGE, {"frame_size": 500}),
    ("sum of the blob", OPTIONAL, {"sum": bytes(16)}),
    ("parameters", NEWER, {"p": 4, "parameters": b"1234"}),
    ("parameters over 64 MiB", DAMAGE, {"p": (64 << 20) + 1}),
    ("reserved bytes of the head", NEWER, {"reserved": b"\0" * 11 + b"\1"}),
    ("sum of the head", DAMAGE, {"head_sum": bytes(8)}),
    ("mode 6", NEWER, change(1, mode=6)),
    ("mode tight of another codec", DAMAGE, change(1, mode=4)),
    ("mode sparse without a base", DAMAGE, change(1, mode=5)),
    ("mode same without a base", DAMAGE, change(2, mode=2, stored=b"")),
    ("reserved bytes of a frame", NEWER, change(1, reserved=b"\0\0\1")),
    ("sum of a frame", DAMAGE, change(1, sum=bytes(16))),
    ("a raw frame that is short", DAMAGE, change(0, mode=0, stored=PART[1:])),
    ("a coded frame of no bytes", DAMAGE, change(0, stored=b"")),
    ("a coded frame as long as decoded", DAMAGE, change(0, stored=bytes(400))),
    ("a fill of two units", DAMAGE, change(2, stored=b"\7\7")),
    ("a fill of nothing", DAMAGE, change(2, stored=b"")),
    ("stored bytes beyond the end", DAMAGE, change(3, count=399)),
    ("a plane of kind 3", DAMAGE, replane(3, b"\3")),
    ("a constant of two bytes", DAMAGE, replane(2, b"\3\3")),
    ("a raw plane that is short", DAMAGE, replane(0, PART[:390])),
    ("a plane beyond the frame", DAMAGE, replane(1, pack(PART), 399)),
    ("a plane of 2^32 - 1 bytes", DAMAGE, replane(1, pack(PART), 0xffffffff)),
    ("bytes after the planes", DAMAGE,
     change(0, stored=plane(PART) + b"\0")),
    ("a zstd plane that is short", DAMAGE, replane(1, pack(PART[:-1]))),
    ("a zstd plane that is long", DAMAGE, replane(1, pack(PART + b"\3"))),
    ("two zstd frames in a plane", DAMAGE, replane(1, pack(PART[:200]) + pack(PART[200:]))),
    ("a skippable frame before", DAMAGE, replane(1, SKIPPABLE + pack(PART))),
    ("a skippable frame after", DAMAGE, replane(1, pack(PART) + SKIPPABLE)),
    ("bytes after a zstd frame", DAMAGE, replane(1, pack(PART) + b"\0")),
    ("a zstd frame with a wrong checksum", DAMAGE,
     replane(1, pack(PART, write_checksum=1)[:-1] + b"?")),
    ("a zstd frame cut off", DAMAGE, replane(1, pack(PART)[:-1])),
]
E0 = inline(b"some bytes")
MANIFESTS = [
    # Rule broken, verdict, extents, what else.
    ("magic", DAMAGE, [E0], {"patch": {"magic": b"ZLLMMAX\0"}}),
    ("version 0", DAMAGE, [E0], {"patch": {"version": 0}}),
    ("version 3", NEWER, [E0], {"patch": {"version": 3}}),
    ("more tensors than version 1 allows", DAMAGE, many_tensors(1024 + 8),
     {"patch": {"model": 1}}),
    ("more tensors than version 2 allows", DAMAGE, many_tensors(1024 + 9),
     {"patch": {"model": 1, "version": 2}}),
    ("model 2", NEWER, [E0], {"patch": {"model": 2}}),
    ("packing 2", NEWER, [E0], {"patch": {"packing": 2}}),
    ("flags", NEWER, [E0], {"patch": {"flags": 1}}),
    ("oid", DAMAGE, [E0], {"patch": {"oid": bytes(32)}}),
    ("size of the object", DAMAGE, [E0], {"patch": {"size": 11}}),
    ("size of the body", DAMAGE, [E0], {"patch": {"body": 11}}),
    ("size of the packed body", DAMAGE, [E0], {"packing": 1, "patch": {"body": 11}}),
    ("a body over 1 GiB", DAMAGE, [E0], {"patch": {"body": (1 << 30) + 1}}),
    ("count of notes", DAMAGE, [E0], {"patch": {"notes": 2}}),
    ("65 notes", DAMAGE, [E0], {"notes": [(b"k", b"v")] * 65}),
    ("count of extents", REFUSED, [E0], {"patch": {"extents": 2}}),
    ("too many extents", DAMAGE, [E0], {"patch": {"extents": 0xffffffff}}),
    ("size of the inline bytes", DAMAGE, [E0], {"patch": {"inline": 9}}),
    ("bytes left over", DAMAGE, [E0], {"tail": b"\0"}),
    ("checksum", DAMAGE, [E0], {"patch": {"checksum": bytes(16)}}),
    ("a body that is no zstd frame", DAMAGE, [E0], {"packing": 1, "patch": {"packed": b"12345"}}),
    ("a body that unpacks to too much", DAMAGE, [inline(bytes(4 << 20))], {"packing": 1}),
    ("a note without a key", DAMAGE, [E0], {"notes": [(b"", b"v")]}),
    ("a NUL in a note's key", DAMAGE, [E0], {"notes": [(b"k\0", b"v")]}),
    ("a NUL in a note", DAMAGE, [E0], {"notes": [(b"k", b"v\0")]}),
    ("a NUL in a name", DAMAGE, [inline(b"xyz", kind=2, name=b"a\0")], {}),
    ("kind 4", NEWER, [inline(b"xyz", kind=4)], {}),
    ("dtype 23", NEWER, [inline(b"xyz", kind=2, dtype=23)], {}),
    ("flag 128", NEWER, [inline(b"xyz", flags=129)], {}),
    ("an inline extent with a finding", DAMAGE, [inline(b"xyz", flags=65)], {}),
    ("an inline extent with a trial", DAMAGE, [inline(b"xyz", flags=9)], {}),
    ("17 dimensions", DAMAGE, [inline(b"xyz", kind=2, shape=[1] * 17)], {}),
    ("an inline extent with a base", DAMAGE, [inline(b"xyz", flags=3, bases=[bytes(16)])], {}),
    ("a chunk with a dtype", DAMAGE, [inline(b"xyz", dtype=2)], {}),
    ("a header with dimensions", DAMAGE, [inline(b"xyz", kind=1, shape=[3])], {}),
    ("a gap with a name", DAMAGE, [inline(b"xyz", kind=3, name=b"n")], {}),
    ("an empty chunk", DAMAGE, [E0, inline(b"")], {}),
    ("an empty extent with a record", DAMAGE, [E0, stored(b"", kind=2)], {}),
    ("sizes that overflow", DAMAGE, [E0, stored(b"a", size=(1 << 64) - 10),
                                     stored(b"b", size=11)], {}),
    ("a blob of another size", DAMAGE, [stored(BLOB, size=9)], {"patch": {"size": 9}}),
    ("a blob of another sum", OPTIONAL, [stored(BLOB, sum=bytes(16))], {}),
    ("an extent of another object", DAMAGE, [stored(BLOB), E0], {"patch": {"oid": bytes(32)}}),
    ("a record that is missing", DAMAGE, [stored(b"never put")], {}),
]
CARDS = [
    # Rule broken, verdict, zllm.json.
    ("format 2", NEWER, {"format": 2, "id": "a" * 32}),
    ("format 0", DAMAGE, {"format": 0, "id": "a" * 32}),
    ("no format", DAMAGE, {"id": "a" * 32}),
    ("no id", DAMAGE, {"format": 1}),
    ("an id in upper case", DAMAGE, {"format": 1, "id": "A" * 32}),
    ("no object", DAMAGE, [1]),
]


def bad_record(folder, name, rule, verdict, record, base, as_delta):
    """A store of one object, whose one blob has this record."""
    store = new_store(f"{folder}/{name}")
    bases = [sha(base).hexdigest()[:32]] if as_delta else []
    put(store, blob_key(sha(BLOB).hexdigest(), bases), record)
    if base is not None:
        put_solo(store, base, ZSTD, 0, 400)
    put_bad(folder, name, [stored(BLOB, bases)], verdict, f"record: {rule}")


def bad_deltas():
    base = text(70, 900)
    make = lambda patch=None, **k: make_record(BLOB, BITX, 0, 400, base, patch=patch, **k)
    yield "same, with bytes", DAMAGE, make(change(1, mode=2, stored=b"1")), base, True
    yield "same, and is not", DAMAGE, make(change(1, mode=2, stored=b"")), base, True
    yield "two bases", DAMAGE, make({"n": 2}), base, True
    yield "offset out of range", DAMAGE, make({"offset": (1 << 64) - 2 * len(BLOB)}), base, True
    yield "the base is missing", DAMAGE, make(), None, False
    for base_dtype, dtype, verdict in (11, 11, DAMAGE), (13, 11, DAMAGE), (11, 13, DAMAGE), \
            (0, 11, DAMAGE), (23, 11, NEWER), (11, 0, DAMAGE):
        cast = {"prediction": 4, "dtype": dtype, "reserved": bytes([base_dtype]) + bytes(11)}
        yield f"a cast from dtype {base_dtype} to {dtype}", verdict, make(cast), base, True
    other = text(71, 900)
    yield "another base than the name says", DAMAGE, make(), other, True
    yield "bytes after the frames", DAMAGE, make(tail=b"\0"), base, True
    fills = make_record(BLOB[:800] + b"\7" * 10, ZSTD, TYPE["F64"], 400)
    yield "another blob than the name says", DAMAGE, fills, None, False
    ends = make_record(BLOB, ZSTD, TYPE["F32"], 400)
    yield "whole, cut off", DAMAGE, ends[:-1], None, False
    yield "head cut off", DAMAGE, ends[:80], None, False
    yield "fixed part cut off", DAMAGE, ends[:40], None, False
    yield "no bytes", DAMAGE, b"", None, False


def put_bad(folder, name, extents, verdict, rule, **other):
    """The manifest that completes a store with something wrong in it."""
    oid, manifest = make_manifest(extents, **other)
    put(f"{folder}/{name}", object_key(oid), manifest)
    print(name, oid, verdict, rule)


def bad_chains(folder):
    for name, named in ("c0", True), ("c1", False):
        extents = put_chain(new_store(f"{folder}/{name}"), 80, 4, named)
        put_bad(folder, name, extents, DAMAGE, "deltas: four on one another")
    a, b = text(90, 900), text(91, 900)
    store = new_store(f"{folder}/c2")
    for blob, base in (a, b), (b, a):
        put(store, blob_key(sha(blob).hexdigest()), make_record(blob, BITX, 0, 400, base))
    put_bad(folder, "c2", [stored(a)], DAMAGE, "deltas: in a circle")


def bad_links(folder):
    store = new_store(f"{folder}/l0")
    put_solo(store, BLOB, ZSTD, 0, 400)
    key = blob_key(sha(BLOB).hexdigest())
    os.rename(f"{store}/{key}", f"{store}/elsewhere")
    os.symlink(os.path.abspath(f"{store}/elsewhere"), f"{store}/{key}")
    put_bad(folder, "l0", [stored(BLOB)], DAMAGE, "store: a symbolic link at a key")


def bad(folder):
    records = [(rule, verdict, make_record(BLOB, ZSTD, 0, 400, patch=patch), None, False)
               for rule, verdict, patch in RECORDS]
    for number, case in enumerate(records + list(bad_deltas())):
        bad_record(folder, f"r{number:02}", *case)
    for number, (rule, verdict, extents, other) in enumerate(MANIFESTS):
        put_solo(new_store(f"{folder}/m{number:02}"), BLOB, ZSTD, 0, 400)
        put_bad(folder, f"m{number:02}", extents, verdict, f"manifest: {rule}", **other)
    for number, (rule, verdict, card) in enumerate(CARDS):
        new_store(f"{folder}/s{number}", card)
        put_bad(folder, f"s{number}", [E0], verdict, f"zllm.json: {rule}")
    bad_chains(folder)
    bad_links(folder)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("good", "bad"):
        sys.exit(__doc__)
    {"good": good, "bad": bad}[sys.argv[1]](sys.argv[2])
