#!/usr/bin/python3
"""A hub's worth of generated models, each made when it is asked for.

    hub.py FOLDER MODELS FAMILIES BYTES [SEED]

MODELS safetensors files of about BYTES each, of FAMILIES families, in folders whose names say
nothing of what derives from what: FOLDER/<word>/model.safetensors, with a config.json each.
The first of a family is a base with weights that look trained; the others are fine-tunes of
it, most of whose words moved by a few units in the last place, one in four with a tensor that
is the base's own. Deterministic. (Debian's python3-numpy.)
"""
import hashlib
import json
import os
import sys

import numpy as np

TENSORS = 6


def shapes(size):
    rows = max(64, int(size / 2 / TENSORS / 256))
    return [(f"model.layers.{i}.mlp.up_proj.weight", (rows, 256)) for i in range(TENSORS)]


def bf16(values):
    words = values.view(np.uint32)
    return ((words + 0x7fff + ((words >> 16) & 1)) >> 16).astype(np.uint16)


def base_of(family, size, seed):
    rng = np.random.default_rng([seed, family])
    return [bf16(rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02))
            for _, shape in shapes(size)]


def tuned(base, number, seed):
    rng = np.random.default_rng([seed, 1 << 20, number])
    out = []
    for i, words in enumerate(base):
        if i == 0 and number % 4 == 0:
            out.append(words)
            continue
        kinds = np.frombuffer(rng.bytes(words.size), dtype=np.uint8).reshape(words.shape)
        steps = np.array([0] * 96 + [1] * 64 + [-1] * 64 + [2] * 16 + [-2] * 16,
                         dtype=np.int16)[kinds]
        out.append((words.astype(np.int16) + steps).view(np.uint16))
    return out


def write(path, tensors, size):
    header, at = {}, 0
    for (name, shape), words in zip(shapes(size), tensors):
        header[name] = {"dtype": "BF16", "shape": list(shape),
                        "data_offsets": [at, at + words.nbytes]}
        at += words.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for words in tensors:
            f.write(words.tobytes())


def main():
    folder, models, families, size = sys.argv[1], *map(int, sys.argv[2:5])
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    for family in range(families):
        base = base_of(family, size, seed)
        for number in range(family, models, families):
            word = hashlib.sha256(f"{seed} {number}".encode()).hexdigest()[:12]
            place = os.path.join(folder, word)
            os.makedirs(place)
            with open(os.path.join(place, "config.json"), "w") as f:
                json.dump({"model_type": "llama", "n": number % 3}, f)
            write(os.path.join(place, "model.safetensors"),
                  base if number < families else tuned(base, number, seed), size)


main()
