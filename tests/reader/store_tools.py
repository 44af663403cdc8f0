#!/usr/bin/python3
"""What test_reader.sh asks of a store in a folder.

    store_tools.py cover STORE         one line for each codec, dtype and mode in it
    store_tools.py unbundle BUNDLE STORE   a bundle's values, as files of a store
    store_tools.py where STORE OID     places worth damaging: NAME FILE OFFSET, one a line
    store_tools.py flip FILE OFFSET    flips the lowest bit of one byte; twice undoes it
"""
import json
import os
import sys

from basics import Cursor
from record import CODED, MODES, TIGHT, frame_extent, parse_record
from zllm_reader import Store, blob_key, object_key, read_manifest


def cover(folder):
    seen = set()
    for place, _, names in os.walk(f"{folder}/blobs"):
        for name in names:
            with open(f"{place}/{name}", "rb") as file:
                r = parse_record(file.read())
            seen |= {f"{r.codec} {r.dtype} {MODES[mode]}" for mode, _, _ in r.frames}
            seen |= {f"{r.codec} {len(r.frames)} frames"}
            seen |= set(ways(r))
    for oid in Store(folder).objects():
        m = read_manifest(Store(folder), oid)
        seen |= {f"{m.model}, {'inline' if e.inline else 'record'}" for e in m.extents}
        seen |= {f"{m.model}, {min(len(m.extents), 2)} or more extents"}
    print("\n".join(sorted(seen)))


def ways(r):
    """The branches that coded frames of ulp and float take."""
    for i, (mode, data, _) in enumerate(r.frames):
        if mode in (CODED, TIGHT) and r.codec in ("ulp", "float"):
            lanes = 4 if frame_extent(r, i)[1] // r.type[1] < 16384 else 64
            yield f"{r.codec} {r.dtype} {lanes} lanes"
            if r.codec == "ulp":
                yield f"ulp {'many classes' if data[0] & 7 else 'one class'}"


def unbundle(path, folder):
    """docs/format-bundle.md: the values of a bundle as a store in a folder."""
    with open(path, "rb") as file:
        data = file.read()
    size, entries = int.from_bytes(data[-32:-24], "little"), int.from_bytes(data[-24:-20], "little")
    table, values = Cursor(data[-32 - size:-32], "the table"), Cursor(data, "the bundle")
    values.take(16)
    for _ in range(entries):
        path = os.path.join(folder, table.take(table.number(1)).decode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(values.take(table.number(8)))
    with open(f"{folder}/zllm.json", "w", encoding="utf-8") as file:
        json.dump({"format": 1, "id": "b" * 32}, file)


def where(folder, oid):
    """In the manifest, and in the first delta of the object (or its first record)."""
    store, key = Store(folder), object_key(oid)
    end = len(store.get(key))
    for name, at in ("head", 20), ("body", 90), ("checksum", end - 1):
        print(f"manifest-{name} {folder}/{key} {at}")

    extents = [e for e in read_manifest(store, oid).extents if not e.inline]
    extent = next((e for e in extents if e.bases), extents[0])
    key = blob_key(extent.id, extent.bases)
    data = store.get(key)
    r = parse_record(data)
    frames, bases = len(r.frames), 40 * len(r.bases)
    bases += 8 + 56 * len(r.parts[1]) if r.parts else 0     # what stands before the frames
    head = 72 + bases + 24 * frames
    places = {"magic": 0, "version": 8, "codec": 10, "size": 16, "blob-sum": 40, "reserved": 60,
              "base": 64 + bases // 2, "frame-size": 64 + bases, "frame-sum": 64 + bases + 9,
              "head-sum": head - 1, "plane-kind": head, "plane-size": head + 1,
              "frame": (head + len(data)) // 2, "end": len(data) - 1}
    for name, at in places.items():
        print(f"record-{name} {folder}/{key} {at}")


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(int(at))
        byte = file.read(1)[0]
        file.seek(int(at))
        file.write(bytes([byte ^ 1]))


if __name__ == "__main__":
    commands = {"cover": cover, "unbundle": unbundle, "where": where, "flip": flip}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
