#!/usr/bin/python3
"""Makes the files that test_reader.sh pushes (Python's standard library alone).

    make_models.py first FOLDER     the first commit: every dtype, solo
    make_models.py second FOLDER    the second, over the first: fine-tunes of them

The same bytes at each run. A tensor of 64 KiB and more gets a record of its own; a
frame has 262144 units. So `FRAME + n` units make one full frame and a last short one.
"""
import array
import json
import os
import random
import struct
import sys
import zipfile

FRAME = 262144
REALS = ["F16", "BF16", "F32", "F64", "C64", "F8_E4M3", "F8_E5M2", "F8_E8M0",
         "F8_E4M3FNUZ", "F8_E5M2FNUZ"]
UNITS = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "C64": 8, "U16": 2, "I16": 2,
         "U32": 4, "I32": 4, "U64": 8, "I64": 8}
BYTES = ["BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0",
         "F8_E4M3FNUZ", "F8_E5M2FNUZ"]
BELOW = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}           # bits of an element


def floats(rng, count, kind):
    """`count` numbers around zero, as struct or array know them."""
    if kind == "F16":
        table = [struct.pack("<e", rng.gauss(0, 0.02)) for _ in range(4096)]
        return b"".join(rng.choices(table, k=count))
    code = "d" if kind == "F64" else "f"
    table = [rng.gauss(0, 0.02) for _ in range(1 << 14)]
    wide = array.array(code, rng.choices(table, k=count)).tobytes()
    if kind != "BF16":
        return wide
    out = bytearray(2 * count)
    out[0::2], out[1::2] = wide[2::4], wide[3::4]
    return bytes(out)


def plain(rng, count, unit):
    """Small integers: their low bytes vary, their high bytes do not."""
    out = bytearray(count * unit)
    out[0::unit] = bytes(rng.choices(range(40), k=count))
    return bytes(out)


def nudge(rng, data, unit, share):
    """Changes the lowest bit of some numbers, as a small training step does."""
    out = bytearray(data)
    for at in rng.sample(range(0, len(out), unit), int(len(out) // unit * share)):
        out[at] ^= 1
    return bytes(out)


def write_model(path, tensors, metadata=None, hole=0):
    """Tensors are (name, dtype, shape, bytes); `hole` bytes lie before the last."""
    head, at, body = {"__metadata__": metadata} if metadata else {}, 0, b""
    for i, (name, dtype, shape, data) in enumerate(tensors):
        gap = hole if i and i == len(tensors) - 1 else 0
        at += gap
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        body += bytes(range(256)) * (gap // 256) + bytes(gap % 256) + data
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def npy(descr, shape, data):
    """A NumPy array, as numpy.save() writes it."""
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


def write_arrays(folder, rng, tuned):
    """One array by itself, and several in an archive, one of them compressed."""
    move = (lambda data: nudge(rng, data, 4, 0.2)) if tuned else lambda data: data
    a, b = floats(rng, 300000, "F32"), floats(rng, 100000, "F32")
    put(folder, "one.npy", npy("<f4", (300, 1000), move(a)))
    with zipfile.ZipFile(f"{folder}/several.npz", "w") as archive:
        for name, how, data in (("b", 0, move(b)), ("packed", 8, b[:4000]), ("c", 0, b[:40])):
            entry = zipfile.ZipInfo(name + ".npy")
            entry.compress_type = how
            archive.writestr(entry, npy("<f4", (len(data) // 4,), data))


def every_dtype(rng):
    for dtype, unit in UNITS.items():
        count = FRAME + 9000
        make = floats if dtype[0] in "FB" else None
        data = (floats(rng, 2 * count, "F32") if dtype == "C64" else
                make(rng, count, dtype) if make else plain(rng, count, unit))
        yield [dtype.lower() + ".weight", dtype, [count], data]
    for dtype in BYTES:
        count = FRAME + 9000 if dtype[0] == "F" else 90000
        yield [dtype.lower() + ".weight", dtype, [2, count // 2], plain(rng, count, 1)]
    for dtype, bits in BELOW.items():
        yield [dtype.lower() + ".weight", dtype, [720000 // bits], plain(rng, 90000, 1)]


def frames(rng, tuned):
    """Tensors of several frames, for all that a frame table can say."""
    step = 2 * FRAME
    a = floats(rng, 6 * FRAME + 1001, "BF16")
    noise, fill = rng.randbytes(step), b"\x80\x3f" * FRAME
    changed = nudge(rng, a, 2, 0.05)
    mixed = a[:3 * step] + noise + fill + changed[5 * step:]
    yield ["mixed", "BF16", [6 * FRAME + 1001], mixed if tuned else a]
    short = floats(rng, FRAME + 50000, "BF16")
    longer = floats(rng, FRAME, "BF16")
    yield ["embed", "BF16", [len(short + (longer if tuned else b"")) // 2],
           nudge(rng, short, 2, 0.05) + longer if tuned else short]
    yield ["zeros", "BF16", [FRAME + 7], bytes(2 * FRAME + 14)]
    yield ["scalar", "F32", [], struct.pack("<f", 1.5)]
    yield ["empty", "F32", [0, 4], b""]
    yield ["n\u00e4me", "I64", [1], bytes(8)]


def opaque(rng, size):
    return b"".join(rng.choices([rng.randbytes(64) for _ in range(512)], k=size // 64))


def put(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def make(folder, tuned):
    rng = random.Random(7)
    dtypes = list(every_dtype(rng))
    if tuned:
        for t in dtypes:
            t[3] = nudge(rng, t[3], UNITS.get(t[1], 1), 0.2)
    reals = [t for t in dtypes if t[1] in REALS]
    others = [t for t in dtypes if t[1] not in REALS]
    write_model(f"{folder}/floats.safetensors", reals, {"format": "pt"})
    write_model(f"{folder}/others.safetensors", others, {"format": "pt"})
    write_model(f"{folder}/frames.safetensors", list(frames(random.Random(8), tuned)))
    rng = random.Random(9)
    noise = [["noise.u8", "U8", [FRAME + 5], rng.randbytes(FRAME + 5)],
             ["noise.bf16", "BF16", [70000], rng.randbytes(140000)]]
    write_model(f"{folder}/noise.safetensors", noise, {"pad": "x" * 90000}, hole=70000)
    write_model(f"{folder}/none.safetensors", [])
    chunks = opaque(rng, 3 << 20)
    put(folder, "chunked.bin", chunks[:1 << 20] + b"inserted" + chunks[1 << 20:]
        if tuned else chunks)
    put(folder, "chunked2.bin", rng.randbytes(1 << 20))
    put(folder, "inline.bin", rng.randbytes(3000) + bytes(50000))
    put(folder, "one.bin", b"\0")
    write_arrays(folder, random.Random(10), tuned)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("first", "second"):
        sys.exit(__doc__)
    make(sys.argv[2], sys.argv[1] == "second")
