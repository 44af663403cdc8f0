#!/usr/bin/env python3
"""Writes a large BF16 model, one of noise, or a fine-tune of one (python3-numpy).

    make_large.py base OUT BYTES
    make_large.py noise OUT BYTES
    make_large.py tune FROM OUT
"""
import json
import struct
import sys

import numpy as np

COLUMNS = 4096
ROWS = 8192  # 64 MiB a tensor


def bf16(values):
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def header(count):
    size = ROWS * COLUMNS * 2
    head = {f"layers.{i}.weight": {"dtype": "BF16", "shape": [ROWS, COLUMNS],
                                   "data_offsets": [i * size, (i + 1) * size]}
            for i in range(count)}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def make_base(out, size):
    rng = np.random.default_rng(1)
    count = max(1, size // (ROWS * COLUMNS * 2))
    with open(out, "wb") as f:
        f.write(header(count))
        for _ in range(count):
            width = rng.uniform(0.01, 0.04, (ROWS, 1)).astype(np.float32)
            values = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32) * width
            f.write(bf16(values).tobytes())


def make_noise(out, size):
    """No codec makes it smaller."""
    rng = np.random.default_rng(3)
    count = max(1, size // (ROWS * COLUMNS * 2))
    with open(out, "wb") as f:
        f.write(header(count))
        for _ in range(count):
            f.write(rng.bytes(ROWS * COLUMNS * 2))


def tune(source, out):
    rng = np.random.default_rng(2)
    with open(source, "rb") as f, open(out, "wb") as g:
        n = struct.unpack("<Q", f.read(8))[0]
        g.write(struct.pack("<Q", n) + f.read(n))
        while True:
            data = f.read(ROWS * COLUMNS * 2)
            if not data:
                break
            values = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
            moves = rng.standard_normal(len(values), dtype=np.float32) * np.float32(1e-4)
            g.write(bf16(values + moves).tobytes())


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "base":
        make_base(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "noise":
        make_noise(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "tune":
        tune(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
