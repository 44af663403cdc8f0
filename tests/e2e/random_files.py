#!/usr/bin/env python3
"""Files of every kind for the tests (Python's standard library alone).

    random_files.py random DIR COUNT SEED   files of 0 to a few MB: models, damaged models, noise,
                                            text, zeros, and pieces of each other
    random_files.py odd DIR                 the ends of what a parser can meet

All end in .bin, so that one pattern covers them. Deterministic.
"""
import json
import os
import random
import struct
import sys

DTYPES = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8, "I8": 1, "U8": 1, "I16": 2, "I32": 4, "I64": 8,
          "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "U32": 4, "U64": 8}


def write(folder, name, data):
    with open(os.path.join(folder, name + ".bin"), "wb") as f:
        f.write(data)


def container(tensors, meta=None, pad=8, tail=b""):
    """A safetensors file of (name, dtype, shape, bytes)."""
    head, at = ({"__metadata__": meta} if meta else {}), 0
    for name, dtype, shape, data in tensors:
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % pad)
    return struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors) + tail


def content(rng, size):
    kind = rng.randrange(5)
    if kind == 0:
        return bytes(size)
    if kind == 1:
        return rng.randbytes(1) * size
    if kind == 2:
        piece = rng.randbytes(rng.randrange(1, 5000))
        return (piece * (size // len(piece) + 1))[:size]
    if kind == 3:  # words near each other: the high byte nearly constant
        data = bytearray(rng.randbytes(size))
        data[1::2] = bytes(0x3C + (b & 1) for b in data[1::2])
        return bytes(data)
    return rng.randbytes(size)


def log_uniform(rng, top):
    return int(top ** rng.random()) - 1


def random_model(rng, budget):
    tensors, left = [], budget
    for i in range(rng.randrange(1, 12)):
        dtype = rng.choice(list(DTYPES))
        values = min(log_uniform(rng, 400_000), left // DTYPES[dtype])
        shape = rng.choice([[values], [1, values], [values, 1, 1]])
        tensors.append((f"layer.{i}.{rng.choice(['weight', 'bias', 'scale'])}.{rng.randrange(1000)}",
                        dtype, shape, content(rng, values * DTYPES[dtype])))
        left -= values * DTYPES[dtype]
    return container(tensors, {"n": str(rng.random())} if rng.random() < 0.5 else None,
                     rng.choice([1, 8, 64]))


def damaged(rng, data):
    if len(data) < 16:
        return data + b"x"
    kind = rng.randrange(4)
    if kind == 0:
        return data[:rng.randrange(len(data))]
    if kind == 1:
        return data + rng.randbytes(rng.randrange(1, 1000))
    data = bytearray(data)
    at = rng.randrange(min(len(data), 300 if kind == 2 else len(data)))
    data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def make_random(folder, count, seed):
    rng = random.Random(f"random {seed}")
    earlier = []
    for i in range(int(count)):
        size = log_uniform(rng, 3_000_000)
        kind = rng.choices(["model", "damaged", "content", "text", "piece", "tuned"],
                           [30, 12, 30, 8, 10, 10])[0]
        if kind == "model" or (kind in ("piece", "tuned", "damaged") and not earlier):
            data = random_model(rng, size)
        elif kind == "damaged":
            data = damaged(rng, rng.choice(earlier))
        elif kind == "text":
            data = ("%d line\n" % i * (size // 10))[:size].encode()
        elif kind == "piece":
            one, two = rng.choice(earlier), rng.choice(earlier)
            data = one[rng.randrange(len(one) + 1):] + two[:rng.randrange(len(two) + 1)]
        elif kind == "tuned":
            data = bytearray(rng.choice(earlier))
            for _ in range(min(2000, len(data) // 4)):
                at = rng.randrange(len(data) // 2, len(data))
                data[at] = (data[at] + 1) & 255
            data = bytes(data)
        else:
            data = content(rng, size)
        data = data[:4_000_000]
        earlier = (earlier + [data])[-12:]
        write(folder, f"{kind}-{i:04}", data)


def make_odd(folder):
    def head(text, n=None):
        return struct.pack("<Q", len(text) if n is None else n) + text

    one = container([("t", "BF16", [4], b"12345678")])
    big = bytes(range(256)) * 4096  # exactly 1 MiB
    files = {
        "empty": b"",
        "one-byte": b"x",
        "seven-bytes": b"1234567",
        "eight-zeros": bytes(8),
        "eight-ones": b"\xff" * 8,
        "header-alone": head(b"{}"),
        "header-padded": head(b"{}      "),
        "header-of-zero-bytes": head(b""),
        "header-cut": one[:20],
        "header-length-huge": struct.pack("<Q", 2 ** 63) + b"{}",
        "header-length-max": struct.pack("<Q", 2 ** 64 - 1) + b"{}",
        "header-length-100MB": struct.pack("<Q", 100_000_000) + b"{}",
        "header-length-100MB-and-one": struct.pack("<Q", 100_000_001) + b"{}",
        "header-no-json": head(b"not json"),
        "header-array": head(b"[]"),
        "header-nested": head(b'{"a":' * 500 + b"1" + b"}" * 500),
        "header-nul": head(b'{"a\0":1}'),
        "data-cut": one[:-1],
        "data-one-more": one + b"x",
        "data-much-more": one + big,
        "no-tensors-but-data": head(b"{}") + b"data",
        "metadata-alone": container([], {"a": "b"}),
        "tensor-of-zero-bytes": container([("t", "F32", [0, 5], b"")]),
        "tensors-all-zero-size": container([(f"t{i}", "F32", [0], b"") for i in range(50)]),
        "scalar": container([("t", "F32", [], b"1234")]),
        "odd-start": container([("t", "F32", [1], b"1234")], pad=1),
        "many-small": container([(f"t{i}", "U8", [1], b"x") for i in range(3000)]),
        "many-64K": container([(f"t{i}", "U8", [65536], bytes([i]) * 65536) for i in range(20)]),
        "below-64K": container([("t", "U8", [65535], bytes(65535))]),
        "exactly-64K": container([("t", "U8", [65536], bytes(65536))]),
        "above-64K": container([("t", "U8", [65537], bytes(65537))]),
        "shape-overflow": head(b'{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
        "offset-overflow": head(b'{"t":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,0]}}'),
        "overlap": head(b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                        b'"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}') + b"abc",
        "gap": head(b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                    b'"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}') + b"abcdef",
        "name-twice": head(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                           b'"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}') + b"ab",
        "dtype-unknown": head(b'{"a":{"dtype":"Q7","shape":[1],"data_offsets":[0,1]}}') + b"a",
        "dims-17": head(b'{"a":{"dtype":"U8","shape":[' + b",".join([b"1"] * 17)
                        + b'],"data_offsets":[0,1]}}') + b"a",
        "name-long": container([("n" * 70000, "U8", [1], b"x")]),
        "name-empty": container([("", "U8", [1], b"x")]),
        "names-utf8": container([("模型.ö.\u0001\"\\", "U8", [1], b"x")]),
        "one-MiB": big,
        "one-MiB-less-one": big[:-1],
        "one-MiB-and-one": big + b"x",
        "five-MiB-of-zeros": bytes(5 << 20),
        "five-MiB-of-noise": random.Random(1).randbytes(5 << 20),
        "a-pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n",
        "frame-less-one": container([("t", "BF16", [262143], bytes(524286))]),
        "frame-exactly": container([("t", "BF16", [262144], random.Random(2).randbytes(524288))]),
        "frame-and-one": container([("t", "BF16", [262145], random.Random(2).randbytes(524290))]),
        "bool": container([("t", "BOOL", [100000], bytes(i % 3 == 0 for i in range(100000)))]),
    }
    for name, data in files.items():
        write(folder, name, data)


if __name__ == "__main__":
    if sys.argv[1:2] == ["random"] and len(sys.argv) == 5:
        make_random(*sys.argv[2:])
    elif sys.argv[1:2] == ["odd"] and len(sys.argv) == 3:
        make_odd(sys.argv[2])
    else:
        sys.exit(__doc__)
