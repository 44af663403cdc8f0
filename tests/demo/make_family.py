#!/usr/bin/env python3
"""Makes a small family of models for the demo (Python's standard library alone).

    make_family.py base OUT [SEED]
    make_family.py tune FROM OUT SEED STEP [KEEP]

`base` writes a BF16 Llama-shaped model in safetensors form. `tune` writes a
fine-tune of FROM: each weight moves by about STEP, as an optimiser does it; the
first KEEP layers stay as they are.
"""
import array
import json
import random
import struct
import sys

HIDDEN, FFN, VOCAB, LAYERS = 256, 688, 2048, 5


def shapes():
    yield "model.embed_tokens.weight", [VOCAB, HIDDEN]
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", [HIDDEN]
        for name in "q", "k", "v", "o":
            yield f"{prefix}self_attn.{name}_proj.weight", [HIDDEN, HIDDEN]
        yield prefix + "post_attention_layernorm.weight", [HIDDEN]
        yield prefix + "mlp.gate_proj.weight", [FFN, HIDDEN]
        yield prefix + "mlp.up_proj.weight", [FFN, HIDDEN]
        yield prefix + "mlp.down_proj.weight", [HIDDEN, FFN]
    yield "model.norm.weight", [HIDDEN]
    yield "lm_head.weight", [VOCAB, HIDDEN]


def bf16(values):
    """The upper halves of 32-bit floats."""
    wide = array.array("f", values).tobytes()
    out = bytearray(len(wide) // 2)
    out[0::2], out[1::2] = wide[2::4], wide[3::4]
    return bytes(out)


def floats(data):
    wide = bytearray(len(data) * 2)
    wide[2::4], wide[3::4] = data[0::2], data[1::2]
    return array.array("f", bytes(wide))


def write(path, tensors, metadata):
    head, at = {"__metadata__": metadata}, 0
    for name, shape, data in tensors:
        head[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors:
            f.write(data)


def read(path):
    with open(path, "rb") as f:
        blob = f.read()
    n = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + n])
    head.pop("__metadata__", None)
    for name, t in head.items():
        lo, hi = t["data_offsets"]
        yield name, t["shape"], blob[8 + n + lo:8 + n + hi]


def bell(rng, width, count=1 << 16):
    return [rng.gauss(0, width) for _ in range(count)]


def make_base(out, seed):
    rng, tensors = random.Random(seed), []
    for name, shape in shapes():
        if len(shape) == 1:
            tensors.append((name, shape, bf16([1.0 + x for x in bell(rng, 0.05, shape[0])])))
            continue
        count = shape[0] * shape[1]
        table = bell(rng, 0.02 + 0.02 * rng.random())
        tensors.append((name, shape, bf16(rng.choices(table, k=count))))
    write(out, tensors, {"format": "pt"})


def tune(source, out, seed, step, keep):
    rng, tensors = random.Random(seed), []
    frozen = tuple(f"model.layers.{i}." for i in range(keep))
    for name, shape, data in read(source):
        if not (frozen and (name.startswith(frozen) or "embed" in name)):
            moves = rng.choices(bell(rng, step), k=len(data) // 2)
            data = bf16([a + b for a, b in zip(floats(data), moves)])
        tensors.append((name, shape, data))
    write(out, tensors, {"format": "pt", "tuned": str(seed)})


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) in (2, 3) and words[0] == "base":
        make_base(words[1], int(words[2]) if len(words) == 3 else 1)
    elif len(words) in (5, 6) and words[0] == "tune":
        tune(words[1], words[2], int(words[3]), float(words[4]),
             int(words[5]) if len(words) == 6 else 0)
    else:
        sys.exit(__doc__)
