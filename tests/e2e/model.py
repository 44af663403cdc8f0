#!/usr/bin/env python3
"""Small safetensors models for the tests (Python's standard library alone).

    model.py new OUT SEED [SCALE]      weights that look trained: near-Gaussian, BF16, F32, F16
    model.py many OUT SEED COUNT       COUNT equal-shaped BF16 tensors of 64 KiB
    model.py large OUT SEED BYTES      one BF16 tensor, of words that no codec makes smaller
    model.py finetune OUT FROM SEED    most words moved by a few units in the last place
    model.py fuse OUT FROM SEED        a fine-tune with q_proj, k_proj and v_proj in one qkv_proj
    model.py reorder OUT FROM SEED     the same tensors in another order
    model.py metadata OUT FROM TEXT    the same tensors, other __metadata__
    model.py rename OUT FROM PREFIX    the same tensors under other names
    model.py shard DIR FROM N          the same tensors in N files, dealt in turn
    model.py merge OUT FROM...         the tensors of several files in one
    model.py twin OUT FROM DTYPE       every BF16 tensor as F32, F16, or quantised: I8, U8 (4-bit, packed)
    model.py names FILE                the tensors' names, one a line

Deterministic: the same words give the same bytes.
"""
import functools
import json
import os
import random
import struct
import sys
from array import array

SHAPES = [
    ("model.embed_tokens.weight", "BF16", [1200, 256]),
    *[(f"model.layers.{layer}.self_attn.{part}_proj.weight", "BF16", [256, 256])
      for layer in range(2) for part in "qkvo"],
    ("model.layers.0.input_layernorm.weight", "BF16", [256]),
    ("model.layers.1.input_layernorm.weight", "F32", [256]),
    ("model.layers.1.mlp.weight", "F16", [256, 256]),
    ("lm_head.weight", "F32", [256, 256]),
]
WIDTH = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1}
# How far a word moves in a fine-tune, by a random byte: a quarter stays.
STEPS = [0] * 64 + [1] * 48 + [-1] * 48 + [2] * 32 + [-2] * 32 + [5] * 16 + [-5] * 16


@functools.cache
def gauss():
    """The 65536 quantiles of the Gaussian that weights have."""
    from statistics import NormalDist  # not needed by most commands, and slow to load
    return [0.02 * NormalDist().inv_cdf((i + 0.5) / 65536) for i in range(65536)]


@functools.cache
def table(dtype):
    """The 16-bit words (F32: their upper halves) of those quantiles."""
    if dtype == "F16":
        return [struct.unpack("<H", struct.pack("<e", x))[0] for x in gauss()]
    return [struct.unpack("<I", struct.pack("<f", x))[0] >> 16 for x in gauss()]


def weights(rng, dtype, count):
    words = array("H", map(table(dtype).__getitem__, array("H", rng.randbytes(2 * count))))
    if dtype != "F32":
        return words.tobytes()
    out = bytearray(rng.randbytes(4 * count))
    high = words.tobytes()
    out[2::4], out[3::4] = high[0::2], high[1::2]
    return bytes(out)


def moved(rng, dtype, data):
    code = "I" if WIDTH[dtype] == 4 else "H"
    words = array(code, data)
    steps = rng.randbytes(len(words))
    top = 2 ** (8 * WIDTH[dtype]) - 1
    return array(code, [(w + STEPS[s]) & top for w, s in zip(words, steps)]).tobytes()


def load(path):
    blob = open(path, "rb").read()
    n = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + n])
    meta = head.pop("__metadata__", {})
    order = sorted(head, key=lambda name: head[name]["data_offsets"])
    return meta, [(name, head[name]["dtype"], head[name]["shape"],
                   blob[8 + n + head[name]["data_offsets"][0]:8 + n + head[name]["data_offsets"][1]])
                  for name in order]


def save(path, tensors, meta):
    head, at = {"__metadata__": meta}, 0
    for name, dtype, shape, data in tensors:
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors))


