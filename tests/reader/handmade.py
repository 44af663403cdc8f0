#!/usr/bin/python3
"""Records, manifests and stores made by hand from the documents, and made wrong on
purpose: the writer's half of record.py and manifest.py, for rules.py."""
import hashlib
import json
import os
import struct

import zstandard

from basics import sum_of, xor
from dtypes import DTYPES

TYPE = {name: number for number, (name, *_) in DTYPES.items()}
RAW, ZSTD, BITX, FLOAT, ULP = range(5)


def sha(data):
    return hashlib.sha256(data)


def put(store, key, data):
    path = os.path.join(store, key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def new_store(folder, card=None):
    put(folder, "zllm.json", json.dumps(card or {"format": 1, "id": "5" * 32}).encode())
    return folder


# ---------------------------------------------------------------- records

def pack(data, **options):
    options = zstandard.ZstdCompressionParameters.from_level(19, **options)
    return zstandard.ZstdCompressor(compression_params=options).compress(data)


def plane(data):
    if data and data == data[:1] * len(data):
        return b"\2" + struct.pack("<I", 1) + data[:1]
    packed = pack(data, write_content_size=len(data) % 2, write_checksum=len(data) % 3 == 0)
    kind = 1 if len(packed) < len(data) else 0
    stored = packed if kind else data
    return bytes([kind]) + struct.pack("<I", len(stored)) + stored


def coded(frame, dtype):
    """4.1 and 4.2 of the document, forwards."""
    _, _, w, rotated = DTYPES[dtype]
    count, bits = len(frame) // w, 8 * w
    numbers = [int.from_bytes(frame[i * w:i * w + w], "little") for i in range(count)]
    if rotated:
        numbers = [(v << 1 | v >> bits - 1) % 2 ** bits for v in numbers]
    planes = [bytes((v >> 8 * k) % 256 for v in numbers) for k in range(w)]
    return b"".join(map(plane, planes)) + frame[count * w:]


def fill_of(frame, unit):
    if len(frame) % unit == 0 and frame == frame[:unit] * (len(frame) // unit):
        return frame[:unit]
    return None


def frame_of(frame, codec, dtype, prediction, code=None):
    """One line of the frame table and the bytes it speaks of. `code` makes the stored
    bytes of whatever frame, for codecs of handmade_codes.py."""
    unit, mode, stored = DTYPES[dtype][1], 0, frame
    if code and len(frame) >= unit:
        mode, stored = 1, code(frame, dtype, prediction)
    elif frame == prediction:
        mode, stored = 2, b""
    elif fill_of(frame, unit) is not None:
        mode, stored = 3, fill_of(frame, unit)
    elif codec != RAW:
        packed = coded(xor(frame, prediction) if codec == BITX else frame, dtype)
        mode, stored = (1, packed) if len(packed) < len(frame) else (mode, stored)
    return {"mode": mode, "stored": stored, "reserved": bytes(3), "sum": sum_of(frame)}


def make_record(blob, codec, dtype, frame_size, base=None, offset=0, patch=None, tail=b"",
                near=None, base_dtype=0, code=None):
    """`patch` changes the head's fields, or is a function of fields and frames; `near` is
    the prediction of the whole blob by a base of another dtype."""
    h = {"magic": b"ZLLMREC\0", "version": 1, "codec": codec, "dtype": dtype,
         "prediction": 4 if near else int(base is not None), "n": int(base is not None),
         "flags": 0, "size": len(blob), "frame_size": frame_size,
         "f": -(-len(blob) // frame_size), "sum": sum_of(blob), "p": 0,
         "reserved": bytes([base_dtype]) + bytes(11), "offset": offset, "parameters": b""}
    if near is None and base is not None:
        near = base[offset:][:len(blob)].ljust(len(blob), b"\0")
    frames = [frame_of(blob[at:at + frame_size], codec, dtype, near and near[at:at + frame_size],
                       code)
              for at in range(0, len(blob), frame_size)]
    if callable(patch):
        patch(h, frames)
    else:
        h.update(patch or {})
    head = struct.pack("<8sHBBBBHQII16sI12s", *(h[k] for k in (
        "magic version codec dtype prediction n flags size frame_size f sum p "
        "reserved").split()))
    head += (sha(base or b"").digest() + struct.pack("<Q", h["offset"])) * h["n"]
    head += h["parameters"]
    for f in frames:
        head += struct.pack("<IB3s16s", f.get("count", len(f["stored"])), f["mode"],
                            f["reserved"], f["sum"])
    head += h.get("head_sum", sum_of(head)[:8])
    return head + b"".join(f["stored"] for f in frames) + tail


# ---------------------------------------------------------------- manifests

def inline(data, **other):
    return {"kind": 0, "dtype": 0, "flags": 1, "shape": [], "name": b"", "size": len(data),
            "data": data, "bases": [], **other}


def stored(blob, bases=(), **other):
    return {**inline(blob), "flags": len(bases) << 1, "bases": [bytes.fromhex(b) for b in bases],
            **other}


def make_manifest(extents, packing=0, notes=((b"path", b"made by hand"),), patch=None, tail=b""):
    """Returns the oid and the manifest of the object that the extents make."""
    whole = b"".join(e["data"] for e in extents)
    body = b"".join(struct.pack("<H", len(k)) + k + struct.pack("<I", len(v)) + v
                    for k, v in notes)
    for e in extents:
        body += bytes([e["kind"], e["dtype"], e["flags"], len(e["shape"])])
        body += struct.pack("<Q", e["size"]) + struct.pack(f"<{len(e['shape'])}Q", *e["shape"])
        body += struct.pack("<H", len(e["name"])) + e["name"]
        if not e["flags"] & 1:
            body += sha(e["data"]).digest() + e.get("sum", sum_of(e["data"]))
        body += b"".join(e["bases"]) + e.get("trials", b"") + e.get("finding", b"")
    inlines = b"".join(e["data"] for e in extents if e["flags"] & 1)
    body += inlines + tail
    h = {"magic": b"ZLLMMAN\0", "version": 1, "model": 0, "packing": packing, "flags": 0,
         "oid": sha(whole).digest(), "size": len(whole), "body": len(body),
         "notes": len(notes), "extents": len(extents), "inline": len(inlines),
         "packed": pack(body, write_content_size=0) if packing == 1 else body, **(patch or {})}
    data = struct.pack("<8sHBBI32sQQIIQ", *(h[k] for k in (
        "magic version model packing flags oid size body notes extents inline").split()))
    data += h["packed"]
    return sha(whole).hexdigest(), data + h.get("checksum", sum_of(data))
