"""What others would make of a model and its base, in bytes: for bench.py, and for the test
that git-zllm never stores more (tests/e2e/sizes.bats).

    rival_sizes.py MODEL BASE...     prints, a line a pair: raw, BitX, FM-Delta's scheme

Per tensor, and nothing counted for heads and names; tensors that the base does not have
are left to zstd, equal ones are free.

BitX is the paper's method (ZipLLM): XOR, the exponent's plane and that of sign and
mantissa, zstd -3 each. FM-Delta's scheme is re-created from its idea alone: floats as
integers in the same order, their difference, whose sign and length in bits are coded by
an adaptive model of order 0, and whose bits below the highest are stored as they are. An
adaptive coder that begins with a count of one for each symbol takes log2 of a product of
factorials, in whatever order the symbols come: no coder has to run.
"""
import json
import math
import struct
import sys

import numpy as np
import zstandard

UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
MANTISSA = {"BF16": 7, "F16": 10, "F32": 23, "F8_E4M3": 3, "F8_E5M2": 2}
UNITS = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8, "I16": 2, "U16": 2, "I32": 4, "U32": 4,
         "I64": 8, "U64": 8}


def tensors(path):
    """name -> dtype, bytes of a safetensors file."""
    with open(path, "rb") as file:
        blob = file.read()
    n = struct.unpack("<Q", blob[:8])[0]
    head = json.loads(blob[8:8 + n])
    head.pop("__metadata__", None)
    out = {}
    for name, t in head.items():
        first, end = t["data_offsets"]
        out[name] = t["dtype"], np.frombuffer(blob, np.uint8, end - first, 8 + n + first)
    return out


def zstd_size(data):
    return len(zstandard.ZstdCompressor(level=3).compress(data.tobytes()))


def bitx_size(dtype, data, base):
    unit = UNITS.get(dtype, 1)
    x = data.view(UNSIGNED[unit]) ^ base.view(UNSIGNED[unit])
    if dtype not in MANTISSA or unit == 1:
        return zstd_size(x)
    low = MANTISSA[dtype]
    exponent = (x << 1).astype(x.dtype) >> (low + 1)
    rest = x & ((1 << low) - 1) | x >> (8 * unit - 1) << low
    small = np.uint16 if dtype == "F16" else np.uint8
    return zstd_size(exponent.astype(np.uint8)) + zstd_size(rest.astype(
        small if unit == 2 else np.uint32))


def ordered(v, dtype):
    """Numbers that sort as the values do, signed."""
    bits = 8 * v.dtype.itemsize
    v = v.astype(np.int64 if bits > 16 else np.int32)
    if dtype in MANTISSA:
        low = v & ((1 << (bits - 1)) - 1)
        return np.where(v >> (bits - 1), -low, low)
    return np.where(v >> (bits - 1), v - (1 << bits), v) if dtype.startswith("I") else v


def adaptive_bits(counts):
    """Of symbols by an adaptive model that begins with one of each."""
    total, kinds = int(counts.sum()), len(counts)
    log = math.lgamma(total + kinds) - math.lgamma(kinds)
    return (log - sum(math.lgamma(int(c) + 1) for c in counts)) / math.log(2)


def lengths(d):
    """Of distances: the bits of each, without its sign; doubles have them exactly."""
    return np.frexp(np.abs(d).astype(np.float64))[1]


def fm_delta_size(dtype, data, base):
    view = UNSIGNED[min(UNITS.get(dtype, 1), 4)]
    d = ordered(data.view(view), dtype) - ordered(base.view(view), dtype)
    if view is np.uint32:
        weight = None
    else:                               # each distance once, and how often it comes
        weight = np.bincount(d + (1 << 16), minlength=1 << 17)
        d = np.arange(-1 << 16, 1 << 16)
    length = lengths(d)
    counts = np.bincount(length + 35 * (d < 0), weight, 70).astype(np.int64)
    raw = int(counts @ np.maximum(np.arange(70) % 35 - 1, 0))
    return math.ceil((adaptive_bits(counts) + raw) / 8)


def sizes(model, base):
    raw = bitx = fm_delta = 0
    for name, (dtype, data) in model.items():
        raw += data.size
        like = base.get(name, (None, data[:0]))[1]
        if like.size != data.size:
            bitx += zstd_size(data)
            fm_delta += zstd_size(data)
        elif not np.array_equal(like, data):
            bitx += bitx_size(dtype, data, like)
            fm_delta += fm_delta_size(dtype, data, like)
    return raw, bitx, fm_delta


if __name__ == "__main__":
    for pair in zip(sys.argv[1::2], sys.argv[2::2]):
        print(*sizes(*map(tensors, pair)))