def count_of(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def new(out, seed, scale="1"):
    rng = random.Random(f"new {seed}")
    shapes = [(n, d, [s[0] * int(scale), *s[1:]] if len(s) > 1 else s) for n, d, s in SHAPES]
    save(out, [(n, d, s, weights(rng, d, count_of(s))) for n, d, s in shapes], {"format": "pt"})


def many(out, seed, count):
    rng = random.Random(f"many {seed}")
    save(out, [(f"layers.{i}.weight", "BF16", [128, 256], weights(rng, "BF16", 128 * 256))
               for i in range(int(count))], {"format": "pt"})


def large(out, seed, size):
    n = int(size) // 512 * 512
    save(out, [("weight", "BF16", [n // 512, 256], random.Random(f"large {seed}").randbytes(n))], {"format": "pt"})


def finetune(out, source, seed):
    rng = random.Random(f"finetune {seed}")
    meta, tensors = load(source)
    save(out, [(n, d, s, moved(rng, d, data)) for n, d, s, data in tensors], meta)


def fuse(out, source, seed):
    rng = random.Random(f"finetune {seed}")
    meta, tensors = load(source)
    made = {}
    for name, dtype, shape, data in tensors:
        for part in "qkv":
            name = name.replace(f".{part}_proj.", ".qkv_proj.")
        rows, before = made[name][1:3] if name in made else (0, b"")
        made[name] = dtype, rows + shape[0], before + moved(rng, dtype, data), shape[1:]
    save(out, [(n, d, [rows, *rest], data) for n, (d, rows, data, rest) in made.items()], meta)


def reorder(out, source, seed):
    meta, tensors = load(source)
    random.Random(f"reorder {seed}").shuffle(tensors)
    save(out, tensors, meta)


def metadata(out, source, text):
    save(out, load(source)[1], {"format": "pt", "note": text})


def rename(out, source, prefix):
    meta, tensors = load(source)
    save(out, [(prefix + t[0], *t[1:]) for t in tensors], meta)


def shard(folder, source, count):
    meta, tensors = load(source)
    n = int(count)
    for i in range(n):
        save(os.path.join(folder, f"model-{i + 1:05}-of-{n:05}.safetensors"), tensors[i::n], meta)


def merge(out, *sources):
    save(out, [t for source in sources for t in load(source)[1]], {"format": "pt"})


def quantised(data, bits):
    """Symmetric, with one scale a tensor; two 4-bit values in a byte."""
    values = [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(0, len(data), 2)]
    top = 2 ** (bits - 1) - 1
    scale = max(map(abs, values)) / top
    steps = [round(v / scale) for v in values]
    if bits == 8:
        return array("b", steps).tobytes(), scale
    return bytes((a & 15) | (b & 15) << 4 for a, b in zip(steps[::2], steps[1::2])), scale


def twin(out, source, dtype):
    meta, tensors = load(source)
    made = []
    for n, d, s, data in tensors:
        pairs = [data[i:i + 2] for i in range(0, len(data), 2)]
        if d != "BF16" or len(s) < 2:
            made.append((n, d, s, data))
        elif dtype == "F32":
            made.append((n, dtype, s, b"".join(b"\0\0" + p for p in pairs)))
        elif dtype == "F16":
            made.append((n, dtype, s, b"".join(struct.pack("<e", struct.unpack("<f", b"\0\0" + p)[0]) for p in pairs)))
        else:
            words, scale = quantised(data, 8 if dtype == "I8" else 4)
            shape = s if dtype == "I8" else [s[0], s[1] // 2]
            made.append((n, dtype, shape, words))
            made.append((n + ".scale", "F32", [1], struct.pack("<f", scale)))
    save(out, made, meta)


def names(source):
    for tensor in load(source)[1]:
        print(tensor[0])


if __name__ == "__main__":
    commands = {f.__name__: f for f in (new, many, large, finetune, fuse, reorder, metadata, rename, shard, merge, twin, names)}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
